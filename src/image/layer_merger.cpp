#include "image/layer_merger.h"

#include "image/file_line.h"
#include "slipway/base/text.h"

namespace slipway::image {
namespace {

using layer::EntryType;
using layer::joined;
using layer::parent_of;
using layer::real_path;
using layer::Step;

bool has_bytes(EntryType type) { return type == EntryType::regular || type == EntryType::hardlink; }

}  // namespace

void LayerMerger::next_layer() {
  if (started_) ++layer_;
  started_ = true;
  trail_.clear();
}

std::pair<LayerMerger::Nodes::iterator, LayerMerger::Nodes::iterator> LayerMerger::below(const std::string& path) {
  // '0' is what follows '/'.
  if (path.empty()) return {nodes_.begin(), nodes_.end()};
  return {nodes_.lower_bound(path + '/'), nodes_.lower_bound(path + '0')};
}

void LayerMerger::doubt(std::string text) {
  if (doubts_.size() < kMostDoubts) doubts_.push_back(std::move(text));
}

// image-spec layer.md: whiteouts apply to lower layers only, wherever they stand in their own.
void LayerMerger::hide(const std::string& path, bool whole) {
  trail_.clear();
  auto [at, end] = below(path);
  bool kept = false;
  while (at != end) {
    if (at->second.layer == layer_) {
      kept = true;
      ++at;
    } else {
      at = nodes_.erase(at);
    }
  }
  const auto self = nodes_.find(path);
  if (whole && !kept && self != nodes_.end() && self->second.layer != layer_) nodes_.erase(self);
}

/// Returns the place of a path of this layer's tar: its folder's symlinks are followed inside the root, its own name is
/// not. A file of a lower layer gives way to a folder; below a file of this layer nothing can lie.
Result<std::string> LayerMerger::place_of(const std::string& path) {
  const std::string_view parent = parent_of(path);
  if (parent.empty()) return path;
  SLIPWAY_ASSIGN(const std::string real, real_folder(parent, path));
  return joined(real, path.substr(parent.size() + 1));
}

/// Returns the path without symlinks of the folder of this layer's tar that `path` lies in.
Result<std::string> LayerMerger::real_folder(std::string_view folder, const std::string& path) {
  const auto lookup = [this](const std::string& at) -> std::optional<Step> {
    const auto node = nodes_.find(at);
    if (node == nodes_.end() || gives_way(node->second)) return std::nullopt;
    return Step{node->second.type, node->second.link};
  };
  trail_.go_back(folder);
  while (!trail_.is_at(folder)) {
    const std::string name(trail_.next_name(folder));
    auto real = real_path(name, true, lookup, trail_.empty() ? std::string_view() : std::string_view(trail_.back()));
    if (!real) return fail(Errc::malformed, "{}", real.error().message);
    const auto node = nodes_.find(*real);
    if (node != nodes_.end() && node->second.type != EntryType::directory && !gives_way(node->second)) {
      return fail(Errc::malformed, "/{} lies below /{}, which is not a folder", printable(path, 4096),
                  printable(*real, 4096));
    }
    trail_.add(name, *std::move(real));
  }
  return trail_.empty() ? std::string() : trail_.back();
}

bool LayerMerger::gives_way(const Node& node) const {
  return node.layer != layer_ && node.type != EntryType::directory && node.type != EntryType::symlink;
}

void LayerMerger::make_parents(const std::string& folder) {
  if (folder.empty()) return;
  const auto node = nodes_.find(folder);
  if (node != nodes_.end() && !gives_way(node->second)) return;
  if (node != nodes_.end())
    doubt(fmt::format("/{}, a file of a lower layer, becomes a folder without an entry", printable(folder, 4096)));
  make_parents(std::string(parent_of(folder)));
  ImageFile made;
  made.entry.path = folder;
  made.entry.type = EntryType::directory;
  made.entry.mode = 0755;
  made.layer = layer_;
  put(std::move(made));
}

void LayerMerger::put(ImageFile file) {
  const EntryType type = file.entry.type;
  const auto there = nodes_.find(file.entry.path);
  const bool other = there != nodes_.end() && (there->second.type != type || type == EntryType::symlink);
  if (other) {
    const auto [begin, end] = below(file.entry.path);
    nodes_.erase(begin, end);
  }
  // A path taken for a folder because nothing was there may be a file now.
  const auto is_below = [&path = file.entry.path](const std::string& real) {
    return real.starts_with(path) && (real.size() == path.size() || real[path.size()] == '/');
  };
  const bool blocks = there == nodes_.end() && type != EntryType::directory && trail_.any_of(is_below);
  if (other || blocks) trail_.clear();
  Node node{type, layer_, type == EntryType::symlink ? file.entry.link : std::string(), write_line(file)};
  nodes_.insert_or_assign(std::move(file.entry.path), std::move(node));
}

/// A hard link shows what its file shows, and its bytes are where the file's are, also in a lower layer.
Result<ImageFile> LayerMerger::linked(const layer::FileEntry& entry, const std::string& path) {
  const auto refuse = [&](std::string_view why) {
    return fail(Errc::malformed, "/{} is a hard link to /{}, which {}", printable(path, 4096),
                printable(entry.link, 4096), why);
  };
  SLIPWAY_ASSIGN(const std::string target, place_of(entry.link));
  const auto node = nodes_.find(target);
  if (node == nodes_.end()) return refuse("is neither in its layer before it nor in a lower one");
  if (node->second.type == EntryType::directory) return refuse("is a folder");
  if (target == path) return refuse("is itself");
  if (node->second.layer != layer_) {
    doubt(fmt::format("/{} is a hard link to /{} of a lower layer: docker and podman do not find it",
                      printable(path, 4096), printable(target, 4096)));
  }
  SLIPWAY_ASSIGN(ImageFile file,
                 parse_line(std::string_view(node->second.record).substr(0, node->second.record.size() - 1)));
  // A link to a link leads to the first of the names; a link to a symlink or device is one more of those.
  if (file.entry.type == EntryType::regular) {
    file.entry.type = EntryType::hardlink;
    file.entry.link = target;
  }
  file.entry.path = path;
  return file;
}

Status LayerMerger::add_marker(const layer::FileEntry& entry) {
  if (entry.path.empty()) {
    hide("", false);
    return {};
  }
  const bool opaque = entry.type == EntryType::opaque;
  SLIPWAY_ASSIGN(const std::string place, place_of(opaque ? joined(entry.path, "x") : entry.path));
  opaque ? hide(std::string(parent_of(place)), false) : hide(place, true);
  return {};
}

Status LayerMerger::add(const layer::FileEntry& entry) {
  if (entry.type == EntryType::whiteout || entry.type == EntryType::opaque) return add_marker(entry);
  SLIPWAY_ASSIGN(std::string place, place_of(entry.path));
  if (place != entry.path) {
    doubt(fmt::format(
        "/{} lies behind a symlink: docker and podman put it elsewhere where the symlink is in a lower layer",
        printable(entry.path, 4096)));
  }
  make_parents(std::string(parent_of(place)));
  if (const auto twin = nodes_.find(place);
      twin != nodes_.end() && twin->second.layer == layer_ &&
      (twin->second.type != EntryType::directory || entry.type != EntryType::directory)) {
    doubt(fmt::format("/{} is in its layer twice: crane refuses that", printable(place, 4096)));
  }
  ImageFile file;
  if (entry.type == EntryType::hardlink) {
    SLIPWAY_ASSIGN(file, linked(entry, place));
  } else {
    file.entry = entry;
    file.entry.path = std::move(place);
    file.layer = layer_;
    if (has_bytes(entry.type)) file.member = entry.path;
  }
  put(std::move(file));
  return {};
}

FileList LayerMerger::finish() {
  std::string text;
  for (auto at = nodes_.begin(); at != nodes_.end(); at = nodes_.erase(at))
    text += at->second.record;
  // Lines of our own making, in the map's order.
  return FileList::parse(std::move(text)).value_or(FileList());
}

}  // namespace slipway::image
