#pragma once

#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "slipway/image/file_list.h"
#include "slipway/oci/location.h"

namespace slipway::run {

/// The programs that start containers, in the order in which they are looked for; the last two get an unpacked image.
enum class RunnerKind { podman, docker, nerdctl, containerd, crun, runc };

struct Runner {
  RunnerKind kind = RunnerKind::podman;
  std::string program;  ///< its path
};

/// The runner of this name, or the first one on this machine that answers (docker, nerdctl and containerd need their
/// daemons). Errc::not_found naming what was looked for.
Result<Runner> find_runner(const std::optional<std::string>& name, std::stop_token stop = {});

/// A file that the program sees beside those of its image, read-only.
struct MountedFile {
  std::string path;  ///< absolute, in the container
  std::string content;
  std::uint32_t mode = 0644;
};

struct RunRequest {
  FileSystem& fs;
  Runner runner;
  std::vector<std::string> runner_args;  ///< the user's own, for the runner; podman's global ones are put in front
  std::vector<std::string> args;         ///< for the program in the image, instead of its Cmd
  std::vector<std::pair<std::string, std::string>> values;  ///< of the release's config
  std::vector<MountedFile> mounts;                          ///< likewise
  oci::Location location;                                   ///< by digest
  std::string name;                                         ///< what a store calls the image, with a tag
  bool plain_http = false;                                  ///< the registry is one without TLS
  store::ReadTarget& from;
  const image::Image& image;
  /// Asked for only where the image is unpacked.
  std::function<Result<image::FileList>()> files;
};

/// Runs the image of exactly this digest with these values on this process's own streams; the program's exit status.
/// Values reach it through a private file that is removed afterwards, never through argv; mounted files likewise, each
/// bound to its path. An image of a registry is
/// pulled by podman, docker and nerdctl themselves, by digest; one of a layout is handed to them; without them it is
/// unpacked and started by crun or runc, as root inside where the user is not root.
Result<int> run_image(const RunRequest& request, std::stop_token stop);

}  // namespace slipway::run
