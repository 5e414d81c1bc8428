#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "slipway/base/fs.h"
#include "slipway/base/result.h"

namespace slipway::layer {

/// The type of an entry. A whiteout removes a path of lower layers, `opaque` all members of a folder.
enum class EntryType { directory, regular, symlink, hardlink, fifo, char_device, block_device, whiteout, opaque };

/// One path of a layer, as it is in the tar. A value.
struct FileEntry {
  std::string path;  ///< relative, no leading "/" or "./", no trailing "/"; of a whiteout: what disappears
  EntryType type = EntryType::regular;
  std::uint32_t mode = 0644;
  std::uint64_t uid = 0;
  std::uint64_t gid = 0;
  std::int64_t mtime = 0;          ///< seconds
  std::uint64_t size = 0;          ///< regular files
  std::string link;                ///< symlink text, or a hard link's target path in this layer
  std::uint64_t device_major = 0;  ///< devices, which only reading a foreign layer gives
  std::uint64_t device_minor = 0;
  std::string source;   ///< regular files to be packed: the path of the bytes on disk
  std::string content;  ///< regular files without a source: the bytes themselves
  std::map<std::string, std::string> xattrs;
  FileStat seen;  ///< regular files: the source as it was when listed, to notice changes
};

/// Returns the name that an entry has in a tar: whiteouts with their ".wh." prefix, folders with a trailing "/".
std::string tar_name(const FileEntry& entry);

/// Returns the form of FileEntry::path of an absolute path ("/usr//lib/" gives "usr/lib", "/" gives "").
/// Errc::invalid_argument for a relative path, "..", NUL, control characters, a name that starts with .wh., a component
/// of more than 255 bytes and 4096 bytes in all. Bytes that are not UTF-8 are allowed.
Result<std::string> image_path(const std::string& absolute);

/// Like image_path(), but control characters are allowed: for names that files have already.
Result<std::string> entry_path(const std::string& absolute);

/// Returns the folder that a path lies in, "" for what lies in the root.
std::string_view parent_of(std::string_view path);

/// Returns the path of a member of a folder; "" is the root.
std::string joined(std::string_view folder, std::string_view name);

}  // namespace slipway::layer
