#include "slipway/base/posix.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "slipway/base/text.h"

namespace slipway {

OwnedFd& OwnedFd::operator=(OwnedFd&& other) noexcept {
  if (this != &other) {
    reset();
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

void OwnedFd::reset() noexcept {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

Error system_error(std::string_view doing, const std::filesystem::path& path, int number) {
  Errc code = Errc::failed;
  if (number == ENOENT || number == ENOTDIR) code = Errc::not_found;
  if (number == EEXIST) code = Errc::already_exists;
  Error failure = error(code, "cannot {} {}: {}", doing, printable(path.native(), 4096), std::strerror(number));
  if (number == ENOSPC || number == EDQUOT) failure.hint = "free some space and run the command again";
  if (number == EACCES) failure.hint = fmt::format("see who may do that: ls -ld {}", printable(path.native(), 4096));
  return failure;
}

Status write_all(int fd, std::span<const std::byte> bytes, const std::filesystem::path& path) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(system_error("write", path, errno));
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
  return {};
}

}  // namespace slipway
