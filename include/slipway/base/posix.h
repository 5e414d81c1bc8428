#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string_view>
#include <utility>

#include "slipway/base/result.h"

namespace slipway {

/// Owns a file descriptor, closed by the destructor; negative for none.
class OwnedFd {
 public:
  OwnedFd() = default;
  explicit OwnedFd(int fd) : fd_(fd) {}
  OwnedFd(OwnedFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  OwnedFd& operator=(OwnedFd&& other) noexcept;
  ~OwnedFd() { reset(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  /// Closes the descriptor now.
  void reset() noexcept;

 private:
  int fd_ = -1;
};

/// Describes a failed system call: "cannot <doing> <path>: <strerror>", with `number` an errno. ENOENT and ENOTDIR
/// become Errc::not_found, EEXIST already_exists, everything else failed; a full disk gets a hint.
Error system_error(std::string_view doing, const std::filesystem::path& path, int number);

/// Writes all bytes to a blocking descriptor with as many calls as needed, also when signals interrupt them. `path`
/// names the file in the error.
Status write_all(int fd, std::span<const std::byte> bytes, const std::filesystem::path& path);

}  // namespace slipway
