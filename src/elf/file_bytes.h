#pragma once

#include <functional>
#include <string>

#include "elf/byte_order.h"

namespace slipway::elf {

/// Pieces of a file, each checked against its size before anything is read or allocated.
class FileBytes {
 public:
  using ReadAt = std::function<Result<std::size_t>(std::span<std::byte>, std::uint64_t)>;
  FileBytes(ReadAt read, std::uint64_t size, std::string_view name)
      : read_(std::move(read)), size_(size), name_(name) {}

  std::uint64_t size() const { return size_; }
  /// Exactly `size` bytes at `at`; `what` names them in messages.
  Result<std::string> piece(std::uint64_t at, std::uint64_t size, std::string_view what) const;
  /// At most `size` bytes at `at`: fewer where the file ends.
  Result<std::string> up_to(std::uint64_t at, std::uint64_t size) const;
  /// Errc::malformed: `why` about this file.
  tl::unexpected<Error> damaged(std::string_view why) const;

 private:
  ReadAt read_;
  std::uint64_t size_;
  std::string name_;
};

/// Of bytes in memory, which outlive it.
FileBytes bytes_of(std::string_view bytes, std::string_view name);
/// Of an open file, which outlives it.
Result<FileBytes> bytes_of(File& file, std::string_view name);

}  // namespace slipway::elf
