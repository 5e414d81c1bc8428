#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "slipway/layer/spill.h"

namespace slipway::layer {

/// Records one after the other, in memory until they are too many, then in a file without a name.
/// One thread at a time.
class RecordSpool {
 public:
  explicit RecordSpool(SpillPlace place) : place_(std::move(place)) {}

  Status append(std::string_view record);
  /// Bytes appended so far, lengths included: the place of the next record.
  std::uint64_t end() const { return in_file_ + tail_.size(); }
  /// Up to buffer.size() bytes from `at`.
  Result<std::size_t> read(std::span<std::byte> buffer, std::uint64_t at) const;

 private:
  Status spill();

  SpillPlace place_;
  std::unique_ptr<File> file_;
  std::uint64_t in_file_ = 0;
  std::string tail_;  // what is not in the file
};

/// Reads the records between two places of a spool, which outlives it and is appended to no more.
class RecordReader {
 public:
  RecordReader(const RecordSpool& spool, std::uint64_t begin, std::uint64_t end);
  /// False at the end. `record` is valid until the next call.
  Result<bool> next(std::string_view& record);

 private:
  Status need(std::size_t bytes);

  const RecordSpool* spool_;
  std::uint64_t at_;  // in the spool, of what comes after the buffer
  std::uint64_t end_;
  std::string buffer_;
  std::size_t used_ = 0;
};

}  // namespace slipway::layer
