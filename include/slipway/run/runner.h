#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "slipway/image/file_list.h"
#include "slipway/oci/location.h"

/// Starts the image of exactly one digest with the values of its release, as a container of this machine.
///
/// Order of calls: find_runner() chooses the program; run_image() hands it the image, writes the private files, starts
/// it on this process's own streams, and waits. The image comes to the runner by one of three ways:
///
///   podman, docker, nerdctl   pull a registry's image themselves, by digest; a layout's is loaded from an archive
///   containerd                is always given an archive
///   crun, runc                get a bundle: the image is unpacked, as root inside where the user is not root
///   bubblewrap                gets the unpacked image too, with every file owned by the image's user
///
/// Bubblewrap needs neither root nor control groups, only user namespaces.
///
/// Values and mounted files never pass argv, where every user of the machine could read them: they go into files of a
/// folder with mode 0700 below TMPDIR (an env file, or the bundle's config.json), which is removed before run_image()
/// returns, also after a failure; bubblewrap reads values from an unnamed file in memory.
///
/// Cost: find_runner() without a name asks the daemons, with one it only looks into PATH. Podman and docker are not
/// given an image that they have by its image ID, containerd one that it has by its digest.
///
/// Threads: both functions block, in one thread. A stop sends the runner SIGTERM, except on a terminal, whose signals
/// reach it directly.
///
/// Example:
///
///     Result<int> start(FileSystem& fs, store::ReadTarget& from, const image::Image& image, const oci::Location& at,
///                       const std::string& runner_name) {
///       SLIPWAY_ASSIGN(const run::Runner runner, run::find_runner(runner_name));
///       run::RunRequest request{.fs = fs, .runner = runner, .from = from, .image = image};
///       request.location = at;
///       request.name = "team/app:v1";
///       request.values = {{"LOG_LEVEL", "debug"}};
///       request.files = [&] { return image::merge_files(from, image); };
///       return run::run_image(request, {});
///     }
namespace slipway::run {

/// The programs that start containers, in the order in which they are looked for; the last three get an unpacked image.
enum class RunnerKind { podman, docker, nerdctl, containerd, crun, runc, bubblewrap };

/// A runner of this machine.
struct Runner {
  RunnerKind kind = RunnerKind::podman;
  std::string program;  ///< its path
};

/// Returns the runner of this name or of this program's name, or the first one on this machine that answers (docker,
/// nerdctl and containerd need their daemons). Errc::not_found naming the programs that were looked for,
/// invalid_argument for an unknown name.
Result<Runner> find_runner(const std::optional<std::string>& name, std::stop_token stop = {});

/// A file that the program sees beside those of its image, read-only.
struct MountedFile {
  std::string path;  ///< absolute, in the container
  std::string content;
  std::uint32_t mode = 0644;
};

/// One run: the image, its values, and the services to start it with. References stay valid while it runs.
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
  /// Returns the image's files; called only where the image is unpacked.
  std::function<Result<image::FileList>()> files;
};

/// Runs the image on this process's own streams and returns the program's exit status, or 128 + signal.
/// Errc::unsupported for a mounted file whose path docker's syntax cannot hold, not_found when the runner cannot start.
Result<int> run_image(const RunRequest& request, std::stop_token stop);

}  // namespace slipway::run
