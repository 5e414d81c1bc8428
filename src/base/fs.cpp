#include "slipway/base/fs.h"

#include <signal.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>
#include <set>

#include "base/early_sync.h"
#include "base/temporary_lock.h"
#include "slipway/base/file_batch.h"
#include "slipway/base/lanes.h"
#include "slipway/base/rng.h"
#include "slipway/base/text.h"

namespace slipway {
namespace {

/// Files that wait for the disk at the same time; more gain nothing.
constexpr std::size_t kWriteLanes = 32;
constexpr std::size_t kRenameLanes = 4;
/// Files that one lane holds open until they are synced: with all lanes half of the 1024 descriptors that a process has
/// at least.
constexpr std::size_t kFilesOfLane = 16;

/// A temporary file that takes the place of another one; it is removed unless that is done.
class Temporary {
 public:
  Temporary(FileSystem& fs, const stdfs::path& target)
      : fs_(fs), path_(temporary_name(target.parent_path())), target_(target) {}
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;
  ~Temporary() {
    if (!kept_) (void)fs_.remove(path_);
  }

  Status write(const FileContent& content) {
    SLIPWAY_ASSIGN(file_, fs_.create(path_, content.mode));
    return file_->write(std::as_bytes(std::span(content.bytes.data(), content.bytes.size())));
  }

  void start_sync() {
    if (auto* early = dynamic_cast<EarlySync*>(file_.get())) early->start_sync();
  }
  Status sync() { return file_->sync(); }

  /// Until then it is held (base/temporary.h), so that nobody takes it for one that was left behind.
  void close() { file_.reset(); }

  Status replace() {
    SLIPWAY_TRY(fs_.rename(path_, target_));
    kept_ = true;
    return {};
  }

 private:
  FileSystem& fs_;
  stdfs::path path_;
  const stdfs::path& target_;
  std::unique_ptr<File> file_;
  bool kept_ = false;
};

class NamedFolder final : public Folder {
 public:
  NamedFolder(FileSystem& fs, stdfs::path path) : fs_(fs), path_(std::move(path)) {}
  Status visit(const std::function<Status(std::string)>& visitor) override {
    SLIPWAY_ASSIGN(auto names, fs_.list(path_));
    for (std::string& name : names)
      SLIPWAY_TRY(visitor(std::move(name)));
    return {};
  }
  Result<FileStat> stat(const std::string& name) override { return fs_.stat(path_ / name); }

 private:
  FileSystem& fs_;
  stdfs::path path_;
};

}  // namespace

Result<std::unique_ptr<Folder>> FileSystem::open_folder(const stdfs::path& path) {
  return std::make_unique<NamedFolder>(*this, path);
}

Result<std::unique_ptr<File>> FileSystem::create_unnamed(const stdfs::path& folder) {
  const stdfs::path path = temporary_name(folder);
  SLIPWAY_ASSIGN(auto file, create(path, 0600));
  SLIPWAY_TRY(remove(path));
  return file;
}

Result<std::string> read_file(FileSystem& fs, const stdfs::path& path, std::size_t limit) {
  SLIPWAY_ASSIGN(const auto file, fs.open(path));
  std::string text;
  std::array<std::byte, 64 << 10> buffer;
  while (true) {
    SLIPWAY_ASSIGN(const std::size_t n, file->read(buffer));
    if (n == 0) return text;
    if (text.size() + n > limit) {
      return fail(Errc::too_large, "{} is more than the limit of {}", printable(path.native(), 4096),
                  human_bytes(limit));
    }
    text.append(reinterpret_cast<const char*>(buffer.data()), n);
  }
}

namespace {

/// Writes files beside their targets, and syncs them when all are on their way to the disk.
Status write_group(FileSystem& fs, std::span<const FileContent> files,
                   std::span<std::optional<Temporary>> temporaries) {
  for (std::size_t i = 0; i < files.size(); ++i) {
    SLIPWAY_TRY(temporaries[i].emplace(fs, files[i].path).write(files[i]));
    temporaries[i]->start_sync();
  }
  for (std::optional<Temporary>& temporary : temporaries) {
    SLIPWAY_TRY(temporary->sync());
    temporary->close();  // a process may have fewer descriptors than files to write
  }
  return {};
}

}  // namespace

Status write_file_atomically(FileSystem& fs, const stdfs::path& path, std::string_view bytes, std::uint32_t mode) {
  Temporary temporary(fs, path);
  SLIPWAY_TRY(temporary.write({path, bytes, mode}));
  SLIPWAY_TRY(temporary.sync());
  SLIPWAY_TRY(temporary.replace());
  return fs.sync_directory(path.parent_path());
}

Status write_files_atomically(FileSystem& fs, const std::vector<FileContent>& files) {
  std::vector<std::optional<Temporary>> temporaries(files.size());
  const std::size_t groups = (files.size() + kFilesOfLane - 1) / kFilesOfLane;
  SLIPWAY_TRY(run_lanes(kWriteLanes, groups, {}, [&](std::size_t group, const std::stop_token&) {
    const std::size_t begin = group * kFilesOfLane, count = std::min(kFilesOfLane, files.size() - begin);
    return write_group(fs, std::span(files).subspan(begin, count), std::span(temporaries).subspan(begin, count));
  }));
  SLIPWAY_TRY(run_lanes(kRenameLanes, files.size(), {},
                        [&](std::size_t i, const std::stop_token&) { return temporaries[i]->replace(); }));
  std::set<stdfs::path> folders;
  for (const FileContent& file : files)
    folders.insert(file.path.parent_path());
  const std::vector<stdfs::path> each(folders.begin(), folders.end());
  return run_lanes(kWriteLanes, each.size(), {},
                   [&](std::size_t i, const std::stop_token&) { return fs.sync_directory(each[i]); });
}

Status make_durable_directories(FileSystem& fs, const stdfs::path& path) {
  std::vector<stdfs::path> changed;
  for (stdfs::path at = path; !at.empty() && at != at.parent_path() && !fs.stat(at, true); at = at.parent_path())
    changed.push_back(at.parent_path());
  SLIPWAY_TRY(fs.make_directories(path));
  for (const stdfs::path& parent : changed)
    SLIPWAY_TRY(fs.sync_directory(parent));
  return {};
}

stdfs::path temporary_name(const stdfs::path& directory) {
  return directory / fmt::format("{}{}-{}", kTemporary, ::getpid(), system_rng().name(12));
}

bool is_stale_temporary(std::string_view file_name) {
  if (file_name.substr(0, kTemporary.size()) != kTemporary) return false;
  file_name.remove_prefix(kTemporary.size());
  const std::size_t dash = file_name.find('-');
  if (dash == std::string_view::npos) return false;
  const auto pid = parse_whole<pid_t>(file_name.substr(0, dash));
  return pid && *pid > 0 && ::kill(*pid, 0) != 0 && errno == ESRCH;
}

}  // namespace slipway
