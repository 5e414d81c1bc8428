#pragma once

#include <memory>

#include "cli/context.h"
#include "slipway/store/opener.h"

namespace slipway::cli {

/// One image to copy.
struct CopyJob {
  oci::Location from, to;  ///< `to` with the tag it will have, if any
};

/// Returns the destination with SRC's tag where it has none. docker's archives name images by whole references.
oci::Location with_tag_of(const oci::Location& from, oci::Location to);

/// The arguments of `copy`, before anything is read or written.
struct CopyWords {
  std::vector<std::string> words;   ///< SRC... DST
  std::optional<std::string> list;  ///< a file of lines "SRC" or "SRC DST"
  bool all_tags = false;
};

/// The jobs in their order. Errc::invalid_argument for two images with one destination, for a source without a tag
/// where a prefix needs one, and for destinations with a digest. Lists the tags of sources with `all_tags`.
Result<std::vector<CopyJob>> plan_copies(Context& context, const CopyWords& words);

}  // namespace slipway::cli
