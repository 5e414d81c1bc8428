#include "image/layer_merger.h"

#include <cstring>

#include "image/file_line.h"
#include "image/file_list_pages.h"
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

std::string LayerMerger::encode(const Node& node) {
  std::string bytes(1, static_cast<char>(node.type));
  const auto add_number = [&bytes](std::uint32_t number) {
    char text[sizeof number];
    std::memcpy(text, &number, sizeof number);
    bytes.append(text, sizeof number);
  };
  add_number(node.layer);
  add_number(static_cast<std::uint32_t>(node.link.size()));
  return bytes.append(node.link).append(node.record);
}

LayerMerger::Node LayerMerger::decode(std::string_view bytes) {
  std::uint32_t layer = 0, link = 0;
  std::memcpy(&layer, bytes.data() + 1, sizeof layer);
  std::memcpy(&link, bytes.data() + 1 + sizeof layer, sizeof link);
  const std::string_view rest = bytes.substr(1 + sizeof layer + sizeof link);
  return {static_cast<EntryType>(bytes[0]), layer, rest.substr(0, link), rest.substr(link)};
}

Result<std::optional<LayerMerger::Node>> LayerMerger::node_at(std::string_view path) {
  SLIPWAY_ASSIGN(const std::string* const found, nodes_.find(path));
  return found != nullptr ? std::optional(decode(*found)) : std::nullopt;
}

void LayerMerger::doubt(std::string text) {
  if (doubt_) doubt_(std::move(text));
}

// image-spec layer.md: whiteouts apply to lower layers only, wherever they stand in their own.
Status LayerMerger::hide(const std::string& path, bool whole) {
  trail_.clear();
  bool kept = false;
  SLIPWAY_TRY(nodes_.erase_if(path.empty() ? path : path + '/', [&](std::string_view bytes) {
    const bool own = decode(bytes).layer == layer_;
    kept = kept || own;
    return !own;
  }));
  if (!whole || kept) return {};
  SLIPWAY_ASSIGN(const auto self, node_at(path));
  return self && self->layer != layer_ ? nodes_.erase(path) : Status();
}

/// Returns the place of a path of this layer's tar: its folder's symlinks are followed inside the root, its own name is
/// not. A file of a lower layer gives way to a folder; below a file of this layer nothing can lie.
Result<std::string> LayerMerger::place_of(const std::string& path) {
  const std::string_view parent = parent_of(path);
  if (parent.empty()) return path;
  SLIPWAY_ASSIGN(const std::string real, real_folder(parent, path));
  return joined(real, path.substr(parent.size() + 1));
}

/// Returns the path without symlinks of a folder's member, as an entry below it finds it.
Result<std::string> LayerMerger::resolved(const std::string& name) {
  Status read;
  const auto lookup = [this, &read](const std::string& at) -> std::optional<Step> {
    auto node = node_at(at);
    if (!node) read = fail(std::move(node).error());
    if (!node || !*node || gives_way(**node)) return std::nullopt;
    return Step{(*node)->type, std::string((*node)->link)};
  };
  auto real = real_path(name, true, lookup, trail_.empty() ? std::string_view() : std::string_view(trail_.back()));
  SLIPWAY_TRY(std::move(read));
  if (!real) return fail(Errc::malformed, "{}", real.error().message);
  return real;
}

/// Returns the path without symlinks of the folder of this layer's tar that `path` lies in.
Result<std::string> LayerMerger::real_folder(std::string_view folder, const std::string& path) {
  trail_.go_back(folder);
  while (!trail_.is_at(folder)) {
    const std::string name(trail_.next_name(folder));
    SLIPWAY_ASSIGN(std::string real, resolved(name));
    SLIPWAY_ASSIGN(const auto node, node_at(real));
    if (node && node->type != EntryType::directory && !gives_way(*node)) {
      return fail(Errc::malformed, "/{} lies below /{}, which is not a folder", printable(path, 4096),
                  printable(real, 4096));
    }
    trail_.add(name, std::move(real));
  }
  return trail_.empty() ? std::string() : trail_.back();
}

bool LayerMerger::gives_way(const Node& node) const {
  return node.layer != layer_ && node.type != EntryType::directory && node.type != EntryType::symlink;
}

Status LayerMerger::make_parents(const std::string& folder) {
  if (folder.empty()) return {};
  SLIPWAY_ASSIGN(const auto node, node_at(folder));
  if (node && !gives_way(*node)) return {};
  if (node)
    doubt(fmt::format("/{}, a file of a lower layer, becomes a folder without an entry", printable(folder, 4096)));
  SLIPWAY_TRY(make_parents(std::string(parent_of(folder))));
  ImageFile made;
  made.entry.path = folder;
  made.entry.type = EntryType::directory;
  made.entry.mode = 0755;
  made.layer = layer_;
  return put(std::move(made));
}

Status LayerMerger::put(ImageFile file) {
  const EntryType type = file.entry.type;
  SLIPWAY_ASSIGN(const auto there, node_at(file.entry.path));
  const bool other = there && (there->type != type || type == EntryType::symlink);
  const bool is_new = !there;
  if (other) SLIPWAY_TRY(nodes_.erase_if(file.entry.path + '/', [](std::string_view) { return true; }));
  // A path taken for a folder because nothing was there may be a file now.
  const auto is_below = [&path = file.entry.path](const std::string& real) {
    return real.starts_with(path) && (real.size() == path.size() || real[path.size()] == '/');
  };
  const bool blocks = is_new && type != EntryType::directory && trail_.any_of(is_below);
  if (other || blocks) trail_.clear();
  const std::string record = write_line(file);
  const std::string_view link = type == EntryType::symlink ? std::string_view(file.entry.link) : std::string_view();
  return nodes_.put(file.entry.path, encode({type, layer_, link, record}));
}

/// A hard link shows what its file shows, and its bytes are where the file's are, also in a lower layer.
Result<ImageFile> LayerMerger::linked(const layer::FileEntry& entry, const std::string& path) {
  const auto refuse = [&](std::string_view why) {
    return fail(Errc::malformed, "/{} is a hard link to /{}, which {}", printable(path, 4096),
                printable(entry.link, 4096), why);
  };
  SLIPWAY_ASSIGN(const std::string target, place_of(entry.link));
  SLIPWAY_ASSIGN(const auto node, node_at(target));
  if (!node) return refuse("is neither in its layer before it nor in a lower one");
  if (node->type == EntryType::directory) return refuse("is a folder");
  if (target == path) return refuse("is itself");
  if (node->layer != layer_) {
    doubt(fmt::format("/{} is a hard link to /{} of a lower layer: docker and podman do not find it",
                      printable(path, 4096), printable(target, 4096)));
  }
  SLIPWAY_ASSIGN(ImageFile file, parse_line(node->record.substr(0, node->record.size() - 1)));
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
    return hide("", false);
  }
  const bool opaque = entry.type == EntryType::opaque;
  SLIPWAY_ASSIGN(const std::string place, place_of(opaque ? joined(entry.path, "x") : entry.path));
  return opaque ? hide(std::string(parent_of(place)), false) : hide(place, true);
}

Status LayerMerger::check_twin(const std::string& place, EntryType type) {
  if (!doubt_) return {};
  SLIPWAY_ASSIGN(const auto twin, node_at(place));
  const bool again =
      twin && twin->layer == layer_ && (twin->type != EntryType::directory || type != EntryType::directory);
  if (again) doubt(fmt::format("/{} is in its layer twice: crane refuses that", printable(place, 4096)));
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
  SLIPWAY_TRY(make_parents(std::string(parent_of(place))));
  SLIPWAY_TRY(check_twin(place, entry.type));
  ImageFile file;
  if (entry.type == EntryType::hardlink) {
    SLIPWAY_ASSIGN(file, linked(entry, place));
  } else {
    file.entry = entry;
    file.entry.path = std::move(place);
    file.layer = layer_;
    if (has_bytes(entry.type)) file.member = entry.path;
  }
  return put(std::move(file));
}

Result<FileList> LayerMerger::finish() {
  FileListWriter list(std::move(spill_));
  SLIPWAY_TRY(nodes_.visit(
      "", [&list](std::string_view path, std::string_view bytes) { return list.add(path, decode(bytes).record); }));
  return std::move(list).finish();
}

}  // namespace slipway::image
