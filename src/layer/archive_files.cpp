#include "slipway/layer/archive_files.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include "layer/archive_reader.h"
#include "layer/entry_codec.h"
#include "layer/read_ahead.h"
#include "slipway/base/text.h"
#include "slipway/layer/file_capabilities.h"
#include "slipway/layer/paged_map.h"
#include "slipway/layer/path_walk.h"

namespace slipway::layer {
namespace {

/// No file of a real disk has this device: names of one content in an archive are found by it.
constexpr std::uint64_t kDevice = 0xa7c4'1fe5'0000'0000ull;

/// A made-up stat of an archive's content number `number`: changed when the archive changes, and unlike any other's.
FileStat slice_stat(const FileStat& archive, std::uint64_t number, std::uint64_t size) {
  FileStat stat = archive;
  stat.device = kDevice ^ archive.inode;
  stat.inode = number;
  stat.size = size;
  stat.links = 2;  // a hard link to it may follow
  return stat;
}

bool take_number(std::string_view& text, char before, std::uint64_t& number) {
  if (before != '\0') {
    if (!text.starts_with(before)) return false;
    text.remove_prefix(1);
  }
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(stop - text.data()));
  return true;
}

/// Attributes that say something about the machine an archive was packed on.
bool is_foreign(const std::string& attribute) {
  for (const std::string_view prefix : {"security.selinux", "system.posix_acl_", "trusted.overlay."}) {
    if (attribute.starts_with(prefix)) return true;
  }
  return false;
}

/// Some bytes of the spool as a file of their own.
class SliceFile final : public File {
 public:
  SliceFile(std::shared_ptr<File> spool, std::uint64_t offset, FileStat stat)
      : spool_(std::move(spool)), offset_(offset), stat_(stat) {}

  Result<std::size_t> read(std::span<std::byte> buffer) override {
    SLIPWAY_ASSIGN(const std::size_t n, read_at(buffer, at_));
    at_ += n;
    return n;
  }
  Result<std::size_t> read_at(std::span<std::byte> buffer, std::uint64_t offset) override {
    if (offset >= stat_.size) return 0;
    const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), stat_.size - offset));
    return spool_->read_at(buffer.first(n), offset_ + offset);
  }
  Status write(std::span<const std::byte>) override { return fail(Errc::internal, "archives are not written to"); }
  Status seek(std::uint64_t offset) override {
    at_ = offset;
    return {};
  }
  Status sync() override { return {}; }
  Result<FileStat> stat() override { return stat_; }

 private:
  std::shared_ptr<File> spool_;
  std::uint64_t offset_;
  FileStat stat_;
  std::uint64_t at_ = 0;
};

}  // namespace

/// Takes one archive in.
class ArchiveFiles::Intake {
 public:
  Intake(ArchiveFiles& files, FileTreeBuilder& tree, const ArchiveFilesOptions& options, Diagnostics& diagnostics)
      : files_(files),
        tree_(tree),
        options_(options),
        diagnostics_(diagnostics),
        found_({&files.inner(), files.temporary_}) {}

  Status run(const stdfs::path& archive) {
    auto opened = files_.inner().open(archive);
    if (!opened) return fail(std::move(opened).error());
    what_ = printable(archive.native(), 4096);
    SLIPWAY_ASSIGN(stat_, (*opened)->stat());
    std::string start(2, '\0');
    SLIPWAY_TRY((*opened)->read_at(std::as_writable_bytes(std::span(start)), 0));
    is_zip_ = start == "PK";
    prefix_ = archive.native() + "!";
    files_.archives_.emplace_back(prefix_, stat_);
    SLIPWAY_TRY(open_spool());
    const auto take = [this](const FileEntry& entry, io::Source& content) { return this->take(entry, content); };
    Status read = read_archive(*std::move(opened), what_, ReadLimits(), take);
    if (!read) return fail(std::move(read).error().in(fmt::format("reading the archive {}", what_)));
    SLIPWAY_ASSIGN(const FileStat now, files_.inner().stat(archive, true));
    if (!is_unchanged(now, stat_)) {
      return fail(Error(Errc::failed, fmt::format("{} changed while it was being read", what_))
                      .with_hint("wait for the program that writes it to end, then build again"));
    }
    return add_all();
  }

 private:
  Status open_spool() {
    if (files_.spool_ != nullptr) return {};
    const stdfs::path name = temporary_name(files_.temporary_);
    SLIPWAY_ASSIGN(auto spool, files_.inner().create(name, 0600));
    SLIPWAY_TRY(files_.inner().remove(name));
    files_.spool_ = std::move(spool);
    return {};
  }

  /// Places an entry: its folder's symlinks are followed inside the archive, of equal paths the last one counts.
  Status take(FileEntry entry, io::Source& content) {
    if (entry.type == EntryType::whiteout || entry.type == EntryType::opaque) {
      return fail(
          Error(Errc::malformed, fmt::format("{} has the whiteout /{}", what_, printable(tar_name(entry), 4096)))
              .with_hint("an archive only adds files: list what is to disappear under 'remove'"));
    }
    SLIPWAY_ASSIGN(entry.path, place_of(entry.path));
    if (entry.type != EntryType::regular) folder_.reset();
    if (entry.type == EntryType::hardlink) {
      SLIPWAY_ASSIGN(entry, linked(entry));
      folder_.reset();
    } else {
      devices_ += is_device(entry) ? 1 : 0;
      normalise(entry);
      SLIPWAY_TRY(check_attributes(entry));
      if (entry.type == EntryType::regular) SLIPWAY_TRY(store(entry, content));
    }
    SLIPWAY_TRY(replace(entry));
    return found_.put(entry.path, encode(entry));
  }

  Result<std::optional<FileEntry>> entry_at(std::string_view path) {
    SLIPWAY_ASSIGN(const std::string* const bytes, found_.find(path));
    return bytes == nullptr ? std::nullopt : std::optional(decode_entry(*bytes));
  }

  Result<std::string> place_of(const std::string& path) {
    Status disk;  // of the lookups
    const auto lookup = [&](const std::string& at) -> std::optional<Step> {
      auto there = entry_at(at);
      if (there) return *there ? std::optional(Step{(*there)->type, std::move((*there)->link)}) : std::nullopt;
      disk = fail(std::move(there).error());
      return std::nullopt;
    };
    const std::string_view parent = parent_of(path);
    const std::string_view name = std::string_view(path).substr(parent.empty() ? 0 : parent.size() + 1);
    if (folder_ && folder_->first == parent) return joined(folder_->second, name);
    auto real = real_path(parent, true, lookup);
    const auto folder = real ? lookup(*real) : std::nullopt;
    SLIPWAY_TRY(std::move(disk));
    if (!real || (folder && folder->type != EntryType::directory)) {
      return fail(Error(Errc::malformed, fmt::format("/{} lies below what {} has as a file or as a loop of symlinks",
                                                     printable(path, 4096), what_))
                      .with_hint("pack the archive again, without that entry"));
    }
    folder_.emplace(parent, *real);
    return joined(*real, name);
  }

  /// One more name of an earlier file, or its own once more: GNU tar writes that where a file is named twice.
  Result<FileEntry> linked(const FileEntry& entry) {
    SLIPWAY_ASSIGN(const std::string target, place_of(entry.link));
    SLIPWAY_ASSIGN(auto at, entry_at(target));
    if (!at || at->type == EntryType::directory) {
      return fail(Error(Errc::malformed, fmt::format("/{} is a hard link to /{}, which is not an earlier file of {}",
                                                     printable(entry.path, 4096), printable(entry.link, 4096), what_))
                      .with_hint("pack the archive again, with the file before its links"));
    }
    FileEntry link = *std::move(at);
    link.path = entry.path;
    if (link.type == EntryType::regular) link.source = renamed(link.source, link.path);
    return link;
  }

  /// Drops what an entry takes the place of; a folder keeps its members.
  Status replace(const FileEntry& entry) {
    SLIPWAY_ASSIGN(const auto there, entry_at(entry.path));
    if (!there || (there->type == EntryType::directory && entry.type == EntryType::directory)) return {};
    folder_.reset();
    return found_.erase_if(entry.path + '/', [](std::string_view) { return true; });
  }

  static bool is_device(const FileEntry& entry) {
    return entry.type == EntryType::char_device || entry.type == EntryType::block_device;
  }

  Status add_all() {
    SLIPWAY_TRY(found_.visit("", [this](std::string_view, std::string_view bytes) -> Status {
      FileEntry entry = decode_entry(bytes);
      return is_device(entry) ? Status() : tree_.add_entry(std::move(entry));
    }));
    if (devices_ > 0) {
      diagnostics_.warning({}, fmt::format("{} has {} device nodes, which are left out", what_, devices_));
    }
    if (acls_ > 0) {
      diagnostics_.warning({}, fmt::format("{} has {} with access control lists, which layers do not hold", what_,
                                           acls_ == 1 ? std::string("1 file") : fmt::format("{} files", acls_)));
    }
    return {};
  }

  void normalise(FileEntry& entry) {
    const std::int64_t newest = std::max<std::int64_t>(options_.epoch, 0);
    entry.mtime = options_.clamp_times && !is_zip_ ? std::clamp<std::int64_t>(entry.mtime, 0, newest) : options_.epoch;
    if (is_zip_) entry.uid = entry.gid = 0;  // the packer's own, by accident
    if (entry.type == EntryType::symlink) entry.mode = 0777;
    const auto is_acl = [](const auto& attribute) { return attribute.first.starts_with("system.posix_acl_"); };
    acls_ += std::any_of(entry.xattrs.begin(), entry.xattrs.end(), is_acl) ? 1 : 0;
    std::erase_if(entry.xattrs, [](const auto& attribute) { return is_foreign(attribute.first); });
  }

  Status check_attributes(const FileEntry& entry) const {
    for (const auto& [name, value] : entry.xattrs) {
      const std::string fault = attribute_fault(name, value);
      if (fault.empty()) continue;
      return fail(Error(Errc::malformed, fmt::format("{} has /{} with the extended attribute {}, which {}", what_,
                                                     printable(entry.path, 4096), printable(name, 300), fault))
                      .with_hint("pack the archive again, with a value that setcap or setfattr has set"));
    }
    return {};
  }

  /// The same content under another name.
  std::string renamed(const std::string& source, const std::string& path) const {
    return source.substr(0, source.find(':', prefix_.size()) + 1) + path;
  }

  Status store(FileEntry& entry, io::Source& content) {
    const std::uint64_t offset = files_.end_;
    while (true) {
      SLIPWAY_ASSIGN(const std::size_t n, content.read(buffer_));
      if (n == 0) break;
      SLIPWAY_TRY(files_.spool_->write(std::span<const std::byte>(buffer_).first(n)));
      files_.end_ += n;
    }
    entry.source = fmt::format("{}{}+{}#{}:{}", prefix_, offset, entry.size, ++number_, entry.path);
    entry.seen = slice_stat(stat_, number_, entry.size);
    return {};
  }

  ArchiveFiles& files_;
  FileTreeBuilder& tree_;
  const ArchiveFilesOptions& options_;
  Diagnostics& diagnostics_;
  std::string what_, prefix_;
  FileStat stat_;
  bool is_zip_ = false;
  std::uint64_t number_ = 0;  // of the content
  std::uint64_t devices_ = 0;
  std::uint64_t acls_ = 0;  // files that have one
  std::vector<std::byte> buffer_ = std::vector<std::byte>(io::kBlock);
  PagedMap found_;  // path -> entry
  // The folder of the last entry, as the archive names it and without symlinks; none once another entry may change
  // that.
  std::optional<std::pair<std::string, std::string>> folder_;
};

Status ArchiveFiles::add(FileTreeBuilder& tree, const stdfs::path& archive, const ArchiveFilesOptions& options,
                         Diagnostics& diagnostics) {
  return Intake(*this, tree, options, diagnostics).run(archive);
}

std::optional<ArchiveFiles::Slice> ArchiveFiles::slice_of(const stdfs::path& path) const {
  for (const auto& [prefix, archive] : archives_) {
    std::string_view rest = path.native();
    if (!rest.starts_with(prefix)) continue;
    rest.remove_prefix(prefix.size());
    std::uint64_t offset = 0, size = 0, number = 0;
    const bool sound =
        take_number(rest, '\0', offset) && take_number(rest, '+', size) && take_number(rest, '#', number);
    if (sound && rest.starts_with(':')) return Slice{offset, slice_stat(archive, number, size)};
  }
  return std::nullopt;
}

Result<std::unique_ptr<File>> ArchiveFiles::open(const stdfs::path& path, bool follow) {
  const auto slice = slice_of(path);
  if (!slice) return inner().open(path, follow);
  return std::unique_ptr<File>(std::make_unique<SliceFile>(spool_, slice->offset, slice->stat));
}

Result<FileStat> ArchiveFiles::stat(const stdfs::path& path, bool follow) {
  const auto slice = slice_of(path);
  return slice ? Result<FileStat>(slice->stat) : inner().stat(path, follow);
}

}  // namespace slipway::layer
