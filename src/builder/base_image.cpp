#include "builder/base_image.h"

#include <algorithm>

#include "slipway/base/text.h"
#include "slipway/oci/media_type.h"

namespace slipway::builder {
namespace {

/// Which digest the lock decides, if it does.
Result<std::optional<Digest>> locked_digest(const Recipe& recipe, const BuildRequest& request,
                                            const image::Lock& lock) {
  const oci::Location& base = *recipe.base;
  if (base.digest() || !base.is_registry() || request.update_base) return std::optional<Digest>();
  if (auto digest = lock.find(base.str())) return digest;
  if (!request.locked) return std::optional<Digest>();
  return fail(Error(Errc::invalid_argument, fmt::format("the lock has no digest for the base {}", base.str()))
                  .at(recipe.base_where)
                  .with_hint("write it into slipway.lock and commit that: CI= slipway build --update-base"));
}

/// A path in slipway.yaml that is not there is a mistake of the file.
Error missing_base(const Recipe& recipe, Error error) {
  const bool in_file = recipe.base_where.row > 0 && !recipe.base->is_registry();
  if (!in_file || error.code != Errc::not_found) return error;
  error.code = Errc::invalid_argument;
  return std::move(error).at(recipe.base_where);
}

/// Drops a history that does not tell of every layer: it is optional, and readers count it against the layers.
void mend_history(const Base& base, const Recipe& recipe, image::Image& image, Diagnostics& diagnostics) {
  auto& history = image.config.history;
  const auto filled =
      std::count_if(history.begin(), history.end(), [](const oci::History& h) { return !h.empty_layer; });
  if (history.empty() || static_cast<std::size_t>(filled) == image.config.diff_ids.size()) return;
  diagnostics.warning(recipe.base_where,
                      fmt::format("the base {} has {} layers, but a history of {}, which is left out",
                                  base.location.str(), image.config.diff_ids.size(), filled));
  history.clear();
}

/// An index and a config may say different platforms; the image that is built says the one that was asked for.
void mend_platform(const Base& base, const Recipe& recipe, const oci::Platform& platform, image::Image& image,
                   Diagnostics& diagnostics) {
  if (platform.accepts(image.config.platform)) return;
  diagnostics.warning(
      recipe.base_where,
      fmt::format("the base {} lists its image {} for {}, but the config says {}: {} is written", base.location.str(),
                  image.descriptor.digest.short_hex(), platform.str(), image.config.platform.str(), platform.str()));
  image.config.platform = platform;
}

/// The media type of a layer in the other family, docker's or OCI's; "" for one that has none there.
std::string_view other_family(std::string_view media_type) {
  if (media_type == oci::kLayerGzipType) return oci::kDockerLayerGzipType;
  if (media_type == oci::kLayerType) return oci::kDockerLayerType;
  if (media_type == oci::kDockerLayerGzipType) return oci::kLayerGzipType;
  return media_type == oci::kDockerLayerType ? oci::kLayerType : "";
}

/// Some readers refuse a manifest of one family with layers of the other.
void mend_families(const Base& base, const Recipe& recipe, image::Image& image, Diagnostics& diagnostics) {
  const bool docker = image.manifest.media_type == oci::kDockerManifestType;
  bool mixed = false;
  for (oci::Descriptor& layer : image.manifest.layers) {
    if (docker == layer.media_type.starts_with("application/vnd.docker.")) continue;
    const std::string_view other = other_family(layer.media_type);
    mixed = mixed || !other.empty();
    if (!other.empty()) layer.media_type = other;
  }
  if (!mixed) return;
  diagnostics.warning(recipe.base_where,
                      fmt::format("the base {} mixes media types of docker and of OCI; the image has those of {}",
                                  base.location.str(), docker ? "docker" : "OCI"));
}

}  // namespace

Result<std::optional<Base>> find_base(const Recipe& recipe, const BuildRequest& request, store::Opener& opener,
                                      image::Lock& lock) {
  if (!recipe.base) return std::optional<Base>();
  SLIPWAY_ASSIGN(const auto pinned, locked_digest(recipe, request, lock));
  auto opened = opener.open_for_reading(*recipe.base, Side::source);
  if (!opened) return fail(missing_base(recipe, std::move(opened).error()));
  const auto target = *std::move(opened);
  const oci::Location wanted = pinned ? recipe.base->with_digest(*pinned) : *recipe.base;
  SLIPWAY_ASSIGN(const auto reference, store::reference_of(wanted, *target));
  auto root = target->resolve(reference);
  if (!root) {
    return fail(missing_base(recipe, std::move(root).error().in(fmt::format("looking for the base {}", wanted.str()))));
  }
  if (recipe.base->is_registry() && !recipe.base->digest()) lock.set(recipe.base->str(), root->digest);
  return std::optional(Base{recipe.base->with_digest(root->digest), target, *root});
}

Result<image::Image> load_base(const Base& base, const Recipe& recipe, const oci::Platform& platform,
                               Diagnostics& diagnostics) {
  auto image = image::load_image(*base.target, base.root, platform);
  if (!image) {
    Error error = std::move(image).error();
    if (error.code == Errc::not_found) error.where = recipe.base_where;
    return fail(std::move(error).in(fmt::format("reading the base {}", base.location.str())));
  }
  mend_history(base, recipe, *image, diagnostics);
  mend_platform(base, recipe, platform, *image, diagnostics);
  mend_families(base, recipe, *image, diagnostics);
  return image;
}

Result<image::FileList> list_base(const Base& base, const image::Image& image, image::FileListCache* lists,
                                  std::stop_token stop) {
  auto list = lists != nullptr ? lists->list(*base.target, image, std::move(stop))
                               : image::merge_files(*base.target, image, std::move(stop));
  if (!list)
    return fail(std::move(list).error().in(fmt::format("listing the files of the base {}", base.location.str())));
  return list;
}

oci::Annotations base_annotations(const Base& base) {
  oci::Annotations out;
  out[std::string(oci::kBaseDigest)] = base.root.digest.str();
  if (!base.location.is_registry()) return out;
  const auto& tag = base.location.tag();
  out[std::string(oci::kBaseName)] = base.location.place() + (tag ? ":" + *tag : "");
  return out;
}

}  // namespace slipway::builder
