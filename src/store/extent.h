#pragma once

#include <memory>
#include <mutex>

#include "slipway/base/fs.h"
#include "slipway/io/stream.h"

namespace slipway::store {

/// An open file that several streams read and write at their own places. Thread-safe.
class SharedFile {
 public:
  explicit SharedFile(std::unique_ptr<File> file) : file_(std::move(file)) {}
  /// Up to buffer.size() bytes from `offset`; 0 at the end.
  Result<std::size_t> read_at(std::span<std::byte> buffer, std::uint64_t offset);
  Status write_at(io::Bytes bytes, std::uint64_t offset);
  Result<FileStat> stat();

 private:
  std::mutex mutex_;
  std::unique_ptr<File> file_;
};

/// A run of bytes of a file, which it keeps open.
struct Extent {
  std::shared_ptr<SharedFile> file;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;

  /// Its bytes; a file that ends early is Errc::malformed.
  std::unique_ptr<io::Source> open() const;
};

/// A file without a name, for what is on its way: it is gone when the last Extent is, however the process ends.
/// Thread-safe.
class Spool {
 public:
  /// `folder` is where its disk space comes from.
  Spool(FileSystem& fs, stdfs::path folder) : fs_(fs), folder_(std::move(folder)) {}
  /// Stores exactly `size` bytes of `bytes`.
  Result<Extent> keep(io::Source& bytes, std::uint64_t size, std::stop_token stop = {});
  /// Stores everything, as the only content of the spool.
  Result<Extent> keep_all(io::Source& bytes);

 private:
  Result<std::shared_ptr<SharedFile>> file();

  FileSystem& fs_;
  stdfs::path folder_;
  std::mutex mutex_;
  std::shared_ptr<SharedFile> file_;
  std::uint64_t end_ = 0;
};

}  // namespace slipway::store
