#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "slipway/image/file_list.h"
#include "slipway/layer/file_tree.h"

namespace slipway::builder {

/// The files of an image under construction: the base's and those of the layers planned so far, which is what the next
/// layer lies over. Plain files, programs that everybody may start, and folders that are as any new one would be, are
/// remembered by a hash only (a million take 8 MiB): of those `find` knows type and mode, and no owner.
/// One thread at a time.
class LayerStack final : public layer::BaseFiles {
 public:
  /// `base`: nullptr for scratch; kept alive by the caller.
  explicit LayerStack(const image::FileList* base) : base_(base) {}

  /// True while there is nothing below.
  bool empty() const { return base_ == nullptr && levels_.empty(); }
  std::optional<layer::FileEntry> find(const std::string& path) const override;
  /// Puts a finished layer on top.
  Status add(const layer::FileTree& tree);

 private:
  struct Level {
    std::map<std::string, layer::FileEntry> entries;      ///< everything else
    std::vector<std::uint64_t> files, programs, folders;  ///< hashes of paths, sorted
    std::set<std::string> gone;                           ///< whiteouts
    std::set<std::string> covered;                        ///< folders of which nothing below shows

    bool hides(const std::string& path) const;
  };

  std::optional<layer::FileEntry> find_below(std::size_t levels, const std::string& path) const;
  void add_entry(Level& level, const layer::FileEntry& entry) const;

  const image::FileList* base_;
  std::vector<Level> levels_;
};

}  // namespace slipway::builder
