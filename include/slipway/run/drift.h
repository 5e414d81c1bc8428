#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "slipway/oci/location.h"

namespace slipway::run {

/// A container of a pod, from a cluster's answer.
struct RunningContainer {
  std::string where;     ///< "namespace/pod container", made printable
  std::string image;     ///< as in its pod's spec
  std::string image_id;  ///< the image that runs, with its digest; empty before the container has started
};

/// Returns the containers, init and ephemeral ones too, in the output of `kubectl get pods -o json`: a List, or one
/// Pod. Errc::malformed for anything else; `what` names the text in messages.
Result<std::vector<RunningContainer>> parse_pods(std::string_view json, std::string_view what);

/// The images that may run for an environment.
struct ExpectedImage {
  std::string release;                         ///< "v3"
  std::set<std::string> digests;               ///< index, platform manifests, configs
  std::map<std::string, std::string> earlier;  ///< digest of an earlier release -> "v2, released by ci@example.com"
  std::vector<oci::Location> app_places;       ///< every repository the app's images have
};

/// The result of comparing pods with a release.
struct PodFindings {
  std::size_t containers = 0;            ///< of the app
  std::vector<std::string> differences;  ///< one line for each container that runs something else
};

/// Compares containers with a release. A container is the app's if its image names one of the app's repositories, or
/// if what runs is of one of its releases, whatever repository it was pulled from.
PodFindings compare_pods(const std::vector<RunningContainer>& containers, const ExpectedImage& expected);

}  // namespace slipway::run
