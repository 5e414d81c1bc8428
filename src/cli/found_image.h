#pragma once

#include "cli/context.h"
#include "slipway/image/file_list.h"
#include "slipway/store/target.h"

namespace slipway::cli {

/// An image named on the command line, found.
struct FoundImage {
  oci::Location location;
  std::shared_ptr<store::ReadTarget> target;
  store::TagOrDigest reference;
};

/// The help text of an argument that names an image.
inline constexpr const char* kImageHelp = "an image: a location, or an environment of slipway.yaml (ENV, ENV@vN)";

Result<FoundImage> find_image(Context& context, const std::string& text);

/// Its image for a platform (this machine's where an index offers several and none is named).
Result<image::Image> load_found(const FoundImage& found, const std::optional<std::string>& platform);

/// The refusal of a place that keeps no list of tags.
Error no_tag_list(const store::ReadTarget& place);

/// File lists kept in this user's cache folder.
image::FileListCache file_lists(Context& context);

}  // namespace slipway::cli
