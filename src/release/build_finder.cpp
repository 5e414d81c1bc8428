#include "release/build_finder.h"

#include "slipway/base/text.h"
#include "slipway/image/image.h"
#include "slipway/oci/media_type.h"

namespace slipway::release {
namespace {

std::string annotation(const oci::Annotations& annotations, std::string_view key) {
  const auto at = annotations.find(std::string(key));
  return at == annotations.end() ? "" : at->second;
}

/// Returns the places where a recorded build may be, each once.
std::vector<oci::Location> places_of(const Project& project, const Environment& environment, const Entry& entry) {
  std::vector<oci::Location> places{environment.repository};
  for (const std::string& text : {entry.image.repository, entry.build.repository}) {
    const auto parsed = oci::Location::parse(text);
    if (!parsed) continue;
    const oci::Location place = parsed->relative_to(project.folder.string()).without_reference();
    const auto same = [&](const oci::Location& known) { return known.same_place(place); };
    if (std::none_of(places.begin(), places.end(), same)) places.push_back(place);
  }
  return places;
}

/// Docker's manifests have no annotations: the labels of their config stand in for them.
Result<oci::Annotations> own_annotations(store::ReadTarget& target, const oci::Descriptor& descriptor,
                                         const oci::Manifest& manifest) {
  if (descriptor.media_type != oci::kDockerManifestType) return manifest.annotations;
  SLIPWAY_ASSIGN(image::Image image, image::load_manifest(target, descriptor));
  return std::move(image.config.labels);
}

}  // namespace

Result<oci::Annotations> annotations_of(store::ReadTarget& target, const oci::Descriptor& root) {
  SLIPWAY_ASSIGN(const oci::Document document, copy::fetch_document(target, root));
  if (const auto* manifest = std::get_if<oci::Manifest>(&document)) return own_annotations(target, root, *manifest);
  const auto& index = std::get<oci::Index>(document);
  oci::Annotations annotations = index.annotations;
  for (const oci::Descriptor& child : index.manifests) {
    if (!oci::is_manifest(child.media_type)) continue;
    SLIPWAY_ASSIGN(const oci::Document inner, copy::fetch_document(target, child));
    const auto* manifest = std::get_if<oci::Manifest>(&inner);
    if (manifest == nullptr) continue;
    SLIPWAY_ASSIGN(const oci::Annotations own, own_annotations(target, child, *manifest));
    annotations.insert(own.begin(), own.end());
    break;
  }
  return annotations;
}

std::string record_text(const std::filesystem::path& folder, const oci::Location& location) {
  if (location.is_registry()) return location.place();
  const std::filesystem::path path = std::filesystem::path(location.path()).lexically_normal();
  const std::filesystem::path relative = path.lexically_relative(folder.lexically_normal());
  const bool inside = !relative.empty() && *relative.begin() != "..";
  std::string text = (inside ? relative : path).string();
  while (text.size() > 1 && text.back() == '/')
    text.pop_back();
  return oci::Location::layout(std::move(text)).place();
}

Result<Build> build_at(const Project& project, const oci::Location& location, const ReleaseServices& services) {
  if (location.transport() == oci::Transport::docker_archive) {
    return fail(
        Error(Errc::invalid_argument,
              fmt::format("{} is a docker archive, whose digest no registry knows", location.str()))
            .with_hint(fmt::format("copy it to a layout and release it from there: slipway copy {} oci:release:v1",
                                   location.str())));
  }
  auto target = services.opener->open_for_reading(location, Side::source);
  if (!target) return fail(std::move(target).error().on(Side::source));
  SLIPWAY_ASSIGN(const auto reference, store::reference_of(location, **target));
  auto image = (*target)->resolve(reference);
  if (!image) return fail(std::move(image).error().on(Side::source).in("looking for " + location.str()));
  if (!oci::is_graph_node(image->media_type)) {
    return fail(Errc::invalid_argument, "{} is {}, not an image", location.str(), printable(image->media_type, 80));
  }
  const oci::Descriptor plain(image->media_type, image->digest, image->size);
  Build build{plain, {record_text(project.folder, location), plain.digest}, {}, {}, {location.without_reference()}};
  SLIPWAY_ASSIGN(build.annotations, annotations_of(**target, plain));
  build.revision = annotation(build.annotations, oci::kRevision);
  return build;
}

Result<Build> recorded_build(const Project& project, const Environment& environment, const Entry& entry,
                             const Digest& wanted, const ReleaseServices& services) {
  std::optional<Error> missing;
  for (const oci::Location& place : places_of(project, environment, entry)) {
    auto target = services.opener->open_for_reading(place, Side::source);
    auto image = target ? (*target)->resolve(wanted) : Result<oci::Descriptor>(fail(target.error()));
    if (image) {
      const oci::Descriptor plain(image->media_type, image->digest, image->size);
      Build build{plain, entry.build, entry.revision, {}, {place}};
      SLIPWAY_ASSIGN(build.annotations, annotations_of(**target, plain));
      return build;
    }
    // The first place is where it should be: its answer is the one to tell.
    if (image.error().code != Errc::not_found) return fail(std::move(image).error().on(Side::source));
    if (!missing) missing = std::move(image).error();
  }
  return fail(std::move(*missing)
                  .on(Side::source)
                  .in(fmt::format("looking for the build of {} v{}", entry.environment, entry.number)));
}

Status require_complete(const Build& build, const ReleaseServices& services) {
  const oci::Location& place = build.sources.front();
  SLIPWAY_ASSIGN(const auto target, services.opener->open_for_reading(place, Side::source));
  const auto gone = [&](const oci::Descriptor& part) {
    return fail(Error(Errc::not_found, fmt::format("{} was removed from {}", part.digest.str(), place.str()))
                    .with_hint("this release cannot come back; choose another one: slipway history ENV"));
  };
  std::vector<oci::Descriptor> waiting{build.image};
  while (!waiting.empty()) {
    const oci::Descriptor next = std::move(waiting.back());
    waiting.pop_back();
    if (!oci::is_graph_node(next.media_type)) {
      SLIPWAY_ASSIGN(const bool there, target->exists(next));
      if (!there && next.urls.empty()) return gone(next);
      continue;
    }
    // A document is read, not asked for: a layout calls it absent when a child is, and it is the child that is named.
    const auto document = copy::fetch_document(*target, next);
    if (!document && document.error().code == Errc::not_found) return gone(next);
    SLIPWAY_TRY(document);
    for (oci::Descriptor& child : oci::children(*document))
      waiting.push_back(std::move(child));
  }
  return {};
}

}  // namespace slipway::release
