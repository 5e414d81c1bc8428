#pragma once

#include <filesystem>
#include <string>

#include "slipway/base/result.h"

namespace slipway {

class FileSystem;

/// The extended attributes of a file on disk that matter when it is packed.
struct FileAttributes {
  std::string capabilities;  ///< the bytes of security.capability, empty without any
  bool has_acl = false;      ///< it has an access control list beyond its mode

  bool operator==(const FileAttributes&) const = default;
};

/// A power that some file systems have beside FileSystem: reads extended attributes. Thread-safe. Ask for it with
/// attributes_of().
class AttributeReader {
 public:
  virtual ~AttributeReader() = default;
  /// Returns the attributes of a file, FIFO or folder; symlinks are followed. Empty on disks without attributes. Errors
  /// are those of FileSystem.
  virtual Result<FileAttributes> attributes(const std::filesystem::path& path) = 0;
};

/// Returns the attributes of a file; empty for a file system without that power.
Result<FileAttributes> attributes_of(FileSystem& fs, const std::filesystem::path& path);

}  // namespace slipway
