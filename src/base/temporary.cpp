#include "slipway/base/temporary.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>

#include "base/temporary_lock.h"
#include "slipway/base/posix.h"

namespace slipway {
namespace {

class HeldTemporary final : public FileLock {
 public:
  explicit HeldTemporary(int fd) : fd_(fd) {}
  int fd() const { return fd_.get(); }

 private:
  OwnedFd fd_;
};

std::unique_ptr<HeldTemporary> open_temporary(const stdfs::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
  return fd < 0 ? nullptr : std::make_unique<HeldTemporary>(fd);
}

bool is_a_day_old(int fd) {
  struct stat st {};
  return ::fstat(fd, &st) == 0 && st.st_mtim.tv_sec < std::time(nullptr) - std::time_t{24} * 3600;
}

}  // namespace

Held hold_temporary_fd(int fd) {
  while (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    return errno == EWOULDBLOCK ? Held::by_another : Held::unknown;
  }
  struct stat st {};
  const bool removed = ::fstat(fd, &st) == 0 && st.st_nlink == 0;
  return removed ? Held::by_another : Held::here;
}

std::unique_ptr<FileLock> hold_temporary(const stdfs::path& path) {
  auto held = open_temporary(path);
  if (held == nullptr || hold_temporary_fd(held->fd()) != Held::here) return nullptr;
  return held;
}

std::unique_ptr<FileLock> take_stale_temporary(const stdfs::path& path) {
  if (!is_stale_temporary(path.filename().native())) return nullptr;
  auto found = open_temporary(path);
  if (found == nullptr) return nullptr;
  const Held held = hold_temporary_fd(found->fd());
  if (held == Held::by_another || (held == Held::unknown && !is_a_day_old(found->fd()))) return nullptr;
  return found;
}

}  // namespace slipway
