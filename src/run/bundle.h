#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "slipway/base/json.h"
#include "slipway/oci/image_config.h"

namespace slipway::run {

/// Who a process in an image is.
struct ProcessUser {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::vector<std::uint32_t> groups;
};

/// An image config's User ("", "uid", "uid:gid", "name", "name:group") with the image's own passwd and group files.
/// Errc::invalid_argument for a name that these do not have.
Result<ProcessUser> resolve_user(const std::string& user, const std::string& passwd, const std::string& group);

struct BundleRequest {
  const oci::ImageConfig& config;
  std::vector<std::pair<std::string, std::string>> values;   ///< set over the image's Env
  std::vector<std::string> args;                             ///< instead of the image's Cmd
  std::vector<std::pair<std::string, std::string>> files{};  ///< on this machine -> in the container, read-only
  bool terminal = false;
  ProcessUser user;
  std::optional<std::pair<std::uint32_t, std::uint32_t>> rootless;  ///< this user's uid and gid: it is root inside
};

/// Returns the program to start and its arguments. Errc::invalid_argument when there is nothing to start.
Result<std::vector<std::string>> process_args(const BundleRequest& request);

/// Returns the whole environment of the process, an entry KEY=VALUE each.
std::vector<std::string> process_env(const BundleRequest& request);

/// The runtime-spec config.json of a container: docker's capabilities, mounts and masked paths, the machine's network
/// (there is nobody to set up another). Errc::invalid_argument when there is nothing to start.
Result<Json> runtime_config(const BundleRequest& request);

}  // namespace slipway::run
