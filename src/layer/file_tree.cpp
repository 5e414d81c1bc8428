#include "slipway/layer/file_tree.h"

#include <algorithm>
#include <array>

#include "layer/tree_walker.h"
#include "slipway/base/text.h"

namespace slipway::layer {
namespace {

constexpr std::string_view kWhiteout = ".wh.";
constexpr std::string_view kOpaque = ".wh..wh..opq";

bool is_marker(const Entry& entry) { return entry.type == EntryType::whiteout || entry.type == EntryType::opaque; }

std::string_view parent_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

/// Orders by components: a folder, then its markers, then its members byte by byte.
std::string sort_key(const Entry& entry) {
  std::string key = tar_name(entry);
  if (entry.type == EntryType::directory) key.pop_back();
  if (is_marker(entry)) {
    const std::size_t slash = key.rfind('/');
    key.insert(slash == std::string::npos ? 0 : slash + 1, 1, '\0');
  }
  std::replace(key.begin(), key.end(), '/', '\0');
  return key;
}

Result<bool> same_bytes(FileSystem& fs, const Entry& a, const Entry& b) {
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

bool same_metadata(const Entry& a, const Entry& b) {
  return a.type == b.type && a.mode == b.mode && a.uid == b.uid && a.gid == b.gid && a.mtime == b.mtime &&
         a.link == b.link && a.xattrs == b.xattrs;
}

std::string origin(const Entry& entry) {
  return entry.source.empty() ? std::string("an entry of its own") : printable(entry.source.native(), 4096);
}

}  // namespace

std::string tar_name(const Entry& entry) {
  switch (entry.type) {
    case EntryType::directory:
      return entry.path + "/";
    case EntryType::opaque:
      return entry.path.empty() ? std::string(kOpaque) : fmt::format("{}/{}", entry.path, kOpaque);
    case EntryType::whiteout: {
      const std::size_t slash = entry.path.rfind('/');
      const std::size_t name = slash == std::string::npos ? 0 : slash + 1;
      return entry.path.substr(0, name) + std::string(kWhiteout) + entry.path.substr(name);
    }
    default:
      return entry.path;
  }
}

Result<std::string> image_path(const std::string& absolute) {
  const auto refuse = [&absolute](std::string_view why) {
    return fail(Errc::invalid_argument, "'{}' cannot be a path in an image: {}", printable(absolute, 4096), why);
  };
  if (!absolute.starts_with('/')) return refuse("it does not start with '/'");
  if (!is_valid_utf8(absolute)) return refuse("it is not UTF-8");
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (std::any_of(absolute.begin(), absolute.end(), is_control)) return refuse("it has control characters");
  std::string out;
  for (const std::string& part : split(absolute, '/')) {
    if (part.empty() || part == ".") continue;
    if (part == "..") return refuse("it has '..'");
    if (part.size() > 255) return refuse("a component has more than 255 bytes");
    if (part.starts_with(kWhiteout)) return refuse("names that start with .wh. are whiteouts; use 'remove' for those");
    if (!out.empty()) out += '/';
    out += part;
  }
  if (out.size() >= 4096) return refuse("it has 4096 bytes or more");
  return out;
}

Status FileTree::add(FileSystem& fs, const std::filesystem::path& from, const std::string& to,
                     const TreeOptions& options, Diagnostics& diagnostics) {
  const auto take = [this, &fs](Entry entry) { return add_checked(std::move(entry), &fs); };
  return walk_source(fs, from, to, options, diagnostics, take);
}

Status FileTree::add_entry(Entry entry) {
  const bool root = entry.type == EntryType::opaque && entry.path.empty();
  SLIPWAY_ASSIGN(entry.path, image_path("/" + entry.path));
  if (entry.path.empty() && !root) {
    return fail(Errc::invalid_argument, "the root folder of an image can be neither replaced nor removed");
  }
  if (entry.type == EntryType::regular && entry.source.empty()) entry.size = entry.content.size();
  return add_checked(std::move(entry), nullptr);
}

Status FileTree::add_checked(Entry entry, FileSystem* fs) {
  auto& index = is_marker(entry) ? removed_ : by_path_;
  const auto [at, is_new] = index.emplace(entry.path, entries_.size());
  if (is_new) {
    entries_.push_back(std::move(entry));
    return {};
  }
  const Entry& first = entries_[at->second];
  bool same = same_metadata(first, entry);
  if (same && entry.type == EntryType::regular) {
    if (fs != nullptr) {
      SLIPWAY_ASSIGN(same, same_bytes(*fs, first, entry));
    } else {
      same = first.source == entry.source && first.content == entry.content;
    }
  }
  if (same) return {};
  return fail(
      Error(Errc::invalid_argument, fmt::format("/{} is given twice in one layer, from {} and from {}, and they differ",
                                                printable(entry.path), origin(first), origin(entry)))
          .with_hint("leave one of them out, or put them into different layers"));
}

void FileTree::add_parents(std::int64_t epoch, bool of_markers) {
  const std::size_t listed = entries_.size();
  for (std::size_t i = 0; i < listed; ++i) {
    if (is_marker(entries_[i]) != of_markers) continue;
    const std::string path = entries_[i].path;
    const std::string_view first = entries_[i].type == EntryType::opaque ? std::string_view(path) : parent_of(path);
    for (std::string_view parent = first; !parent.empty(); parent = parent_of(parent)) {
      if (!by_path_.emplace(parent, entries_.size()).second) break;
      Entry folder;
      folder.path = parent;
      folder.type = EntryType::directory;
      folder.mode = 0755;
      folder.mtime = epoch;
      entries_.push_back(std::move(folder));
    }
  }
}

bool FileTree::is_below_removed(const std::string& path) const {
  if (removed_.contains("")) return true;
  for (std::string_view parent = parent_of(path); !parent.empty(); parent = parent_of(parent)) {
    if (removed_.contains(std::string(parent))) return true;
  }
  return false;
}

// What is removed and added in one layer must look the same to every runtime: a folder becomes opaque, a file
// needs no whiteout as it replaces what was there, and below either a whiteout would bring the folder back.
void FileTree::settle_whiteouts() {
  std::vector<char> drop(entries_.size(), 0);
  for (const auto& removed : removed_) {
    Entry& marker = entries_[removed.second];
    if (marker.type != EntryType::whiteout) continue;
    const auto added = by_path_.find(removed.first);
    const bool replaced = added != by_path_.end();
    if (is_below_removed(removed.first)) {
      drop[removed.second] = 1;
    } else if (replaced && entries_[added->second].type == EntryType::directory) {
      marker.type = EntryType::opaque;
    } else if (replaced) {
      drop[removed.second] = 1;
    }
  }
  std::vector<Entry> kept;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (drop[i] == 0) kept.push_back(std::move(entries_[i]));
  }
  entries_ = std::move(kept);
}

Status FileTree::check_parents() const {
  for (const Entry& entry : entries_) {
    for (std::string_view parent = parent_of(entry.path); !parent.empty(); parent = parent_of(parent)) {
      const auto at = by_path_.find(std::string(parent));
      if (at == by_path_.end()) continue;
      const Entry& folder = entries_[at->second];
      if (folder.type == EntryType::directory) continue;
      return fail(Error(Errc::invalid_argument,
                        fmt::format("/{} cannot lie below /{}, which the same layer makes a {}", printable(entry.path),
                                    printable(parent), folder.type == EntryType::symlink ? "symlink" : "file"))
                      .with_hint("give the path that the symlink leads to, or use another layer"));
    }
  }
  return {};
}

void FileTree::link_inodes() {
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::size_t> first;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    Entry& entry = entries_[i];
    if (entry.type != EntryType::regular || entry.source.empty() || entry.seen.links < 2) continue;
    const auto [at, is_new] = first.emplace(std::pair(entry.seen.device, entry.seen.inode), i);
    // The same name added twice is two files: whether something else links to it must not show.
    if (is_new || entries_[at->second].source == entry.source || !same_metadata(entries_[at->second], entry)) continue;
    entry.type = EntryType::hardlink;
    entry.link = entries_[at->second].path;
    entry.size = 0;
  }
}

Status FileTree::finish(std::int64_t epoch) {
  const auto reindex = [this] {
    by_path_.clear();
    removed_.clear();
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      (is_marker(entries_[i]) ? removed_ : by_path_).emplace(entries_[i].path, i);
    }
  };
  SLIPWAY_TRY(check_parents());
  add_parents(epoch, false);
  settle_whiteouts();
  reindex();
  add_parents(epoch, true);
  std::vector<std::pair<std::string, std::size_t>> order;
  order.reserve(entries_.size());
  for (std::size_t i = 0; i < entries_.size(); ++i)
    order.emplace_back(sort_key(entries_[i]), i);
  std::sort(order.begin(), order.end());
  std::vector<Entry> sorted;
  sorted.reserve(entries_.size());
  for (const auto& [key, i] : order)
    sorted.push_back(std::move(entries_[i]));
  entries_ = std::move(sorted);
  link_inodes();
  reindex();
  return {};
}

}  // namespace slipway::layer
