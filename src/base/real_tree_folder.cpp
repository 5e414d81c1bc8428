#include "base/real_tree_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/file_stat.h"
#include "slipway/base/posix.h"
#include "slipway/base/text.h"

namespace slipway {
namespace {

constexpr int kFolderFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

Error tree_error(std::string_view doing, const stdfs::path& path, int number) {
  Error error = system_error(doing, path, number);
  if (number == EPERM) error.code = Errc::forbidden;
  if (number != ELOOP && number != ENOTDIR) return error;
  error.code = Errc::conflict;
  error.hint = "make sure that nothing else writes to this folder";
  return error;
}

std::array<timespec, 2> mtime_alone(std::int64_t seconds) {
  return {timespec{0, UTIME_OMIT}, timespec{static_cast<time_t>(seconds), 0}};
}

/// An open descriptor and the path for messages, which files and folders have in common.
class OpenNode {
 public:
  OpenNode(int fd, stdfs::path shown) : fd_(fd), shown_(std::move(shown)) {}
  int fd() const { return fd_.get(); }
  const stdfs::path& shown() const { return shown_; }

  Status set_owner(std::uint32_t uid, std::uint32_t gid) const {
    return checked(::fchown(fd(), uid, gid), "set the owner of");
  }
  Status set_xattr(const std::string& name, std::string_view value) const {
    return checked(::fsetxattr(fd(), name.c_str(), value.data(), value.size(), 0), "set an attribute of");
  }
  Status set_mode(std::uint32_t mode) const { return checked(::fchmod(fd(), mode), "set the mode of"); }
  Status set_mtime(std::int64_t seconds) const {
    return checked(::futimens(fd(), mtime_alone(seconds).data()), "set the time of");
  }

 private:
  Status checked(int status, std::string_view doing) const {
    return status == 0 ? Status() : fail(tree_error(doing, shown_, errno));
  }

  OwnedFd fd_;
  stdfs::path shown_;
};

class RealTreeFile final : public TreeFile {
 public:
  RealTreeFile(int fd, stdfs::path shown) : node_(fd, std::move(shown)) {}
  Status write(std::span<const std::byte> bytes) override { return write_all(node_.fd(), bytes, node_.shown()); }
  Status set_owner(std::uint32_t uid, std::uint32_t gid) override { return node_.set_owner(uid, gid); }
  Status set_xattr(const std::string& name, std::string_view value) override { return node_.set_xattr(name, value); }
  Status set_mode(std::uint32_t mode) override { return node_.set_mode(mode); }
  Status set_mtime(std::int64_t seconds) override { return node_.set_mtime(seconds); }

 private:
  OpenNode node_;
};

class RealTreeFolder final : public TreeFolder {
 public:
  RealTreeFolder(int fd, stdfs::path shown) : node_(fd, std::move(shown)) {}

  Result<std::unique_ptr<TreeFolder>> open_folder(const std::string& name) override {
    const int fd = ::openat(node_.fd(), name.c_str(), kFolderFlags);
    if (fd < 0) return fail(tree_error("open the folder", shown(name), errno));
    return std::unique_ptr<TreeFolder>(std::make_unique<RealTreeFolder>(fd, shown(name)));
  }

  Status make_folder(const std::string& name) override {
    return checked(::mkdirat(node_.fd(), name.c_str(), 0700), "create the folder", name);
  }

  Result<std::unique_ptr<TreeFile>> create_file(const std::string& name) override {
    constexpr int kFlags = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;
    const int fd = ::openat(node_.fd(), name.c_str(), kFlags, 0600);
    if (fd < 0) return fail(tree_error("create", shown(name), errno));
    return std::unique_ptr<TreeFile>(std::make_unique<RealTreeFile>(fd, shown(name)));
  }

  Status make_symlink(const std::string& name, const std::string& target) override {
    return checked(::symlinkat(target.c_str(), node_.fd(), name.c_str()), "create the symlink", name);
  }

  Status make_fifo(const std::string& name) override {
    return checked(::mkfifoat(node_.fd(), name.c_str(), 0600), "create the FIFO", name);
  }

  Status make_device(const std::string& name, bool block, std::uint32_t major, std::uint32_t minor) override {
    const mode_t type = block ? S_IFBLK : S_IFCHR;
    return checked(::mknodat(node_.fd(), name.c_str(), type | 0600u, makedev(major, minor)), "create the device", name);
  }

  Status link(TreeFolder& from, const std::string& existing, const std::string& name) override {
    const auto* real = dynamic_cast<const RealTreeFolder*>(&from);
    if (real == nullptr) return fail(Errc::internal, "a hard link between two kinds of file systems");
    return checked(::linkat(real->node_.fd(), existing.c_str(), node_.fd(), name.c_str(), 0), "create the hard link",
                   name);
  }

  Status set_owner(std::uint32_t uid, std::uint32_t gid) override { return node_.set_owner(uid, gid); }
  Status set_xattr(const std::string& name, std::string_view value) override { return node_.set_xattr(name, value); }
  Status set_mode(std::uint32_t mode) override { return node_.set_mode(mode); }
  Status set_mtime(std::int64_t seconds) override { return node_.set_mtime(seconds); }

  Status set_owner_of(const std::string& name, std::uint32_t uid, std::uint32_t gid) override {
    return checked(::fchownat(node_.fd(), name.c_str(), uid, gid, AT_SYMLINK_NOFOLLOW), "set the owner of", name);
  }
  Status set_mode_of(const std::string& name, std::uint32_t mode) override {
    return checked(::fchmodat(node_.fd(), name.c_str(), mode, 0), "set the mode of", name);
  }
  Status set_mtime_of(const std::string& name, std::int64_t seconds) override {
    return checked(::utimensat(node_.fd(), name.c_str(), mtime_alone(seconds).data(), AT_SYMLINK_NOFOLLOW),
                   "set the time of", name);
  }

  Result<std::vector<std::string>> list() override {
    const int copy = ::openat(node_.fd(), ".", kFolderFlags);
    if (copy < 0) return fail(tree_error("list", node_.shown(), errno));
    const std::unique_ptr<DIR, int (*)(DIR*)> directory(::fdopendir(copy), ::closedir);
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = ::readdir(directory.get())) {
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
      errno = 0;
    }
    if (errno != 0) return fail(tree_error("list", node_.shown(), errno));
    std::sort(names.begin(), names.end());
    return names;
  }

  Result<FileStat> stat(const std::string& name) override {
    struct stat st {};
    if (::fstatat(node_.fd(), name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0)
      return fail(tree_error("stat", shown(name), errno));
    return file_stat_of(st);
  }

  Status remove(const std::string& name) override {
    return checked(::unlinkat(node_.fd(), name.c_str(), 0), "remove", name);
  }
  Status remove_folder(const std::string& name) override {
    return checked(::unlinkat(node_.fd(), name.c_str(), AT_REMOVEDIR), "remove the folder", name);
  }

  Status unlock_folder(const std::string& name) override {
    const OwnedFd folder(::openat(node_.fd(), name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (folder.get() < 0) return fail(tree_error("open the folder", shown(name), errno));
    // fchmod does not take O_PATH; the proc link names this very folder, whatever its mode.
    return checked(::chmod(fmt::format("/proc/self/fd/{}", folder.get()).c_str(), 0700), "set the mode of", name);
  }

 private:
  stdfs::path shown(const std::string& name) const { return node_.shown() / name; }
  Status checked(int status, std::string_view doing, const std::string& name) const {
    return status == 0 ? Status() : fail(tree_error(doing, shown(name), errno));
  }

  OpenNode node_;
};

}  // namespace

Result<std::unique_ptr<TreeFolder>> open_real_tree(const stdfs::path& path) {
  const int fd = ::open(path.c_str(), kFolderFlags);
  if (fd < 0) return fail(tree_error("open the folder", path, errno));
  return std::unique_ptr<TreeFolder>(std::make_unique<RealTreeFolder>(fd, path));
}

}  // namespace slipway
