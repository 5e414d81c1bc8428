#include "release/image_copy.h"

#include "release/layer_image.h"
#include "release/tags.h"
#include "slipway/io/filters.h"
#include "slipway/oci/media_type.h"

namespace slipway::release {
namespace {

Status copy_from_sources(const Plan& plan, const oci::Descriptor& root, store::Target& target,
                         const ReleaseServices& services) {
  SLIPWAY_ASSIGN(const bool there, target.exists(root));
  if (there) return {};
  std::vector<std::shared_ptr<store::ReadTarget>> owned;
  std::vector<store::ReadTarget*> sources;
  for (const oci::Location& location : plan.sources) {
    if (location.same_place(plan.repository)) continue;
    SLIPWAY_ASSIGN(auto source, services.opener->open_for_reading(location, Side::source));
    sources.push_back(source.get());
    owned.push_back(std::move(source));
  }
  if (sources.empty()) return fail(Errc::not_found, "{} was removed from {}", root.digest.str(), plan.repository.str());
  const copy::CopyOptions options{.lanes = services.lanes, .observer = services.observer, .stop = services.stop};
  return copy::copy_graph(sources, root, target, options);
}

/// The derived image of the plan: the one that planning derived, or the same again. Errc::verification_failed when
/// build and config do not give the plan's digest.
Result<std::shared_ptr<const LayerImage>> derived_image(const Planned& planned, store::Target& target) {
  const Plan& plan = planned.plan;
  std::shared_ptr<const LayerImage> layers = planned.layers;
  if (!layers) {
    SLIPWAY_ASSIGN(LayerImage made, make_layer_image(target, plan.build, *plan.config, plan.entry.config));
    layers = std::make_shared<const LayerImage>(std::move(made));
  }
  if (layers->root.digest == plan.image.digest) return layers;
  return fail(Error(Errc::verification_failed, fmt::format("build and config give {}, the plan says {}",
                                                           layers->root.digest.str(), plan.image.digest.str()))
                  .with_hint("the plan was made by another version of slipway: plan it again"));
}

Result<std::shared_ptr<const LayerImage>> put_derived_blobs(const Planned& planned, store::Target& target,
                                                            const std::stop_token& stop) {
  const Plan& plan = planned.plan;
  const std::string build_tag = "build-" + plan.build.digest.short_hex();
  SLIPWAY_ASSIGN(const auto kept, kept_under(target, build_tag));
  if (!kept) SLIPWAY_TRY(copy::tag_children(plan.build, build_tag, target));
  SLIPWAY_TRY(write_once(target, plan.build, build_tag, std::nullopt));
  SLIPWAY_ASSIGN(auto layers, derived_image(planned, target));
  for (const MadeContent& blob : layers->blobs) {
    io::TextSource bytes(blob.bytes);
    SLIPWAY_TRY(target.push(blob.descriptor, bytes, stop));
  }
  return layers;
}

}  // namespace

bool is_made_here(const Plan& plan) { return plan.build.digest != plan.image.digest && plan.config.has_value(); }

Result<std::shared_ptr<const LayerImage>> copy_planned_image(const Planned& planned, store::Target& target,
                                                             const ReleaseServices& services) {
  const Plan& plan = planned.plan;
  const bool made = is_made_here(plan);
  SLIPWAY_TRY(copy_from_sources(plan, made ? plan.build : plan.image, target, services));
  if (made) return put_derived_blobs(planned, target, services.stop);
  return std::shared_ptr<const LayerImage>();
}

Status keep_derived_image(const Plan& plan, const LayerImage& layers, store::Target& target, std::stop_token stop) {
  std::map<Digest, std::string> names;
  if (needs_child_tags(plan.image, target)) {
    SLIPWAY_ASSIGN(const oci::Index index, oci::parse_index(layers.manifests.back().bytes, layers.root.media_type));
    const std::string keep = keep_tag(plan.entry.app, plan.entry.environment, plan.entry.number);
    for (const auto& [tag, child] : child_tags(keep, index))
      names.emplace(child.digest, tag);
  }
  for (const auto& [descriptor, text] : layers.manifests) {
    const auto name = names.find(descriptor.digest);
    if (name != names.end()) {
      SLIPWAY_TRY(put_under(name->second, descriptor, text, plan, target));
      continue;
    }
    io::TextSource bytes(text);
    SLIPWAY_TRY(target.push(descriptor, bytes, stop));
  }
  return {};
}

Status require_exact_copy(const oci::Descriptor& image, store::ReadTarget& target) {
  SLIPWAY_ASSIGN(const oci::Descriptor found, target.resolve(image.digest));
  if (found.same_content(image) && found.media_type == image.media_type) return {};
  return fail(Error(Errc::verification_failed,
                    fmt::format("{} says {} is {} of {} bytes, but {} of {} bytes was copied", target.name(),
                                found.digest.str(), found.media_type, found.size, image.media_type, image.size))
                  .with_hint("the registry altered the manifest; nothing was released"));
}

}  // namespace slipway::release
