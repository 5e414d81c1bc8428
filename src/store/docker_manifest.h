#pragma once

#include <functional>
#include <string>
#include <vector>

#include "slipway/store/target.h"
#include "store/tar_index.h"

namespace slipway::store {

/// An image of an archive that docker wrote before it wrote layouts.
struct ComputedImage {
  std::string manifest;                                   ///< of kManifestType
  std::vector<std::string> names;                         ///< whole references
  std::vector<std::pair<oci::Descriptor, Extent>> blobs;  ///< its config and layers
};

/// Reads manifest.json and what it names, hashing every file. Errc::malformed, or verification_failed where a layer
/// is not what the config promises.
Result<std::vector<ComputedImage>> compute_images(const TarIndex& members, const std::string& what);

/// A tag of a docker-archive as docker names images: "alpine" is "docker.io/library/alpine:latest".
/// Errc::invalid_argument.
Result<std::string> whole_name(const std::string& tag);

/// The index.json of docker's archive with whole references as tags: docker puts them into an annotation of its own.
Result<std::string> with_whole_names(const std::string& index_json, const std::string& what);

/// docker's manifest.json for the images of an index.json: for several platforms the one that this machine runs.
Result<std::string> docker_manifest_json(const std::vector<oci::Descriptor>& roots,
                                         const std::function<Result<oci::Document>(const oci::Descriptor&)>& read);

inline constexpr std::string_view kDockerManifestFile = "manifest.json";
inline constexpr std::string_view kContainerdName = "io.containerd.image.name";

}  // namespace slipway::store
