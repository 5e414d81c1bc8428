#include "layer/tree_walker.h"

#include <algorithm>
#include <utility>

#include "slipway/base/file_attributes.h"
#include "slipway/base/text.h"
#include "slipway/layer/file_capabilities.h"
#include "slipway/layer/path_patterns.h"

namespace slipway::layer {
namespace {

constexpr int kMaxDepth = 512;
constexpr std::size_t kPortion = 16384;
constexpr std::size_t kMaxStrayLinks = 1000;  // that are reported

std::string shown(const std::string& path) { return printable(path, 4096); }

/// Turns what lstat says into an entry's metadata.
class Rules {
 public:
  explicit Rules(const TreeOptions& options) : options_(options) {}

  FileEntry entry(std::string path, EntryType type, const FileStat& stat) const {
    FileEntry entry;
    entry.path = std::move(path);
    entry.type = type;
    entry.mode = mode(type, stat);
    entry.uid = options_.uid.value_or(0);
    entry.gid = options_.gid.value_or(0);
    entry.mtime = time(stat);
    if (type == EntryType::regular) {
      entry.seen = stat;
      entry.xattrs = options_.xattrs;
    }
    return entry;
  }

  /// Returns the folder that an input becomes itself; the one place that knows that a mode is an empty folder's.
  DeclaredEntry root(std::string path, const FileStat& stat, bool is_empty) const {
    DeclaredEntry root{entry(std::move(path), EntryType::directory, stat),
                       {is_empty ? options_.mode : std::nullopt, options_.uid, options_.gid}};
    if (root.declared.mode) root.entry.mode = *root.declared.mode & 07777;
    return root;
  }

 private:
  std::uint32_t mode(EntryType type, const FileStat& stat) const {
    if (type == EntryType::symlink) return 0777;
    if ((type == EntryType::regular || type == EntryType::fifo) && options_.mode) return *options_.mode & 07777;
    if (options_.keep_modes) return stat.mode & 07777;
    if (type == EntryType::directory) return 0755;
    return (stat.mode & 0100) != 0 ? 0755 : 0644;
  }

  std::int64_t time(const FileStat& stat) const {
    if (!options_.clamp_times) return options_.epoch;
    return std::clamp<std::int64_t>(stat.mtime_ns / 1'000'000'000, 0, std::max<std::int64_t>(options_.epoch, 0));
  }

  const TreeOptions& options_;
};

/// The attributes declared for an empty folder must be ones that a folder can have.
Status check_empty_folder(const std::string& from, const std::string& path, const TreeOptions& options) {
  if (options.xattrs.contains(std::string(kCapabilityAttribute))) {
    return fail(Error(Errc::invalid_argument,
                      fmt::format("{} is a folder, which cannot have the capabilities of a program", shown(from)))
                    .with_hint("give them to the program itself, named by a 'from' of its own"));
  }
  if (!path.empty() || !options.mode) return {};
  return fail(
      Error(Errc::invalid_argument,
            fmt::format("the folder {} goes into the image's root, whose mode cannot be declared", shown(from)))
          .with_hint("'mode' is that of the files in a folder, and of an empty folder itself: name it in 'to'"));
}

class Walk {
 public:
  using Start = std::function<Status(bool is_empty)>;

  Walk(FileSystem& fs, const TreeOptions& options, PathPatterns includes, PathPatterns excludes,
       Diagnostics& diagnostics, const EntryTaker& take)
      : fs_(fs),
        options_(options),
        rules_(options),
        includes_(std::move(includes)),
        excludes_(std::move(excludes)),
        diagnostics_(diagnostics),
        take_(take) {}

  Status file(const std::string& source, const std::string& path, const FileStat& stat) {
    if (stat.type == FileType::fifo) return take_(rules_.entry(path, EntryType::fifo, stat), {});
    FileEntry entry = rules_.entry(path, EntryType::regular, stat);
    entry.size = stat.size;
    entry.source = source;
    SLIPWAY_TRY(complete(entry, source));
    return take_(std::move(entry), {});
  }

  Status root(const std::string& source, const std::string& path, const FileStat& stat) {
    root_ = inner_root_ = below(source, "").size();
    followed_.emplace_back(stat.device, stat.inode);
    const Start start = [&](bool is_empty) -> Status {
      if (is_empty) SLIPWAY_TRY(check_empty_folder(source, path, options_));
      if (path.empty() || !includes_.empty()) return {};
      DeclaredEntry root = rules_.root(path, stat, is_empty);
      const bool stays = is_empty || root.declared.any();
      ahead_.push_back({std::move(root), source, stat});
      return stays ? take_ahead() : Status();
    };
    SLIPWAY_TRY(members(source, path, 0, start));
    ahead_.clear();
    if (!includes_.empty() && !included_) {
      diagnostics_.warning({}, fmt::format("no file in {} matches 'include'", shown(source)));
    }
    return {};
  }

 private:
  static std::string below(const std::string& folder, const std::string& name) {
    std::string path;
    path.reserve(folder.size() + 1 + name.size());
    path += folder;
    if (!folder.empty() && !folder.ends_with('/')) path += '/';
    return path += name;
  }

  /// `start` is called before the first member, once it is known whether there is one.
  Status members(const std::string& folder, const std::string& to, int depth, Start start = nullptr) {
    if (depth > kMaxDepth) return fail(Errc::invalid_argument, "{} is nested too deeply to be packed", shown(folder));
    SLIPWAY_ASSIGN(const auto opened, fs_.open_folder(folder));
    // A folder of any size is taken in portions; in order within each, so that problems come in order too.
    std::vector<std::string> names;
    const auto take_names = [&]() -> Status {
      if (start) SLIPWAY_TRY(std::exchange(start, nullptr)(names.empty()));
      std::sort(names.begin(), names.end());
      for (const std::string& name : names)
        SLIPWAY_TRY(member(*opened, name, below(folder, name), below(to, name), depth));
      names.clear();
      return {};
    };
    SLIPWAY_TRY(opened->visit([&](std::string name) -> Status {
      names.push_back(std::move(name));
      return names.size() < kPortion ? Status() : take_names();
    }));
    return take_names();
  }

  Status member(Folder& folder, const std::string& name, const std::string& source, const std::string& to, int depth) {
    const std::string_view relative = std::string_view(source).substr(root_);
    bool excluded = excludes_.matches(relative);
    if (excluded && !excludes_.has_exceptions()) return {};
    // A folder that is not asked for itself may still hold what is; its members bring it along.
    excluded = excluded || !(includes_.empty() || includes_.matches(relative));
    SLIPWAY_ASSIGN(const FileStat stat, folder.stat(name));
    if (stat.type == FileType::directory) {
      return excluded ? members(source, to, depth + 1) : subtree(source, to, stat, depth);
    }
    if (excluded) return {};
    return stat.type == FileType::symlink ? link(source, to, stat, depth) : leaf(source, to, stat);
  }

  /// A folder that has no members on disk is taken; one with members only if any of them is.
  Status subtree(const std::string& source, const std::string& to, const FileStat& stat, int depth) {
    const auto before = static_cast<std::ptrdiff_t>(ahead_.size());
    ahead_.push_back({{rules_.entry(to, EntryType::directory, stat), {}}, source, stat});
    const Start start = [this](bool is_empty) { return is_empty ? take_ahead() : Status(); };
    SLIPWAY_TRY(members(source, to, depth + 1, start));
    if (std::ssize(ahead_) > before) ahead_.erase(ahead_.begin() + before, ahead_.end());
    return {};
  }

  /// Takes the folders that the next entry lies in.
  Status take_ahead() {
    for (Ahead& ahead : std::exchange(ahead_, {})) {
      if (options_.on_folder) SLIPWAY_TRY(options_.on_folder(ahead.source, ahead.stat));
      SLIPWAY_TRY(take_one(std::move(ahead.folder), ahead.source));
    }
    return {};
  }

  /// True for a symlink at `source` whose target is not among what is walked.
  bool leads_out(const std::string& source, const std::string& text) const {
    if (text.starts_with('/')) return true;
    std::ptrdiff_t level = std::count(source.begin() + static_cast<std::ptrdiff_t>(inner_root_), source.end(), '/');
    for (const std::string& part : split(text, '/')) {
      if (part.empty() || part == ".") continue;
      level += part == ".." ? -1 : 1;
      if (level < 0) return true;
    }
    return false;
  }

  Status link(const std::string& source, const std::string& to, const FileStat& stat, int depth) {
    FileEntry entry = rules_.entry(to, EntryType::symlink, stat);
    SLIPWAY_ASSIGN(entry.link, fs_.read_link(source));
    if (leads_out(source, entry.link)) {
      const auto target = fs_.stat(source, true);
      if (target && options_.follow_links) return follow(source, to, *target, depth);
      if (target && options_.stray_links != nullptr && options_.stray_links->size() < kMaxStrayLinks)
        options_.stray_links->push_back({to, entry.link});
    }
    return take_at(std::move(entry), source);
  }

  /// Walks what a symlink leads to as if it were there.
  Status follow(const std::string& source, const std::string& to, const FileStat& target, int depth) {
    if (target.type != FileType::directory) return leaf(source, to, target);
    const std::pair<std::uint64_t, std::uint64_t> id(target.device, target.inode);
    if (std::find(followed_.begin(), followed_.end(), id) != followed_.end()) {
      return fail(
          Error(Errc::invalid_argument, fmt::format("the symlink {} leads to a folder that it lies in", shown(source)))
              .with_hint("leave it out with 'exclude'"));
    }
    followed_.push_back(id);
    const std::size_t outer = std::exchange(inner_root_, source.size() + 1);
    Status done = subtree(source, to, target, depth);
    inner_root_ = outer;
    followed_.pop_back();
    return done;
  }

  Status leaf(const std::string& source, const std::string& to, const FileStat& stat) {
    switch (stat.type) {
      case FileType::regular: {
        FileEntry entry = rules_.entry(to, EntryType::regular, stat);
        entry.size = stat.size;
        entry.source = source;
        return take_at(std::move(entry), source);
      }
      case FileType::fifo:
        return take_at(rules_.entry(to, EntryType::fifo, stat), source);
      case FileType::socket:
        diagnostics_.warning({}, fmt::format("{} is a socket and is left out", shown(source)));
        return {};
      default:
        return fail(
            Error(Errc::invalid_argument, fmt::format("{} is a device, which a layer cannot hold", shown(source)))
                .with_hint("leave it out with 'exclude'"));
    }
  }

  /// Adds what lstat does not say: a time from elsewhere; the file's own capabilities, where modes are kept and the
  /// recipe declares none.
  Status complete(FileEntry& entry, const std::string& source) const {
    if (options_.time_of && entry.type != EntryType::directory)
      entry.mtime = options_.time_of(source).value_or(entry.mtime);
    if (!options_.keep_modes || entry.type != EntryType::regular) return {};
    SLIPWAY_ASSIGN(FileAttributes found, attributes_of(fs_, source));
    if (!found.capabilities.empty())
      entry.xattrs.try_emplace(std::string(kCapabilityAttribute), std::move(found.capabilities));
    return {};
  }

  Status take_at(FileEntry entry, const std::string& source) {
    SLIPWAY_TRY(take_ahead());
    return take_one({std::move(entry), {}}, source);
  }

  Status take_one(DeclaredEntry found, const std::string& source) {
    auto path = entry_path("/" + found.entry.path);
    if (!path) return fail(std::move(path).error().in(fmt::format("packing {}", shown(source))));
    included_ = true;
    SLIPWAY_TRY(complete(found.entry, source));
    return take_(std::move(found.entry), found.declared);
  }

  /// A folder that is taken once it is known to have something.
  struct Ahead {
    DeclaredEntry folder;
    std::string source;
    FileStat stat;
  };

  FileSystem& fs_;
  const TreeOptions& options_;
  Rules rules_;
  PathPatterns includes_;
  PathPatterns excludes_;
  Diagnostics& diagnostics_;
  const EntryTaker& take_;
  std::size_t root_ = 0;                                           // bytes of a source that the patterns do not see
  bool included_ = false;                                          // anything at all
  std::vector<Ahead> ahead_;                                       // each lies in the one before
  std::size_t inner_root_ = 0;                                     // as root_, of the folder that was followed to last
  std::vector<std::pair<std::uint64_t, std::uint64_t>> followed_;  // device and inode of the folders that led here
};

/// A file becomes `to`, or goes into it where that ends in "/".
Result<std::string> file_path(const std::filesystem::path& from, const std::string& to) {
  SLIPWAY_TRY(image_path(to));
  SLIPWAY_ASSIGN(auto path, entry_path(to.ends_with('/') ? to + from.filename().native() : to));
  if (path.empty()) {
    return fail(Error(Errc::invalid_argument,
                      fmt::format("the file {} cannot become the folder \"{}\"", shown(from), printable(to)))
                    .with_hint("name the file too"));
  }
  return path;
}

}  // namespace

Status walk_source(FileSystem& fs, const std::filesystem::path& from, const std::string& to, const TreeOptions& options,
                   Diagnostics& diagnostics, const EntryTaker& take) {
  SLIPWAY_ASSIGN(auto includes, PathPatterns::compile(options.include));
  SLIPWAY_ASSIGN(auto excludes, PathPatterns::compile(options.exclude));
  SLIPWAY_ASSIGN(const FileStat stat, fs.stat(from, true));
  Walk walk(fs, options, std::move(includes), std::move(excludes), diagnostics, take);
  if (stat.type == FileType::regular || stat.type == FileType::fifo) {
    SLIPWAY_ASSIGN(const std::string path, file_path(from, to));
    return walk.file(from.native(), path, stat);
  }
  if (stat.type != FileType::directory) {
    return fail(Errc::invalid_argument, "{} is neither a file nor a folder and cannot be packed", shown(from));
  }
  SLIPWAY_ASSIGN(const std::string path, image_path(to));
  return walk.root(from.native(), path, stat);
}

Result<DeclaredEntry> made_folder(const std::string& to, const TreeOptions& options) {
  SLIPWAY_ASSIGN(std::string path, image_path(to));
  SLIPWAY_TRY(check_empty_folder(to, path, options));
  FileStat stat;
  stat.type = FileType::directory;
  stat.mode = 0755;
  return Rules(options).root(std::move(path), stat, true);
}

}  // namespace slipway::layer
