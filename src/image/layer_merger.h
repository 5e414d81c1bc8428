#pragma once

#include <map>
#include <string>
#include <vector>

#include "slipway/base/path_trail.h"
#include "slipway/image/file_list.h"
#include "slipway/layer/path_walk.h"

namespace slipway::image {

/// Lays one layer after the other over what is there. One thread at a time.
class LayerMerger {
 public:
  /// Entries from now on belong to the next layer.
  void next_layer();
  /// Errc::malformed, naming the entry, where it fits nowhere.
  Status add(const layer::FileEntry& entry);
  FileList finish();
  /// The entries that are placed here and that some other runtime refuses or puts elsewhere, for people; at most
  /// kMostDoubts.
  const std::vector<std::string>& doubts() const { return doubts_; }
  static constexpr std::size_t kMostDoubts = 20;

 private:
  struct Node {
    layer::EntryType type;
    std::uint32_t layer;  // that put it there
    std::string link;     // symlinks
    std::string record;   // the line of the file list
  };
  using Nodes = std::map<std::string, Node>;

  void doubt(std::string text);
  Status add_marker(const layer::FileEntry& entry);
  Result<std::string> place_of(const std::string& path);
  Result<std::string> real_folder(std::string_view folder, const std::string& path);
  /// True for what a folder of this layer replaces without being asked: a file of a lower layer.
  bool gives_way(const Node& node) const;
  void make_parents(const std::string& folder);
  void put(ImageFile file);
  Result<ImageFile> linked(const layer::FileEntry& entry, const std::string& path);
  /// Removes what lower layers have at and below a folder, the folder itself too when `whole`.
  void hide(const std::string& path, bool whole);
  std::pair<Nodes::iterator, Nodes::iterator> below(const std::string& path);

  Nodes nodes_;
  std::vector<std::string> doubts_;
  std::uint32_t layer_ = 0;
  bool started_ = false;
  PathTrail<std::string> trail_;  // of a layer's entries, which come folder by folder: the folders without symlinks
};

}  // namespace slipway::image
