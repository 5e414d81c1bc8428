#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "base/early_sync.h"
#include "base/file_stat.h"
#include "base/real_attributes.h"
#include "base/real_tree_folder.h"
#include "base/temporary_lock.h"
#include "slipway/base/fs.h"
#include "slipway/base/posix.h"
#include "slipway/base/text.h"

namespace slipway {
namespace {

class RealFile final : public File, public EarlySync {
 public:
  RealFile(int fd, stdfs::path path) : fd_(fd), path_(std::move(path)) {}

  Result<std::size_t> read(std::span<std::byte> buffer) override {
    return checked_read([&] { return ::read(fd_.get(), buffer.data(), buffer.size()); });
  }

  Result<std::size_t> read_at(std::span<std::byte> buffer, std::uint64_t offset) override {
    return checked_read([&] { return ::pread(fd_.get(), buffer.data(), buffer.size(), static_cast<off_t>(offset)); });
  }

  Status write(std::span<const std::byte> bytes) override { return write_all(fd_.get(), bytes, path_); }

  Status seek(std::uint64_t offset) override {
    if (::lseek(fd_.get(), static_cast<off_t>(offset), SEEK_SET) < 0)
      return fail(system_error("seek in", path_, errno));
    return {};
  }

  Status sync() override {
    if (::fsync(fd_.get()) != 0) return fail(system_error("fsync", path_, errno));
    return {};
  }

  void start_sync() override { (void)::sync_file_range(fd_.get(), 0, 0, SYNC_FILE_RANGE_WRITE); }

  Result<FileStat> stat() override {
    struct stat st {};
    if (::fstat(fd_.get(), &st) != 0) return fail(system_error("stat", path_, errno));
    return file_stat_of(st);
  }

 private:
  template <class Call>
  Result<std::size_t> checked_read(const Call& call) {
    while (true) {
      const ssize_t n = call();
      if (n >= 0) return static_cast<std::size_t>(n);
      if (errno != EINTR) return fail(system_error("read", path_, errno));
    }
  }

  OwnedFd fd_;
  stdfs::path path_;
};

class RealLock final : public FileLock {
 public:
  explicit RealLock(int fd) : fd_(fd) {}

 private:
  OwnedFd fd_;  // closing the last descriptor releases flock(2)
};

class RealFolder final : public Folder {
 public:
  RealFolder(DIR* directory, std::string path) : directory_(directory, ::closedir), path_(std::move(path)) {}

  Status visit(const std::function<Status(std::string)>& visitor) override {
    errno = 0;
    while (const dirent* entry = ::readdir(directory_.get())) {
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") SLIPWAY_TRY(visitor(std::string(name)));
      errno = 0;
    }
    if (errno != 0) return fail(system_error("list", path_, errno));
    return {};
  }

  Result<FileStat> stat(const std::string& name) override {
    struct stat st {};
    if (::fstatat(::dirfd(directory_.get()), name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0)
      return fail(system_error("stat", fmt::format("{}/{}", path_, name), errno));
    return file_stat_of(st);
  }

 private:
  std::unique_ptr<DIR, int (*)(DIR*)> directory_;
  std::string path_;
};

bool is_temporary(const stdfs::path& path) { return path.filename().native().starts_with(kTemporary); }

class RealFileSystem final : public FileSystem, public AttributeReader {
 public:
  Result<std::unique_ptr<File>> open(const stdfs::path& path, bool follow) override {
    // O_NONBLOCK: opening a FIFO must not wait for a writer.
    const int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | (follow ? 0 : O_NOFOLLOW);
    const int fd = ::open(path.c_str(), flags);
    if (fd < 0 && errno == ELOOP && !follow) {
      return fail(Errc::failed, "cannot open {}: it is a symbolic link", printable(path.native(), 4096));
    }
    if (fd < 0) return fail(system_error("open", path, errno));
    auto file = std::make_unique<RealFile>(fd, path);
    SLIPWAY_ASSIGN(const FileStat st, file->stat());
    if (st.type != FileType::regular) {
      return fail(Errc::failed, "cannot open {}: it is not a regular file", printable(path.native(), 4096));
    }
    return file;
  }

  Result<std::unique_ptr<File>> create(const stdfs::path& path, std::uint32_t mode) override {
    while (true) {
      const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
      if (fd < 0) return fail(system_error("create", path, errno));
      auto file = std::make_unique<RealFile>(fd, path);
      // Before it was locked it looked like one that was left behind: then somebody removed it.
      if (!is_temporary(path) || hold_temporary_fd(fd) != Held::by_another) return file;
    }
  }

  Status rename(const stdfs::path& from, const stdfs::path& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) return fail(system_error("rename to", to, errno));
    return {};
  }

  Status remove(const stdfs::path& path) override {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return fail(system_error("remove", path, errno));
    return {};
  }

  Status make_directories(const stdfs::path& path, std::uint32_t mode) override {
    if (path.empty() || ::mkdir(path.c_str(), mode) == 0) return {};
    if (errno == ENOENT && path.has_parent_path() && path.parent_path() != path) {
      SLIPWAY_TRY(make_directories(path.parent_path(), mode));
      if (::mkdir(path.c_str(), mode) == 0) return {};
    }
    const int number = errno;
    struct stat st {};
    if (number == EEXIST && ::stat(path.c_str(), &st) == 0 && S_ISDIR(st.st_mode)) return {};
    return fail(system_error("create the folder", path, number));
  }

  Status sync_directory(const stdfs::path& path) override {
    const stdfs::path folder = path.empty() ? stdfs::path(".") : path;
    const OwnedFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (fd.get() < 0) return fail(system_error("open the folder", folder, errno));
    // Some network file systems cannot sync a folder; the rename is then as durable as it gets.
    if (::fsync(fd.get()) != 0 && errno != EINVAL) return fail(system_error("fsync", folder, errno));
    return {};
  }

  Result<FileStat> stat(const stdfs::path& path, bool follow) override {
    struct stat st {};
    const int status = follow ? ::stat(path.c_str(), &st) : ::lstat(path.c_str(), &st);
    if (status != 0) return fail(system_error("stat", path, errno));
    return file_stat_of(st);
  }

  Result<std::vector<std::string>> list(const stdfs::path& path) override {
    std::vector<std::string> names;
    SLIPWAY_ASSIGN(const auto folder, open_folder(path));
    SLIPWAY_TRY(folder->visit([&names](std::string name) -> Status {
      names.push_back(std::move(name));
      return {};
    }));
    std::sort(names.begin(), names.end());
    return names;
  }

  Status touch(const stdfs::path& path) override {
    if (::utimensat(AT_FDCWD, path.c_str(), nullptr, 0) != 0) return fail(system_error("touch", path, errno));
    return {};
  }

  Result<std::unique_ptr<Folder>> open_folder(const stdfs::path& path) override {
    DIR* const directory = ::opendir(path.empty() ? "." : path.c_str());
    if (directory == nullptr) return fail(system_error("list", path, errno));
    return std::make_unique<RealFolder>(directory, path.native());
  }

  Result<std::unique_ptr<TreeFolder>> open_tree(const stdfs::path& path) override { return open_real_tree(path); }

  Result<FileAttributes> attributes(const stdfs::path& path) override { return real_attributes(path); }

  Result<std::string> read_link(const stdfs::path& path) override {
    std::string text(4096, '\0');
    const ssize_t n = ::readlink(path.c_str(), text.data(), text.size());
    if (n < 0) return fail(system_error("read the link", path, errno));
    text.resize(static_cast<std::size_t>(n));
    return text;
  }

  Result<std::unique_ptr<FileLock>> lock(const stdfs::path& path) override {
    constexpr auto kPatience = std::chrono::seconds(60);
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (fd < 0) return fail(system_error("open the lock", path, errno));
    auto lock = std::make_unique<RealLock>(fd);
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
      if (errno == EINTR) continue;
      if (errno != EWOULDBLOCK) return fail(system_error("lock", path, errno));
      if (std::chrono::steady_clock::now() > deadline) {
        return fail(Error(Errc::conflict, fmt::format("another process holds {}", printable(path.native(), 4096)))
                        .with_hint("wait for it to end and run the command again"));
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return lock;
  }
};

}  // namespace

FileSystem& real_fs() {
  static RealFileSystem fs;
  return fs;
}

}  // namespace slipway
