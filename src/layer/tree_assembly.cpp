#include "layer/tree_assembly.h"

#include <algorithm>

#include "layer/entry_codec.h"
#include "slipway/base/text.h"
#include "slipway/io/hash.h"

namespace slipway::layer {
namespace {

constexpr std::size_t kCompared = 64u << 10;  // bytes at a time

Result<bool> same_bytes(FileSystem& fs, const FileEntry& a, const FileEntry& b) {
  if (a.source == b.source && a.content == b.content) return true;
  if (a.size != b.size || a.source.empty() || b.source.empty()) return false;
  SLIPWAY_ASSIGN(const auto left, fs.open(a.source));
  SLIPWAY_ASSIGN(const auto right, fs.open(b.source));
  std::vector<std::byte> one(kCompared), other(one.size());
  for (std::uint64_t at = 0;;) {
    SLIPWAY_ASSIGN(const std::size_t n, left->read_at(one, at));
    if (n == 0) return true;
    for (std::size_t got = 0; got < n;) {
      SLIPWAY_ASSIGN(const std::size_t m, right->read_at(std::span(other).subspan(got, n - got), at + got));
      if (m == 0) return false;
      got += m;
    }
    if (!std::equal(one.begin(), one.begin() + static_cast<std::ptrdiff_t>(n), other.begin())) return false;
    at += n;
  }
}

bool same_metadata(const FileEntry& a, const FileEntry& b) {
  return a.type == b.type && a.mode == b.mode && a.uid == b.uid && a.gid == b.gid && a.mtime == b.mtime &&
         a.link == b.link && a.xattrs == b.xattrs;
}

std::string origin(const FileEntry& entry) {
  if (!entry.source.empty()) return printable(entry.source, 4096);
  if (entry.type == EntryType::symlink) return fmt::format("a symlink to \"{}\"", printable(entry.link, 4096));
  if (entry.type != EntryType::directory) return "contents that slipway makes";
  return fmt::format("a folder with mode {:04o} and owner {}:{}", entry.mode, entry.uid, entry.gid);
}

bool is_below(const FileEntry& folder, const std::string& path) {
  return path.size() > folder.path.size() && path[folder.path.size()] == '/' && path.starts_with(folder.path);
}

/// Writes entries in their order, with the parents that nobody added.
class TreeWriter {
 public:
  TreeWriter(FileSystem& fs, const FoundEntries& found, const BaseOverlay* overlay, std::int64_t epoch,
             const SpillPlace& spill)
      : fs_(fs),
        folders_(found.folders),
        overlay_(overlay),
        epoch_(epoch),
        inodes_(spill),
        links_(spill),
        entries_(spill) {}

  Status write(FileEntry entry) {
    if (is_marker(entry)) return write_marker(entry);
    if (entry.type == EntryType::directory) {
      if (const auto declared = folders_.find(entry.path); declared != folders_.end()) entry = declared->second;
    }
    if (!open_.empty() && open_.back().path == entry.path) return check_twin(fs_, open_.back(), entry);
    SLIPWAY_TRY(write_parents(entry.path));
    SLIPWAY_TRY(append(entry));
    open_.push_back(std::move(entry));
    return {};
  }

  Result<TreeContents> finish() && {
    SLIPWAY_TRY(find_links());
    return TreeContents{std::move(entries_), std::move(links_), count_, {hasher_.finish(), newest_ns_}};
  }

 private:
  /// An opaque marker lies inside its folder, a whiteout beside what it removes.
  Status write_marker(const FileEntry& entry) {
    const std::string inside = entry.path.empty() ? std::string() : tar_name(entry);
    if (!inside.empty()) SLIPWAY_TRY(write_parents(inside));
    return append(entry);
  }

  /// Writes the parents of `path` that are not there yet; `open_` ends with the nearest that is.
  Status write_parents(const std::string& path) {
    while (!open_.empty() && !is_below(open_.back(), path))
      open_.pop_back();
    if (!open_.empty() && open_.back().type != EntryType::directory) {
      return fail(
          Error(Errc::invalid_argument, fmt::format("/{} cannot lie below /{}, which the same layer makes a {}",
                                                    printable(path, 4096), printable(open_.back().path, 4096),
                                                    open_.back().type == EntryType::symlink ? "symlink" : "file"))
              .with_hint("give the path that the symlink leads to, or use another layer"));
    }
    std::size_t slash = open_.empty() ? 0 : open_.back().path.size() + 1;
    for (; (slash = path.find('/', slash)) != std::string::npos; ++slash) {
      FileEntry folder = parent(path.substr(0, slash));
      SLIPWAY_TRY(append(folder));
      open_.push_back(std::move(folder));
    }
    return {};
  }

  FileEntry parent(std::string path) const {
    FileEntry folder;
    if (overlay_ != nullptr) {
      folder = overlay_->parent(path);
    } else {
      folder.path = std::move(path);
      folder.type = EntryType::directory;
      folder.mode = 0755;
    }
    folder.mtime = epoch_;
    return folder;
  }

  Status append(const FileEntry& entry) {
    const std::string record = encode(entry);
    if (entry.type == EntryType::regular && !entry.source.empty() && entry.seen.links > 1) {
      SLIPWAY_TRY(
          inodes_.add(number_key(entry.seen.device) + number_key(entry.seen.inode) + number_key(count_), record));
    }
    ++count_;
    hash(record);
    newest_ns_ = std::max({newest_ns_, entry.seen.mtime_ns, entry.seen.ctime_ns});
    return entries_.append(record);
  }

  void hash(std::string_view record) {
    hasher_.update(io::as_bytes(number_key(record.size())));
    hasher_.update(io::as_bytes(record));
  }

  Status find_links() {
    SLIPWAY_TRY(inodes_.sort());
    RecordSorter::Reader reader(inodes_);
    std::string_view key, value;
    std::string group;
    FileEntry first;
    while (true) {
      SLIPWAY_ASSIGN(const bool more, reader.next(key, value));
      if (!more) break;
      const std::string_view inode = key.substr(0, 2 * sizeof(std::uint64_t));
      FileEntry entry = decode_entry(value);
      if (inode != group) {
        group = inode;
        first = std::move(entry);
        continue;
      }
      // The same name added twice is two files: whether something else links to it must not show.
      if (first.source == entry.source || !same_metadata(first, entry)) continue;
      const std::string number(key.substr(inode.size()));
      hash(number + first.path);
      SLIPWAY_TRY(links_.add(number, first.path));
    }
    return links_.sort();
  }

  FileSystem& fs_;
  const std::map<std::string, FileEntry>& folders_;  // whose metadata is declared
  const BaseOverlay* overlay_;
  std::int64_t epoch_;
  RecordSorter inodes_;  // of files with several names: device, inode, number -> entry
  RecordSorter links_;
  RecordSpool entries_;
  std::uint64_t count_ = 0;
  io::Hasher hasher_;  // of records and links
  std::int64_t newest_ns_ = 0;
  std::vector<FileEntry> open_;  // the last entry and its parents
};

/// Returns the removed paths that the layer adds again, by themselves or as parents, with their new types.
Result<std::map<std::string, EntryType>> added_again(const FoundEntries& found) {
  std::map<std::string, EntryType> added;
  RecordSorter::Reader reader(found.entries);
  std::string_view key, value;
  while (true) {
    SLIPWAY_ASSIGN(const bool more, reader.next(key, value));
    if (!more) return added;
    const FileEntry entry = decode_entry(value);
    if (found.removed.contains(entry.path)) added.emplace(entry.path, entry.type);
    for (std::string_view parent = parent_of(entry.path); !parent.empty(); parent = parent_of(parent)) {
      if (found.removed.contains(std::string(parent))) added.emplace(parent, EntryType::directory);
    }
  }
}

bool lies_below_removed(const std::string& path, const std::map<std::string, FileEntry>& removed) {
  if (removed.contains("")) return true;
  for (std::string_view parent = parent_of(path); !parent.empty(); parent = parent_of(parent)) {
    if (removed.contains(std::string(parent))) return true;
  }
  return false;
}

}  // namespace

bool is_marker(const FileEntry& entry) { return entry.type == EntryType::whiteout || entry.type == EntryType::opaque; }

std::string sort_key(const FileEntry& entry) {
  std::string key = tar_name(entry);
  if (entry.type == EntryType::directory) key.pop_back();
  if (is_marker(entry)) {
    const std::size_t slash = key.rfind('/');
    key.insert(slash == std::string::npos ? 0 : slash + 1, 1, '\0');
  }
  std::replace(key.begin(), key.end(), '/', '\0');
  return key;
}

Status check_twin(FileSystem& fs, const FileEntry& first, const FileEntry& second) {
  bool same = same_metadata(first, second);
  if (same && second.type == EntryType::regular) {
    SLIPWAY_ASSIGN(same, same_bytes(fs, first, second));
  }
  if (same) return {};
  return fail(
      Error(Errc::invalid_argument, fmt::format("/{} is given twice in one layer, from {} and from {}, and they differ",
                                                printable(second.path), origin(first), origin(second)))
          .with_hint("leave one of them out, or put them into different layers"));
}

Result<std::map<std::string, FileEntry>> resolve_whiteouts(const FoundEntries& found) {
  std::map<std::string, FileEntry> kept;
  if (found.removed.empty()) return kept;
  SLIPWAY_ASSIGN(const auto added, added_again(found));
  for (const auto& [path, marker] : found.removed) {
    FileEntry resolved = marker;
    if (marker.type == EntryType::whiteout) {
      const auto replaced = added.find(path);
      if (lies_below_removed(path, found.removed)) continue;
      if (replaced != added.end() && replaced->second != EntryType::directory) continue;
      if (replaced != added.end()) resolved.type = EntryType::opaque;
    }
    kept.emplace(path, std::move(resolved));
  }
  return kept;
}

Result<TreeContents> assemble_tree(FileSystem& fs, const FoundEntries& found, const BaseOverlay* overlay,
                                   std::int64_t epoch, const SpillPlace& spill) {
  SLIPWAY_ASSIGN(const auto removed, resolve_whiteouts(found));
  std::map<std::string, const FileEntry*> markers;
  for (const auto& [path, marker] : removed)
    markers.emplace(sort_key(marker), &marker);
  auto marker = markers.begin();
  TreeWriter writer(fs, found, overlay, epoch, spill);
  RecordSorter::Reader reader(found.entries);
  std::string_view key, value;
  while (true) {
    SLIPWAY_ASSIGN(const bool more, reader.next(key, value));
    for (; marker != markers.end() && (!more || marker->first < key); ++marker)
      SLIPWAY_TRY(writer.write(*marker->second));
    if (!more) return std::move(writer).finish();
    SLIPWAY_TRY(writer.write(decode_entry(value)));
  }
}

}  // namespace slipway::layer
