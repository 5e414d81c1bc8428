#include "support/sync_spy.h"

#include <fmt/format.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <mutex>

namespace {

std::mutex spy_mutex;
std::vector<std::string> synced_paths;

}  // namespace

extern "C" int fsync(int fd) {
  std::array<char, 4096> path{};
  const ssize_t n = ::readlink(fmt::format("/proc/self/fd/{}", fd).c_str(), path.data(), path.size());
  {
    const std::scoped_lock lock(spy_mutex);
    synced_paths.emplace_back(path.data(), static_cast<std::size_t>(n > 0 ? n : 0));
  }
  return static_cast<int>(::syscall(SYS_fsync, fd));
}

namespace slipway::test {

std::vector<std::string> take_synced_paths() {
  const std::scoped_lock lock(spy_mutex);
  return std::exchange(synced_paths, {});
}

}  // namespace slipway::test
