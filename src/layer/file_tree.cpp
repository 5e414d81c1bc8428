#include "slipway/layer/file_tree.h"

#include <algorithm>
#include <array>

#include "layer/base_overlay.h"
#include "layer/entry_codec.h"
#include "layer/record_sorter.h"
#include "layer/tree_walker.h"
#include "slipway/base/text.h"
#include "slipway/io/hash.h"

namespace slipway::layer {
namespace {

bool is_marker(const FileEntry& entry) { return entry.type == EntryType::whiteout || entry.type == EntryType::opaque; }

/// Orders by components: a folder, then its markers, then its members byte by byte.
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

Result<bool> same_bytes(FileSystem& fs, const FileEntry& a, const FileEntry& b) {
  if (a.source == b.source && a.content == b.content) return true;
  if (a.size != b.size || a.source.empty() || b.source.empty()) return false;
  SLIPWAY_ASSIGN(const auto left, fs.open(a.source));
  SLIPWAY_ASSIGN(const auto right, fs.open(b.source));
  std::vector<std::byte> one(64u << 10), other(one.size());
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

/// A number as eight bytes that sort as it does.
std::string number_text(std::uint64_t value) {
  std::string text(sizeof value, '\0');
  for (std::size_t i = text.size(); i > 0; --i, value >>= 8)
    text[i - 1] = static_cast<char>(value & 0xff);
  return text;
}

/// Reads the finished records and puts the hard links in.
class LinkedReader final : public EntryReader {
 public:
  LinkedReader(const RecordSpool& entries, const RecordSorter& links)
      : entries_(entries, 0, entries.end()), links_(links) {}

  Status start() { return next_link(); }

  Result<bool> next(FileEntry& entry) override {
    std::string_view record;
    SLIPWAY_ASSIGN(const bool more, entries_.next(record));
    if (!more) return false;
    entry = decode_entry(record);
    if (link_ && *link_ == number_text(at_)) {
      entry.type = EntryType::hardlink;
      entry.link = target_;
      entry.size = 0;
      SLIPWAY_TRY(next_link());
    }
    ++at_;
    return true;
  }

 private:
  Status next_link() {
    std::string_view key, value;
    SLIPWAY_ASSIGN(const bool more, links_.next(key, value));
    link_ = more ? std::optional(std::string(key)) : std::nullopt;
    target_ = value;
    return {};
  }

  RecordReader entries_;
  RecordSorter::Reader links_;
  std::optional<std::string> link_;  // the number of the next entry that is a link
  std::string target_;
  std::uint64_t at_ = 0;
};

}  // namespace

struct FileTree::Impl {
  Impl(SpillPlace place, const BaseFiles* base) : found(place), inodes(place), links(place), entries(place) {
    if (base != nullptr) overlay.emplace(*base);
  }

  Status take(FileEntry entry, bool replace, const TreeOptions* declared = nullptr);
  Status settle_whiteouts();
  Status assemble(std::int64_t epoch);
  Status put(FileEntry entry, std::int64_t epoch);
  Status put_below(const FileEntry& entry, std::int64_t epoch);
  Status emit(const FileEntry& entry);
  void note(std::string_view record);
  Status check_twin(const FileEntry& first, const FileEntry& second);
  Status link_inodes();

  std::optional<BaseOverlay> overlay;
  FileSystem* fs = nullptr;                  // where added files are
  RecordSorter found;                        // sort key -> entry
  std::map<std::string, FileEntry> removed;  // whiteouts and opaque folders, by path
  std::map<std::string, FileEntry> folders;  // whose metadata is declared, by path
  RecordSorter inodes;                       // of files with several names: device, inode, number -> entry
  RecordSorter links;                        // number of an entry -> the path that it is a hard link to
  RecordSpool entries;                       // the result
  std::uint64_t count = 0;
  io::Hasher hasher;  // of records and links
  std::int64_t newest_ns = 0;
  std::optional<Listing> listing;
  std::vector<FileEntry> open;  // the last entry and its parents, while assembling
};

Status FileTree::Impl::take(FileEntry entry, bool replace, const TreeOptions* declared) {
  if (overlay) SLIPWAY_TRY(overlay->fit(entry, replace, declared));
  if (declared != nullptr) {
    const auto [at, is_new] = folders.emplace(entry.path, entry);
    if (!is_new) SLIPWAY_TRY(check_twin(at->second, entry));
  }
  if (is_marker(entry)) {
    const auto [at, is_new] = removed.emplace(entry.path, entry);
    return is_new ? Status() : check_twin(at->second, entry);
  }
  std::string key = sort_key(entry);
  return found.add(std::move(key), encode(entry));
}

Status FileTree::Impl::check_twin(const FileEntry& first, const FileEntry& second) {
  bool same = same_metadata(first, second);
  if (same && second.type == EntryType::regular) {
    if (fs != nullptr) {
      SLIPWAY_ASSIGN(same, same_bytes(*fs, first, second));
    } else {
      same = first.source == second.source && first.content == second.content;
    }
  }
  if (same) return {};
  return fail(
      Error(Errc::invalid_argument, fmt::format("/{} is given twice in one layer, from {} and from {}, and they differ",
                                                printable(second.path), origin(first), origin(second)))
          .with_hint("leave one of them out, or put them into different layers"));
}

// A path that is removed and added in one layer must look the same to every runtime: a folder becomes opaque, a file
// needs no whiteout as it replaces what was there, and below either a whiteout would bring the folder back.
Status FileTree::Impl::settle_whiteouts() {
  if (removed.empty()) return {};
  std::map<std::string, EntryType> added;
  RecordSorter::Reader reader(found);
  std::string_view key, value;
  while (true) {
    SLIPWAY_ASSIGN(const bool more, reader.next(key, value));
    if (!more) break;
    const FileEntry entry = decode_entry(value);
    if (removed.contains(entry.path)) added.emplace(entry.path, entry.type);
    for (std::string_view parent = parent_of(entry.path); !parent.empty(); parent = parent_of(parent)) {
      if (removed.contains(std::string(parent))) added.emplace(parent, EntryType::directory);
    }
  }
  const auto below_removed = [this](const std::string& path) {
    if (removed.contains("")) return true;
    for (std::string_view parent = parent_of(path); !parent.empty(); parent = parent_of(parent)) {
      if (removed.contains(std::string(parent))) return true;
    }
    return false;
  };
  std::vector<std::string> dropped;
  for (auto& [path, marker] : removed) {
    if (marker.type != EntryType::whiteout) continue;
    const auto replaced = added.find(path);
    if (below_removed(path) || (replaced != added.end() && replaced->second != EntryType::directory)) {
      dropped.push_back(path);
    } else if (replaced != added.end()) {
      marker.type = EntryType::opaque;
    }
  }
  for (const std::string& path : dropped)
    removed.erase(path);
  return {};
}

/// Merges what was found with the markers and writes the result with its missing parents.
Status FileTree::Impl::assemble(std::int64_t epoch) {
  std::map<std::string, const FileEntry*> markers;
  for (const auto& [path, marker] : removed)
    markers.emplace(sort_key(marker), &marker);
  auto marker = markers.begin();
  RecordSorter::Reader reader(found);
  std::string_view key, value;
  while (true) {
    SLIPWAY_ASSIGN(const bool more, reader.next(key, value));
    for (; marker != markers.end() && (!more || marker->first < key); ++marker)
      SLIPWAY_TRY(put(*marker->second, epoch));
    if (!more) break;
    SLIPWAY_TRY(put(decode_entry(value), epoch));
  }
  open.clear();
  return {};
}

Status FileTree::Impl::put(FileEntry entry, std::int64_t epoch) {
  const auto holds = [](const FileEntry& folder, const std::string& path) {
    return path.size() > folder.path.size() && path[folder.path.size()] == '/' && path.starts_with(folder.path);
  };
  if (is_marker(entry)) {
    // An opaque marker lies inside its folder, a whiteout beside what it removes.
    const std::string inside = entry.path.empty() ? std::string() : tar_name(entry);
    while (!open.empty() && !holds(open.back(), inside))
      open.pop_back();
    FileEntry place = entry;
    place.path = inside;
    if (!inside.empty()) SLIPWAY_TRY(put_below(place, epoch));
    return emit(entry);
  }
  if (entry.type == EntryType::directory) {
    if (const auto declared = folders.find(entry.path); declared != folders.end()) entry = declared->second;
  }
  if (!open.empty() && open.back().path == entry.path) return check_twin(open.back(), entry);
  while (!open.empty() && !holds(open.back(), entry.path))
    open.pop_back();
  SLIPWAY_TRY(put_below(entry, epoch));
  SLIPWAY_TRY(emit(entry));
  open.push_back(std::move(entry));
  return {};
}

/// Writes the parents of `entry` that are not there yet; `open` ends with the nearest that is.
Status FileTree::Impl::put_below(const FileEntry& entry, std::int64_t epoch) {
  if (!open.empty() && open.back().type != EntryType::directory) {
    return fail(Error(Errc::invalid_argument, fmt::format("/{} cannot lie below /{}, which the same layer makes a {}",
                                                          printable(entry.path), printable(open.back().path),
                                                          open.back().type == EntryType::symlink ? "symlink" : "file"))
                    .with_hint("give the path that the symlink leads to, or use another layer"));
  }
  std::size_t slash = open.empty() ? 0 : open.back().path.size() + 1;
  while ((slash = entry.path.find('/', slash)) != std::string::npos) {
    FileEntry folder;
    folder.path = entry.path.substr(0, slash);
    folder.type = EntryType::directory;
    folder.mode = 0755;
    if (overlay) folder = overlay->parent(folder.path);
    folder.mtime = epoch;
    SLIPWAY_TRY(emit(folder));
    open.push_back(std::move(folder));
    ++slash;
  }
  return {};
}

Status FileTree::Impl::emit(const FileEntry& entry) {
  const std::string record = encode(entry);
  if (entry.type == EntryType::regular && !entry.source.empty() && entry.seen.links > 1) {
    SLIPWAY_TRY(
        inodes.add(number_text(entry.seen.device) + number_text(entry.seen.inode) + number_text(count), record));
  }
  ++count;
  note(record);
  newest_ns = std::max({newest_ns, entry.seen.mtime_ns, entry.seen.ctime_ns});
  return entries.append(record);
}

void FileTree::Impl::note(std::string_view record) {
  hasher.update(io::as_bytes(number_text(record.size())));
  hasher.update(io::as_bytes(record));
}

Status FileTree::Impl::link_inodes() {
  SLIPWAY_TRY(inodes.sort());
  RecordSorter::Reader reader(inodes);
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
    note(number + first.path);
    SLIPWAY_TRY(links.add(number, first.path));
  }
  return links.sort();
}

FileTree::FileTree(SpillPlace spill, const BaseFiles* base) : impl_(std::make_unique<Impl>(std::move(spill), base)) {}
FileTree::~FileTree() = default;
FileTree::FileTree(FileTree&&) noexcept = default;
FileTree& FileTree::operator=(FileTree&&) noexcept = default;

Status FileTree::add(FileSystem& fs, const std::filesystem::path& from, const std::string& to,
                     const TreeOptions& options, Diagnostics& diagnostics) {
  impl_->fs = &fs;
  // A folder's mode is declared by an empty one only: else it is that of the files.
  TreeOptions own = options;
  const auto is_empty = is_empty_folder(fs, from);
  if (!is_empty || !*is_empty) own.mode.reset();
  return walk_source(fs, from, to, options, diagnostics, [&](FileEntry entry, bool is_root) {
    const bool declared = is_root && (own.mode || own.uid || own.gid) && entry.type == EntryType::directory;
    return impl_->take(std::move(entry), options.replace, declared ? &own : nullptr);
  });
}

Status FileTree::add_entry(FileEntry entry) {
  const bool root = entry.type == EntryType::opaque && entry.path.empty();
  SLIPWAY_ASSIGN(entry.path, entry_path("/" + entry.path));
  if (entry.path.empty() && !root) {
    return fail(Errc::invalid_argument, "the root folder of an image can be neither replaced nor removed");
  }
  if (entry.type == EntryType::regular && entry.source.empty()) entry.size = entry.content.size();
  return impl_->take(std::move(entry), false);
}

Status FileTree::finish(std::int64_t epoch) {
  SLIPWAY_TRY(impl_->found.sort());
  SLIPWAY_TRY(impl_->settle_whiteouts());
  SLIPWAY_TRY(impl_->assemble(epoch));
  SLIPWAY_TRY(impl_->link_inodes());
  impl_->listing = Listing{impl_->hasher.finish(), impl_->newest_ns};
  // Only what read() needs stays.
  impl_->removed.clear();
  impl_->folders.clear();
  impl_->found = RecordSorter({});
  impl_->inodes = RecordSorter({});
  impl_->overlay.reset();
  return {};
}

std::size_t FileTree::size() const { return static_cast<std::size_t>(impl_->count); }

const Listing& FileTree::listing() const { return *impl_->listing; }

Result<std::unique_ptr<EntryReader>> FileTree::read() const {
  auto reader = std::make_unique<LinkedReader>(impl_->entries, impl_->links);
  SLIPWAY_TRY(reader->start());
  return std::unique_ptr<EntryReader>(std::move(reader));
}

}  // namespace slipway::layer
