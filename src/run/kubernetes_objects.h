#pragma once

#include "run/image_collector.h"

namespace slipway::run {

/// True for a mapping with apiVersion and kind.
bool is_kubernetes_object(const config::Node& document);

/// Collects the image references of one object (or List), and notes for those that must be left alone.
void collect_references(const config::Node& object, const PinOptions& options, ImageCollector& images);

}  // namespace slipway::run
