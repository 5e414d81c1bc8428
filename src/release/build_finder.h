#pragma once

#include <string>
#include <vector>

#include "slipway/release/services.h"

namespace slipway::release {

/// The build that a release binds, and where its bytes are.
struct Build {
  oci::Descriptor image;
  Content content;
  std::string revision;
  oci::Annotations annotations;
  std::vector<oci::Location> sources;
};

/// The annotations that describe a build: the manifest's own; for an index those of its first image
/// are added, its own going first.
Result<oci::Annotations> annotations_of(store::ReadTarget& target, const oci::Descriptor& root);

/// A layout or repository the way records write it: registries by name, layouts
/// inside the project's folder relative to it, for records should not hold paths of one machine.
std::string record_text(const std::filesystem::path& folder, const oci::Location& location);

/// The build that a location names. Errc::not_found, invalid_argument when it is not an image.
Result<Build> build_at(const Project& project, const oci::Location& location, const ReleaseServices& services);

/// Finds `wanted`, the build or the image of an entry: looks where the environment is, where
/// the release was made, and where the build came from. Errc::not_found when it is in none.
Result<Build> recorded_build(const Project& project, const Environment& environment, const Entry& entry,
                             const Digest& wanted, const ReleaseServices& services);

/// Errc::not_found, naming the part, unless everything that the build reaches is in its first source.
Status require_complete(const Build& build, const ReleaseServices& services);

}  // namespace slipway::release
