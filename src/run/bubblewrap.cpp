#include "run/bubblewrap.h"

namespace slipway::run {

namespace {

/// The same places as runtime_config() mounts, as bwrap names them.
std::vector<std::string> mounts(const BundleRequest& request, const std::string& root) {
  std::vector<std::string> words{"--bind", root,       "/",           "--proc",    "/proc", "--dev",
                                 "/dev",   "--mqueue", "/dev/mqueue", "--ro-bind", "/sys",  "/sys"};
  for (const auto& [here, there] : request.files)
    words.insert(words.end(), {"--ro-bind", here, there});
  return words;
}

std::vector<std::string> environment(const BundleRequest& request) {
  std::vector<std::string> words{"--clearenv"};
  for (const std::string& entry : process_env(request)) {
    const std::size_t equals = entry.find('=');
    words.insert(words.end(), {"--setenv", entry.substr(0, equals), entry.substr(equals + 1)});
  }
  return words;
}

}  // namespace

Result<BubblewrapWords> bubblewrap_words(const BundleRequest& request, const std::filesystem::path& root) {
  SLIPWAY_ASSIGN(std::vector<std::string> program, process_args(request));
  const std::string folder = request.config.working_dir.empty() ? "/" : request.config.working_dir;
  // Without --new-session the program could type into the caller's terminal (TIOCSTI); as pid 1 it gets our signals.
  std::vector<std::string> options{"--unshare-user",
                                   "--uid",
                                   std::to_string(request.user.uid),
                                   "--gid",
                                   std::to_string(request.user.gid),
                                   "--unshare-pid",
                                   "--as-pid-1",
                                   "--unshare-ipc",
                                   "--unshare-uts",
                                   "--hostname",
                                   "slipway",
                                   "--new-session",
                                   "--die-with-parent"};
  const std::vector<std::string> places = mounts(request, root.native());
  options.insert(options.end(), places.begin(), places.end());
  options.insert(options.end(), {"--dir", folder, "--chdir", folder});
  return BubblewrapWords{std::move(options), environment(request), std::move(program)};
}

}  // namespace slipway::run
