#pragma once

#include <cstdint>
#include <string>

#include "slipway/layer/file_tree.h"
#include "slipway/layer/record_sorter.h"
#include "slipway/layer/record_spool.h"

namespace slipway::layer {

/// A finished tree: records of entries, and which of them are hard links. Never changed once a FileTree has it.
struct TreeContents {
  RecordSpool entries;  ///< encoded, in the order of the tar
  RecordSorter links;   ///< number of an entry -> the path that it is a hard link to
  std::uint64_t count;  ///< entries
  Listing listing;
};

/// Returns a number as eight bytes that sort as the number does.
inline std::string number_key(std::uint64_t value) {
  std::string text(sizeof value, '\0');
  for (std::size_t i = text.size(); i > 0; --i, value >>= 8)
    text[i - 1] = static_cast<char>(value & 0xff);
  return text;
}

}  // namespace slipway::layer
