#include "slipway/base/file_attributes.h"

#include <sys/xattr.h>

#include <algorithm>
#include <cerrno>

#include "base/real_attributes.h"
#include "slipway/base/fs.h"
#include "slipway/base/posix.h"
#include "slipway/base/text.h"

namespace slipway {
namespace {

constexpr const char* kCapabilities = "security.capability";
constexpr std::size_t kMostNames = 65536;  // XATTR_LIST_MAX

bool is_without_attributes(int number) { return number == ENOTSUP || number == ENODATA; }

/// Returns the names of a file's attributes, each with its NUL; "" for nearly every file, in one system call.
Result<std::string> names_of(const stdfs::path& path) {
  std::string names(256, '\0');
  ssize_t size = ::listxattr(path.c_str(), names.data(), names.size());
  if (size < 0 && errno == ERANGE) {
    names.resize(kMostNames);
    size = ::listxattr(path.c_str(), names.data(), names.size());
  }
  if (size < 0 && is_without_attributes(errno)) return std::string();
  if (size < 0) return fail(system_error("list the attributes of", path, errno));
  names.resize(static_cast<std::size_t>(size));
  return names;
}

Result<std::string> value_of(const stdfs::path& path, const char* name) {
  std::string value(64, '\0');  // vfs_ns_cap_data has 24 bytes
  const ssize_t size = ::getxattr(path.c_str(), name, value.data(), value.size());
  if (size < 0 && is_without_attributes(errno)) return std::string();
  if (size < 0) return fail(system_error("read the attributes of", path, errno));
  value.resize(static_cast<std::size_t>(size));
  return value;
}

}  // namespace

Result<FileAttributes> real_attributes(const stdfs::path& path) {
  SLIPWAY_ASSIGN(const std::string names, names_of(path));
  FileAttributes found;
  for (std::string_view rest = names; !rest.empty();) {
    const std::string_view name = rest.substr(0, rest.find('\0'));
    rest.remove_prefix(std::min(rest.size(), name.size() + 1));
    found.has_acl = found.has_acl || name.starts_with("system.posix_acl_");
    if (name == kCapabilities) {
      SLIPWAY_ASSIGN(found.capabilities, value_of(path, kCapabilities));
    }
  }
  return found;
}

Result<FileAttributes> attributes_of(FileSystem& fs, const stdfs::path& path) {
  auto* const reader = dynamic_cast<AttributeReader*>(&fs);
  return reader == nullptr ? Result<FileAttributes>(FileAttributes()) : reader->attributes(path);
}

}  // namespace slipway
