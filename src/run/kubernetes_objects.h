#pragma once

#include "run/image_collector.h"

namespace slipway::run {

/// True for a mapping with apiVersion and kind.
bool is_kubernetes_object(const config::Node& document);

/// Returns how many values look like images without a digest in a document of unknown shape and were not collected: an
/// image of a container, one with a tag, or one in the lines of a text.
std::size_t count_images(const config::Node& node, const ImageCollector& images);

/// Collects the image references of one object (or List), and notes for those that must be left alone.
void collect_references(const config::Node& object, const PinOptions& options, ImageCollector& images);

}  // namespace slipway::run
