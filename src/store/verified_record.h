#pragma once

#include <map>
#include <mutex>

#include "slipway/base/digest.h"
#include "slipway/base/fs.h"

namespace slipway::store {

/// Which blob files were hashed, and what they looked like then. A damaged or
/// missing record only costs hashing again. Thread-safe.
class VerifiedRecord {
 public:
  /// `file` may be empty: then nothing outlives the object.
  VerifiedRecord(FileSystem& fs, stdfs::path file);
  ~VerifiedRecord();
  VerifiedRecord(const VerifiedRecord&) = delete;
  VerifiedRecord& operator=(const VerifiedRecord&) = delete;

  /// True while device, inode, size, mtime and ctime are those of the hashed file.
  bool holds(const Digest& digest, const FileStat& now);
  void add(const Digest& digest, const FileStat& hashed);
  /// Writes what was added since; failure to do so is harmless and ignored.
  void save();

 private:
  using Entries = std::map<std::string, std::string>;
  Entries read();

  FileSystem& fs_;
  stdfs::path file_;
  std::mutex mutex_;
  bool loaded_ = false;
  bool changed_ = false;
  Entries entries_;
};

}  // namespace slipway::store
