#include "release/layer_image.h"

#include <algorithm>

#include "slipway/copy/copy.h"
#include "slipway/image/image.h"
#include "slipway/io/hash.h"
#include "slipway/layer/layer_writer.h"
#include "slipway/oci/media_type.h"
#include "slipway/release/config_layer.h"

namespace slipway::release {
namespace {

constexpr const char* kCompat = "io.slipway.compat";
constexpr const char* kConfig = "io.slipway.config";

MadeContent made(const std::string& type, std::string bytes) {
  oci::Descriptor descriptor(type, io::digest_of(bytes), static_cast<std::int64_t>(bytes.size()));
  return {std::move(descriptor), std::move(bytes)};
}

bool is_docker(std::string_view type) { return type == oci::kDockerManifestType || type == oci::kDockerIndexType; }

/// Attestations and whatever else stands in an index beside images.
bool is_platforms_image(const oci::Descriptor& child) {
  return child.platform && child.platform->os != "unknown" && oci::is_manifest(child.media_type) &&
         child.artifact_type.empty() && !child.annotations.contains(std::string(oci::kDockerReferenceType));
}

class Composer {
 public:
  Composer(store::ReadTarget& from, const ConfigValues& values, const Digest& config, ConfigLayer layer)
      : from_(from), values_(values), config_(config), layer_(std::move(layer)) {}

  Result<LayerImage> compose(const oci::Descriptor& build) {
    SLIPWAY_ASSIGN(const oci::Document document, copy::fetch_document(from_, build));
    blobs_.push_back({layer_.blob, layer_.bytes});
    const auto* index = std::get_if<oci::Index>(&document);
    SLIPWAY_ASSIGN(const oci::Descriptor root, index != nullptr ? compose_index(build, *index) : compose_one(build));
    return LayerImage{root, std::move(blobs_), std::move(manifests_), std::move(left_out_)};
  }

 private:
  Result<oci::Descriptor> compose_index(const oci::Descriptor& build, const oci::Index& index) {
    oci::Index out{.raw = {},
                   .media_type = index.media_type,
                   .artifact_type = index.artifact_type,
                   .manifests = {},
                   .subject = {},
                   .annotations = {}};
    if (!is_docker(build.media_type)) out.annotations = marked(index.annotations, build.digest);
    for (const oci::Descriptor& child : index.manifests) {
      if (!is_platforms_image(child)) {
        left_out_.push_back(child.digest.str());
        continue;
      }
      SLIPWAY_ASSIGN(oci::Descriptor own, compose_one(child));
      own.platform = child.platform;
      own.annotations = child.annotations;
      out.manifests.push_back(std::move(own));
    }
    if (out.manifests.empty()) {
      return fail(Error(Errc::unsupported, fmt::format("{} in {} has no platform's image that a config layer could lie "
                                                       "on",
                                                       build.digest.str(), from_.name()))
                      .with_hint("use mode: env-file for this environment"));
    }
    manifests_.push_back(made(build.media_type, oci::write_index(out)));
    return manifests_.back().descriptor;
  }

  Result<oci::Descriptor> compose_one(const oci::Descriptor& platform) {
    SLIPWAY_ASSIGN(image::Image image, image::load_manifest(from_, platform));
    const bool docker = is_docker(image.manifest.media_type);
    oci::ImageConfig composed = with_config(image.config);
    // Docker's manifests have no annotations: labels stand in for them.
    if (docker) composed.labels = marked(std::move(composed.labels), platform.digest);
    MadeContent config = made(image.manifest.config.media_type, composed.serialize());
    oci::Manifest& manifest = image.manifest;
    manifest.config = config.descriptor;
    oci::Descriptor layer = layer_.blob;
    if (docker) layer.media_type = oci::kDockerLayerGzipType;
    manifest.layers.push_back(std::move(layer));
    manifest.subject.reset();
    manifest.annotations = docker ? oci::Annotations() : marked(manifest.annotations, platform.digest);
    blobs_.push_back(std::move(config));
    MadeContent document = made(manifest.media_type, oci::write_manifest(manifest));
    const oci::Descriptor descriptor = document.descriptor;
    manifests_.push_back(std::move(document));
    return descriptor;
  }

  oci::ImageConfig with_config(oci::ImageConfig config) const {
    for (const auto& [name, value] : values_.values)
      oci::set_env(config.env, name, value);
    const auto layers = std::count_if(config.history.begin(), config.history.end(),
                                      [](const oci::History& step) { return !step.empty_layer; });
    // A history that does not tell of every layer would be made no truer by one more line.
    if (static_cast<std::size_t>(layers) == config.diff_ids.size()) {
      oci::History step;
      step.created = config.created;
      step.created_by = "slipway";
      step.comment = "config";
      config.history.push_back(std::move(step));
    }
    config.diff_ids.push_back(layer_.diff_id);
    return config;
  }

  /// The base's name belongs to the base that the build had: this image's base is the build.
  oci::Annotations marked(oci::Annotations annotations, const Digest& base) const {
    annotations.erase(std::string(oci::kBaseName));
    annotations.insert_or_assign(std::string(oci::kBaseDigest), base.str());
    annotations.insert_or_assign(kCompat, std::to_string(layer::kCompatibility));
    annotations.insert_or_assign(kConfig, config_.str());
    return annotations;
  }

  store::ReadTarget& from_;
  const ConfigValues& values_;
  const Digest& config_;
  ConfigLayer layer_;
  std::vector<MadeContent> blobs_;
  std::vector<MadeContent> manifests_;
  std::vector<std::string> left_out_;
};

}  // namespace

Result<LayerImage> make_layer_image(store::ReadTarget& from, const oci::Descriptor& build, const ConfigValues& values,
                                    const Digest& config) {
  SLIPWAY_ASSIGN(ConfigLayer layer, make_config_layer(values));
  return Composer(from, values, config, std::move(layer)).compose(build);
}

}  // namespace slipway::release
