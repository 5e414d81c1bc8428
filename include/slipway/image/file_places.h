#pragma once

#include <cstdint>
#include <mutex>
#include <string_view>
#include <vector>

#include "slipway/image/file_list.h"
#include "slipway/layer/paged_map.h"

namespace slipway::image {

/// The paths of an image that show the bytes of a layer's entry, for readers of layers: most often one, the entry's
/// own; more for hard links, another behind symlinks, none for what a later layer replaced. Thread-safe.
class FilePlaces {
 public:
  /// `files` outlives it. Errors are the disk's.
  static Result<FilePlaces> of(const FileList& files, layer::SpillPlace spill);
  FilePlaces(FilePlaces&&) noexcept;

  /// Returns the indexes in the list, ascending, of the paths whose bytes are those of an entry of a layer's tar.
  Result<std::vector<std::size_t>> of_entry(std::uint32_t layer, std::string_view member) const;
  /// Returns the number of entries of a layer that have a path.
  std::uint64_t entries_of(std::uint32_t layer) const;

 private:
  FilePlaces(const FileList& files, layer::SpillPlace spill) : files_(&files), others_(std::move(spill)) {}

  const FileList* files_;
  mutable std::mutex mutex_;            // guards others_
  mutable layer::PagedMap others_;      ///< layer, member and index of the paths that are not called like their member
  std::vector<std::uint64_t> entries_;  ///< by layer
};

}  // namespace slipway::image
