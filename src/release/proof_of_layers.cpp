#include "release/proof_of_layers.h"

#include "release/layer_image.h"
#include "slipway/copy/copy.h"
#include "slipway/oci/media_type.h"

namespace slipway::release {
namespace {

/// The manifests of an image, in order, each with its platform's name.
using Manifests = std::vector<std::pair<std::string, oci::Manifest>>;

class LayerProof {
 public:
  LayerProof(store::ReadTarget& place, const Entry& entry, std::vector<Error>& problems)
      : place_(place), what_(fmt::format("v{} of {}", entry.number, entry.environment)), problems_(problems) {}

  Status compare(const LayerImage& wanted, const Digest& image) {
    if (wanted.root.digest == image) return {};
    const std::size_t before = problems_.size();
    SLIPWAY_ASSIGN(const Manifests there, manifests_of(image));
    SLIPWAY_ASSIGN(const Manifests right, manifests_of(wanted));
    for (std::size_t i = 0; i < right.size() && i < there.size(); ++i)
      compare_layers(right[i].second, there[i]);
    if (right.size() != there.size())
      problem(fmt::format("{} has {} platforms, its build gives {}", what_, there.size(), right.size()));
    if (problems_.size() == before) {
      problem(
          fmt::format("{} has the layers of its build and config, but its documents are other ones: {} instead of {}",
                      what_, image.str(), wanted.root.digest.str()));
    }
    return {};
  }

 private:
  void problem(std::string text) { problems_.emplace_back(Errc::verification_failed, std::move(text)); }

  void compare_layers(const oci::Manifest& right, const std::pair<std::string, oci::Manifest>& there) {
    const auto& [name, manifest] = there;
    const std::size_t last = right.layers.size() - 1;
    for (std::size_t i = 0; i < right.layers.size(); ++i) {
      const Digest& wanted = right.layers[i].digest;
      if (i < manifest.layers.size() && manifest.layers[i].digest == wanted) continue;
      problem(fmt::format("layer {} of {} ({}) is {}, not {}, which is {}", i + 1, what_, name,
                          i < manifest.layers.size() ? manifest.layers[i].digest.str() : "missing", wanted.str(),
                          i == last ? "its config's" : "the build's"));
    }
    if (manifest.layers.size() > right.layers.size())
      problem(fmt::format("{} ({}) has {} layers more than its build and config", what_, name,
                          manifest.layers.size() - right.layers.size()));
  }

  Result<Manifests> manifests_of(const Digest& image) {
    SLIPWAY_ASSIGN(store::Fetched fetched, place_.fetch_document(image));
    SLIPWAY_ASSIGN(oci::Document document,
                   oci::parse_document(std::move(fetched.bytes), fetched.descriptor.media_type));
    if (auto* manifest = std::get_if<oci::Manifest>(&document))
      return Manifests{{"one platform", std::move(*manifest)}};
    Manifests all;
    for (const oci::Descriptor& child : std::get<oci::Index>(document).manifests) {
      SLIPWAY_ASSIGN(oci::Document inner, copy::fetch_document(place_, child));
      auto* manifest = std::get_if<oci::Manifest>(&inner);
      if (manifest != nullptr)
        all.emplace_back(child.platform ? child.platform->str() : child.digest.str(), std::move(*manifest));
    }
    return all;
  }

  static Result<Manifests> manifests_of(const LayerImage& image) {
    Manifests all;
    for (const MadeContent& document : image.manifests) {
      if (!oci::is_manifest(document.descriptor.media_type)) continue;
      SLIPWAY_ASSIGN(oci::Manifest manifest, oci::parse_manifest(document.bytes, document.descriptor.media_type));
      all.emplace_back(std::string(), std::move(manifest));
    }
    return all;
  }

  store::ReadTarget& place_;
  std::string what_;
  std::vector<Error>& problems_;
};

bool is_finding(const Error& error) {
  return error.code == Errc::not_found || error.code == Errc::verification_failed || error.code == Errc::malformed;
}

}  // namespace

Status prove_layers(store::ReadTarget& image_place, store::ReadTarget& build_place, const Entry& entry,
                    const ConfigValues& config, std::vector<Error>& problems) {
  const auto prove = [&]() -> Status {
    SLIPWAY_ASSIGN(const oci::Descriptor build, build_place.resolve(entry.build.digest));
    SLIPWAY_ASSIGN(const LayerImage wanted, make_layer_image(build_place, build, config, entry.config));
    return LayerProof(image_place, entry, problems).compare(wanted, entry.image.digest);
  };
  const Status status = prove();
  if (status || !is_finding(status.error())) return status;
  problems.emplace_back(Errc::verification_failed,
                        fmt::format("v{} of {} cannot be compared with its build {}: {}", entry.number,
                                    entry.environment, entry.build.digest.str(), status.error().message));
  return {};
}

}  // namespace slipway::release
