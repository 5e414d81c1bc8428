#include "builder/layer_stack.h"

#include <algorithm>

namespace slipway::builder {
namespace {

using layer::EntryType;
using layer::FileEntry;

constexpr std::uint32_t kProgramMode = 0755, kFileMode = 0644, kExecuteBits = 0111;

/// FNV-1a, 64 bits: two paths of a million collide once in 36 million builds, and then only a message is wrong.
std::uint64_t hash_of(const std::string& path) {
  std::uint64_t hash = 14695981039346656037ull;
  for (const char c : path)
    hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ull;
  return hash;
}

bool holds(const std::vector<std::uint64_t>& hashes, const std::string& path) {
  return std::binary_search(hashes.begin(), hashes.end(), hash_of(path));
}

FileEntry plain(const std::string& path, EntryType type, std::uint32_t mode) {
  FileEntry entry;
  entry.path = path;
  entry.type = type;
  entry.mode = mode;
  return entry;
}

bool same_folder(const FileEntry& a, const FileEntry& b) {
  return a.type == b.type && a.mode == b.mode && a.uid == b.uid && a.gid == b.gid && a.xattrs == b.xattrs;
}

}  // namespace

bool LayerStack::Level::hides(const std::string& path) const {
  if (gone.empty() && covered.empty()) return false;
  if (gone.contains(path) || covered.contains("")) return true;
  for (std::size_t slash = path.rfind('/'); slash != std::string::npos && slash > 0;
       slash = path.rfind('/', slash - 1)) {
    const std::string parent = path.substr(0, slash);
    if (gone.contains(parent) || covered.contains(parent)) return true;
  }
  return false;
}

std::optional<FileEntry> LayerStack::find(const std::string& path) const { return find_below(levels_.size(), path); }

std::optional<FileEntry> LayerStack::find_below(std::size_t levels, const std::string& path) const {
  for (std::size_t i = levels; i-- > 0;) {
    const Level& level = levels_[i];
    if (const auto at = level.entries.find(path); at != level.entries.end()) return at->second;
    if (holds(level.programs, path)) return plain(path, EntryType::regular, kProgramMode);
    if (holds(level.files, path)) return plain(path, EntryType::regular, kFileMode);
    if (holds(level.folders, path)) return plain(path, EntryType::directory, kProgramMode);
    if (level.hides(path)) return std::nullopt;
  }
  return base_ == nullptr ? std::nullopt : base_->find(path);
}

void LayerStack::add_entry(Level& level, const FileEntry& entry) const {
  if (entry.type == EntryType::whiteout || entry.type == EntryType::opaque) {
    (entry.type == EntryType::whiteout ? level.gone : level.covered).insert(entry.path);
    return;
  }
  const auto below = find_below(levels_.size(), entry.path);
  const bool folder = entry.type == EntryType::directory;
  if (below && (below->type == EntryType::directory) != folder) level.covered.insert(entry.path);
  const bool file = entry.type == EntryType::regular || entry.type == EntryType::hardlink;
  const std::uint32_t execute = entry.mode & kExecuteBits;
  if (file && execute == kExecuteBits) {
    level.programs.push_back(hash_of(entry.path));
  } else if (file && execute == 0) {
    level.files.push_back(hash_of(entry.path));
  } else if (folder && same_folder(entry, plain(entry.path, EntryType::directory, kProgramMode))) {
    level.folders.push_back(hash_of(entry.path));
  } else {
    level.entries.emplace(entry.path, entry);
  }
}

Status LayerStack::add(const layer::FileTree& tree) {
  Level level;
  SLIPWAY_ASSIGN(const auto reader, tree.read());
  for (FileEntry entry;;) {
    SLIPWAY_ASSIGN(const bool more, reader->next(entry));
    if (!more) break;
    add_entry(level, entry);
  }
  for (auto* hashes : {&level.files, &level.programs, &level.folders})
    std::sort(hashes->begin(), hashes->end());
  levels_.push_back(std::move(level));
  return {};
}

}  // namespace slipway::builder
