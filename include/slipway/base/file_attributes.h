#pragma once

#include <filesystem>
#include <string>

#include "slipway/base/result.h"

namespace slipway {

class FileSystem;

/// The extended attributes of a file on disk that packing asks for.
struct FileAttributes {
  std::string capabilities;  ///< the bytes of security.capability, empty without any
  bool has_acl = false;      ///< an access control list says more than the mode

  bool operator==(const FileAttributes&) const = default;
};

/// The power of a file system to read extended attributes, next to FileSystem.
class AttributeReader {
 public:
  virtual ~AttributeReader() = default;
  /// Returns the attributes of a file, FIFO or folder; symlinks are followed. None where the disk holds no attributes.
  /// Errors as those of FileSystem.
  virtual Result<FileAttributes> attributes(const std::filesystem::path& path) = 0;
};

/// Returns the attributes of a file; none from a file system without that power.
Result<FileAttributes> attributes_of(FileSystem& fs, const std::filesystem::path& path);

}  // namespace slipway
