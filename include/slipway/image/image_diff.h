#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "slipway/image/image.h"
#include "slipway/layer/spill.h"

namespace slipway::image {

/// One thing in which two images differ.
struct Difference {
  enum class Part { manifest, annotation, config, layer, file } part;
  std::string layer;  ///< part layer and file: "2", or "2 (name)" where the history tells a name; of B where it has it
  std::string path;   ///< file: its name in the tar; annotation and config: the key
  std::string field;  ///< the property that differs: "mode", "content", "mediaType"...; empty for the thing itself
  std::optional<std::string> a, b;  ///< the values; nullopt on a side that does not have it
};

/// An image and where its layers are read from.
struct ImageAt {
  store::ReadTarget& target;
  const Image& image;
};

/// Visits a difference; an error ends the comparison with it.
using DifferenceVisitor = std::function<Status(const Difference& difference)>;

/// Visits every difference of two images, down to header fields of single files, while they are compared. Only layers
/// with different diff IDs are read, as streams. Nothing is visited if and only if the manifests are the same bytes.
/// Entries that outgrow `spill.memory` go to its folder: memory does not grow with the layers. Errors are those of the
/// targets, of foreign bytes, of the disk and of `visit`; what was visited before one holds.
Status compare_images(const ImageAt& a, const ImageAt& b, const DifferenceVisitor& visit, std::stop_token stop = {},
                      const layer::SpillPlace& spill = {});

/// The bytes that must move to get one image to where another is.
struct TransferCost {
  std::int64_t bytes = 0;         ///< of blobs and manifests that are missing
  std::int64_t blobs = 0;         ///< how many of them
  std::int64_t shared_bytes = 0;  ///< of those that are there
};
/// Returns the cost for a place that has the images `there` and is to get `wanted`; blobs of one digest count once.
TransferCost transfer_cost(const std::vector<Image>& there, const std::vector<Image>& wanted);

}  // namespace slipway::image
