#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "slipway/base/path_trail.h"
#include "slipway/image/file_list.h"
#include "slipway/layer/paged_map.h"
#include "slipway/layer/path_walk.h"

namespace slipway::image {

/// Lays one layer after the other over what is there, in bounded memory. One thread at a time.
class LayerMerger {
 public:
  /// Receives, for people, each entry that is placed here and that some other runtime refuses or puts elsewhere.
  using Doubt = std::function<void(std::string)>;

  explicit LayerMerger(layer::SpillPlace spill = {}, Doubt doubt = {})
      : spill_(spill), doubt_(std::move(doubt)), nodes_(std::move(spill)) {}

  /// Entries from now on belong to the next layer.
  void next_layer();
  /// Errc::malformed, naming the entry, where it fits nowhere; others are the disk's.
  Status add(const layer::FileEntry& entry);
  Result<FileList> finish();

 private:
  /// A node of the tree; its views are valid until the next call of the map.
  struct Node {
    layer::EntryType type;
    std::uint32_t layer;      // that put it there
    std::string_view link;    // symlinks
    std::string_view record;  // the line of the file list, with its newline
  };

  static std::string encode(const Node& node);
  static Node decode(std::string_view bytes);

  void doubt(std::string text);
  Result<std::optional<Node>> node_at(std::string_view path);
  Status add_marker(const layer::FileEntry& entry);
  Result<std::string> place_of(const std::string& path);
  Result<std::string> real_folder(std::string_view folder, const std::string& path);
  Result<std::string> resolved(const std::string& name);
  /// True for what a folder of this layer replaces without being asked: a file of a lower layer.
  bool gives_way(const Node& node) const;
  Status make_parents(const std::string& folder);
  Status check_twin(const std::string& place, layer::EntryType type);
  Status put(ImageFile file);
  Result<ImageFile> linked(const layer::FileEntry& entry, const std::string& path);
  /// Removes what lower layers have at and below a folder, the folder itself too when `whole`.
  Status hide(const std::string& path, bool whole);

  layer::SpillPlace spill_;
  Doubt doubt_;
  layer::PagedMap nodes_;
  std::uint32_t layer_ = 0;
  bool started_ = false;
  PathTrail<std::string> trail_;  // of a layer's entries, which come folder by folder: the folders without symlinks
};

}  // namespace slipway::image
