#include "run/root_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <limits>

#include "slipway/base/text.h"

namespace slipway::run {

namespace {

using layer::EntryType;
using layer::FileEntry;

constexpr int kFolderFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
constexpr std::uint32_t kSetIdBits = 06000;

Error system_error(std::string_view doing, const stdfs::path& path, int number) {
  // A symlink or file where a folder should be: somebody else is at work in the tree.
  const Errc code = number == ELOOP || number == ENOTDIR ? Errc::conflict : Errc::failed;
  Error error(code, fmt::format("cannot {} {}: {}", doing, printable(path.native(), 4096), std::strerror(number)));
  if (number == ENOSPC || number == EDQUOT) error.hint = "free some space and run the command again";
  if (code == Errc::conflict) error.hint = "unpack to a folder that nothing else writes to";
  return error;
}

std::string last_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

/// Attributes that say something to a program in the image. Others belong to the machine that packed it, or would
/// act on this one (trusted.overlay.*, security.selinux, security.ima).
bool is_kept_xattr(std::string_view name) {
  return name.starts_with("user.") || name == "security.capability" || name.starts_with("system.posix_acl_");
}

bool set_xattrs(int fd, const FileEntry& entry) {
  bool all = true;
  for (const auto& [name, value] : entry.xattrs) {
    if (!is_kept_xattr(name)) continue;
    all = ::fsetxattr(fd, name.c_str(), value.data(), value.size(), 0) == 0 && all;
  }
  return all;
}

std::array<timespec, 2> times_of(const FileEntry& entry) {
  return {timespec{0, UTIME_OMIT}, timespec{static_cast<time_t>(entry.mtime), 0}};
}

/// True when the file belongs to whom the entry says; for others than root there is nothing to try.
template <class Chown>
bool give_to(const FileEntry& entry, bool keep_owner, Chown chown) {
  constexpr std::uint64_t kMost = std::numeric_limits<uid_t>::max() - 1;
  if (!keep_owner || entry.uid > kMost || entry.gid > kMost) return false;
  if (::geteuid() != 0) return entry.uid == ::geteuid() && entry.gid == ::getegid();
  return chown(static_cast<uid_t>(entry.uid), static_cast<gid_t>(entry.gid)) == 0;
}

/// Setuid bits give the rights of the owner the image means, never those of whoever unpacks it.
std::uint32_t mode_of(const FileEntry& entry, bool owner_kept) {
  return owner_kept ? entry.mode & 07777u : entry.mode & 07777u & ~kSetIdBits;
}

/// chown clears setuid bits and capabilities, so it comes first; nothing may touch the time after it is set.
Result<Kept> finish_open(int fd, const FileEntry& entry, const stdfs::path& shown, bool keep_owner) {
  Kept kept;
  kept.owner = give_to(entry, keep_owner, [fd](uid_t uid, gid_t gid) { return ::fchown(fd, uid, gid); });
  kept.xattrs = set_xattrs(fd, entry);
  if (::fchmod(fd, mode_of(entry, kept.owner)) != 0) return fail(system_error("set the mode of", shown, errno));
  if (::futimens(fd, times_of(entry).data()) != 0) return fail(system_error("set the time of", shown, errno));
  return kept;
}

Status write_all(int fd, std::span<const std::byte> bytes, const stdfs::path& shown) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(system_error("write to", shown, errno));
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
  return {};
}

}  // namespace

class RootFolder::Handle {
 public:
  explicit Handle(int fd) : fd_(fd) {}
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() {
    if (fd_ >= 0) ::close(fd_);
  }
  int fd() const { return fd_; }

 private:
  int fd_;
};

RootFolder::RootFolder(std::shared_ptr<Handle> root, stdfs::path shown)
    : root_(root), shown_(std::move(shown)), parent_(std::move(root)) {}
RootFolder::RootFolder(RootFolder&&) noexcept = default;
RootFolder::~RootFolder() = default;

Result<RootFolder> RootFolder::open(const stdfs::path& path) {
  auto root = std::make_shared<Handle>(::open(path.c_str(), kFolderFlags));
  if (root->fd() < 0) return fail(system_error("open the folder", path, errno));
  return RootFolder(std::move(root), path);
}

Result<int> RootFolder::parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string parent = slash == std::string::npos ? std::string() : path.substr(0, slash);
  if (const std::string name = last_name(path); name.empty() || name == "." || name == "..")
    return fail(Errc::malformed, "cannot unpack \"{}\": it names no file", printable(path, 4096));
  if (parent == parent_path_) return parent_->fd();
  std::shared_ptr<Handle> at = root_;
  for (const std::string& name : parent.empty() ? std::vector<std::string>() : split(parent, '/')) {
    if (name.empty() || name == "." || name == "..")
      return fail(Errc::malformed, "cannot unpack \"{}\": it leads out of its folder", printable(path, 4096));
    auto next = std::make_shared<Handle>(::openat(at->fd(), name.c_str(), kFolderFlags));
    if (next->fd() < 0) return fail(system_error("open the folder", shown_ / parent, errno));
    at = std::move(next);
  }
  parent_ = std::move(at);
  parent_path_ = parent;
  return parent_->fd();
}

Status RootFolder::make_directory(const std::string& path) {
  SLIPWAY_ASSIGN(const int parent, parent_of(path));
  if (::mkdirat(parent, last_name(path).c_str(), 0700) == 0) return {};
  return fail(system_error("make the folder", shown_ / path, errno));
}

Result<Kept> RootFolder::write_file(const std::string& path, const FileEntry& entry, io::Source& content,
                                    bool keep_owner) {
  SLIPWAY_ASSIGN(const int parent, parent_of(path));
  const Handle file(::openat(parent, last_name(path).c_str(),
                             O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600));
  if (file.fd() < 0) return fail(system_error("create", shown_ / path, errno));
  std::vector<std::byte> buffer(io::kBlock);
  std::uint64_t written = 0;
  while (true) {
    SLIPWAY_ASSIGN(const std::size_t n, content.read(buffer));
    if (n == 0) break;
    SLIPWAY_TRY(write_all(file.fd(), std::span<const std::byte>(buffer).first(n), shown_ / path));
    written += n;
  }
  if (written != entry.size) {
    return fail(Errc::verification_failed, "/{} has {} bytes in its layer, but should have {}", printable(path, 4096),
                written, entry.size);
  }
  return finish_open(file.fd(), entry, shown_ / path, keep_owner);
}

Status RootFolder::link(const std::string& existing, const std::string& path) {
  SLIPWAY_TRY(parent_of(existing));
  const std::shared_ptr<Handle> from = parent_;
  SLIPWAY_ASSIGN(const int parent, parent_of(path));
  if (::linkat(from->fd(), last_name(existing).c_str(), parent, last_name(path).c_str(), 0) == 0) return {};
  return fail(system_error("make the hard link", shown_ / path, errno));
}

Result<Kept> RootFolder::make_other(const std::string& path, const FileEntry& entry, bool keep_owner) {
  SLIPWAY_ASSIGN(const int parent, parent_of(path));
  const std::string name = last_name(path);
  const char* at = name.c_str();
  Kept kept;
  if (entry.type == EntryType::symlink) {
    if (::symlinkat(entry.link.c_str(), parent, at) != 0)
      return fail(system_error("make the symlink", shown_ / path, errno));
  } else {
    const mode_t type = entry.type == EntryType::fifo          ? S_IFIFO
                        : entry.type == EntryType::char_device ? S_IFCHR
                                                               : S_IFBLK;
    const dev_t device = entry.type == EntryType::fifo ? 0
                                                       : makedev(static_cast<unsigned>(entry.device_major),
                                                                 static_cast<unsigned>(entry.device_minor));
    if (::mknodat(parent, at, type | 0600u, device) != 0) {
      kept.made = false;
      if (entry.type != EntryType::fifo && errno == EPERM) return kept;
      return fail(system_error("make", shown_ / path, errno));
    }
  }
  kept.owner = give_to(entry, keep_owner,
                       [&](uid_t uid, gid_t gid) { return ::fchownat(parent, at, uid, gid, AT_SYMLINK_NOFOLLOW); });
  if (entry.type != EntryType::symlink && ::fchmodat(parent, at, mode_of(entry, kept.owner), 0) != 0)
    return fail(system_error("set the mode of", shown_ / path, errno));
  if (::utimensat(parent, at, times_of(entry).data(), AT_SYMLINK_NOFOLLOW) != 0)
    return fail(system_error("set the time of", shown_ / path, errno));
  return kept;
}

Result<Kept> RootFolder::set_metadata(const std::string& path, const FileEntry& entry, bool keep_owner) {
  SLIPWAY_ASSIGN(const int parent, parent_of(path));
  const Handle folder(::openat(parent, last_name(path).c_str(), kFolderFlags));
  if (folder.fd() < 0) return fail(system_error("open the folder", shown_ / path, errno));
  return finish_open(folder.fd(), entry, shown_ / path, keep_owner);
}

void RootFolder::let_in(const std::string& path) {
  const auto parent = parent_of(path);
  if (!parent) return;
  const Handle folder(::openat(*parent, last_name(path).c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (folder.fd() < 0) return;
  // fchmod does not take O_PATH; the proc link names this very folder, whatever its mode.
  (void)::chmod(fmt::format("/proc/self/fd/{}", folder.fd()).c_str(), 0700);
}

}  // namespace slipway::run
