#include "store/docker_manifest.h"

#include <algorithm>

#include "slipway/base/json_reader.h"
#include "slipway/base/text.h"
#include "slipway/io/compress.h"
#include "slipway/io/filters.h"
#include "slipway/io/hash.h"
#include "slipway/oci/location.h"
#include "slipway/oci/media_type.h"

namespace slipway::store {
namespace {

Result<const Extent*> member(const TarIndex& members, const std::string& name, const std::string& what) {
  const auto at = members.find(name);
  if (at != members.end()) return &at->second;
  return fail(Errc::malformed, "{}: {} names \"{}\", which is not in it", what, kDockerManifestFile,
              printable(name, 150));
}

Result<Digest> digest_of(io::Source& source) {
  io::NullSink nowhere;
  io::HashingSink sink(nowhere);
  SLIPWAY_TRY(io::copy(source, sink));
  return sink.digest();
}

Result<std::string_view> layer_type(const Extent& layer) {
  std::string head(4, '\0');
  SLIPWAY_ASSIGN(const std::size_t n, layer.file->read_at(std::as_writable_bytes(std::span(head)), layer.offset));
  head.resize(n);
  if (head.rfind("\x1f\x8b", 0) == 0) return oci::kLayerGzipType;
  if (head == "\x28\xb5\x2f\xfd") return oci::kLayerZstdType;
  return oci::kLayerType;
}

/// The diff IDs of an image config.
Result<std::vector<std::string>> diff_ids(const std::string& config, const std::string& what) {
  SLIPWAY_ASSIGN(const Json json, Json::parse(config, what));
  SLIPWAY_ASSIGN(auto reader, JsonReader::of(json, what));
  SLIPWAY_ASSIGN(const Json* rootfs, reader.object("rootfs"));
  if (rootfs == nullptr) return fail(Errc::malformed, "{} has no rootfs", what);
  SLIPWAY_ASSIGN(auto inner, JsonReader::of(*rootfs, what + ": rootfs"));
  SLIPWAY_ASSIGN(auto ids, inner.string_list("diff_ids"));
  return std::move(ids).value_or(std::vector<std::string>());
}

Result<oci::Descriptor> describe_layer(const Extent& layer, const std::string& diff_id, const std::string& name) {
  SLIPWAY_ASSIGN(const std::string_view type, layer_type(layer));
  const auto raw = layer.open();
  SLIPWAY_ASSIGN(const Digest digest, digest_of(*raw));
  Digest content = digest;
  if (type != oci::kLayerType) {
    const auto plain = io::decompressor(layer.open());
    SLIPWAY_ASSIGN(content, digest_of(*plain));
  }
  if (content.str() != diff_id) {
    return fail(Errc::verification_failed, "the layer {} is {}, its config promises {}", printable(name, 150),
                content.str(), printable(diff_id, 150));
  }
  return oci::Descriptor(std::string(type), digest, static_cast<std::int64_t>(layer.size));
}

Result<ComputedImage> compute_image(const Json& item, const TarIndex& members, const std::string& what) {
  ComputedImage image;
  SLIPWAY_ASSIGN(auto reader, JsonReader::of(item, fmt::format("{}: {}", what, kDockerManifestFile)));
  SLIPWAY_ASSIGN(const std::string config_name, reader.required_string("Config"));
  SLIPWAY_ASSIGN(const auto layers, reader.string_list("Layers"));
  SLIPWAY_ASSIGN(const auto tags, reader.string_list("RepoTags"));
  SLIPWAY_ASSIGN(const Extent* config, member(members, config_name, what));
  const auto config_source = config->open();
  SLIPWAY_ASSIGN(const std::string config_bytes, io::read_all(*config_source, oci::kMaxDocument));
  SLIPWAY_ASSIGN(const auto ids, diff_ids(config_bytes, fmt::format("{}: {}", what, printable(config_name, 150))));
  const std::size_t count = layers ? layers->size() : 0;
  if (ids.size() != count) {
    return fail(Errc::verification_failed, "{}: an image has {} layers, its config promises {}", what, count,
                ids.size());
  }
  oci::Manifest manifest{.raw = {},
                         .media_type = {},
                         .artifact_type = {},
                         .config = oci::Descriptor(std::string(oci::kConfigType), io::digest_of(config_bytes),
                                                   static_cast<std::int64_t>(config_bytes.size())),
                         .layers = {},
                         .subject = {},
                         .annotations = {}};
  image.blobs.emplace_back(manifest.config, *config);
  for (std::size_t i = 0; i < count; ++i) {
    SLIPWAY_ASSIGN(const Extent* layer, member(members, (*layers)[i], what));
    SLIPWAY_ASSIGN(auto descriptor, describe_layer(*layer, ids[i], (*layers)[i]));
    image.blobs.emplace_back(descriptor, *layer);
    manifest.layers.push_back(std::move(descriptor));
  }
  image.manifest = oci::write_manifest(manifest);
  for (const std::string& tag : tags.value_or(std::vector<std::string>())) {
    SLIPWAY_ASSIGN(auto name, whole_name(tag));
    image.names.push_back(std::move(name));
  }
  return image;
}

/// The manifest that docker is to load for a root: itself, or the child of an index that runs here.
Result<std::optional<oci::Manifest>> loadable(
    const oci::Descriptor& root, const std::function<Result<oci::Document>(const oci::Descriptor&)>& read) {
  SLIPWAY_ASSIGN(oci::Document document, read(root));
  if (const auto* index = std::get_if<oci::Index>(&document)) {
    const oci::Descriptor* child = oci::select_platform(*index, oci::host_platform());
    const bool manifest = child != nullptr && oci::is_manifest(child->media_type);
    if (!manifest) return std::optional<oci::Manifest>();
    SLIPWAY_ASSIGN(oci::Document below, read(oci::Descriptor(*child)));
    return std::optional<oci::Manifest>(std::get<oci::Manifest>(std::move(below)));
  }
  auto& manifest = std::get<oci::Manifest>(document);
  if (!oci::is_image_config(manifest.config.media_type)) return std::optional<oci::Manifest>();
  return std::optional<oci::Manifest>(std::move(manifest));
}

std::string blob_path(const Digest& digest) { return fmt::format("blobs/{}/{}", digest.algorithm(), digest.hex()); }

}  // namespace

Result<std::vector<ComputedImage>> compute_images(const TarIndex& members, const std::string& what) {
  SLIPWAY_ASSIGN(const Extent* manifest, member(members, std::string(kDockerManifestFile), what));
  const auto source = manifest->open();
  SLIPWAY_ASSIGN(const std::string text, io::read_all(*source, oci::kMaxDocument));
  SLIPWAY_ASSIGN(const Json json, Json::parse(text, fmt::format("{}: {}", what, kDockerManifestFile)));
  if (json.array() == nullptr) return fail(Errc::malformed, "{}: {} is not a list", what, kDockerManifestFile);
  std::vector<ComputedImage> images;
  for (const Json& item : *json.array()) {
    SLIPWAY_ASSIGN(auto image, compute_image(item, members, what));
    images.push_back(std::move(image));
  }
  return images;
}

Result<std::string> whole_name(const std::string& tag) {
  SLIPWAY_ASSIGN(const auto location, oci::Location::parse_for_reading(tag));
  if (!location.is_registry() || location.digest()) {
    return fail(Error(Errc::invalid_argument,
                      fmt::format("\"{}\" is not the name of an image in docker's archive", printable(tag, 150)))
                    .with_hint("write docker-archive:FILE:NAME:TAG"));
  }
  return location.str();
}

Result<std::string> with_whole_names(const std::string& index_json, const std::string& what) {
  SLIPWAY_ASSIGN(Json json, Json::parse(index_json, what));
  const Json* found = json.find("manifests");
  if (found == nullptr || found->array() == nullptr) return index_json;  // whoever parses it says what is wrong
  Json::Array manifests = *found->array();
  for (Json& entry : manifests) {
    const Json* annotations = entry.find("annotations");
    const Json* name = annotations != nullptr ? annotations->find(kContainerdName) : nullptr;
    if (name == nullptr || name->string() == nullptr) continue;
    Json changed = *annotations;
    changed.set(std::string(oci::kRefName), *name->string());
    entry.set("annotations", std::move(changed));
  }
  json.set("manifests", std::move(manifests));
  return json.compact();
}

Result<std::string> docker_manifest_json(const std::vector<oci::Descriptor>& roots,
                                         const std::function<Result<oci::Document>(const oci::Descriptor&)>& read) {
  Json::Array images;
  std::map<Digest, std::size_t> places;
  for (const oci::Descriptor& root : roots) {
    if (!oci::is_graph_node(root.media_type)) continue;
    SLIPWAY_ASSIGN(const auto manifest, loadable(root, read));
    if (!manifest) continue;
    const auto [place, added] = places.emplace(root.digest, images.size());
    if (added) {
      Json::Array layers;
      for (const oci::Descriptor& layer : manifest->layers)
        layers.emplace_back(blob_path(layer.digest));
      Json item;
      item.set("Config", blob_path(manifest->config.digest)).set("RepoTags", Json::Array{});
      item.set("Layers", std::move(layers));
      images.push_back(std::move(item));
    }
    const auto name = root.annotations.find(std::string(oci::kRefName));
    if (name == root.annotations.end()) continue;
    Json::Array tags = *images[place->second].find("RepoTags")->array();
    tags.emplace_back(name->second);
    images[place->second].set("RepoTags", std::move(tags));
  }
  return Json(std::move(images)).compact();
}

}  // namespace slipway::store
