#pragma once

#include "slipway/run/reference_finder.h"

namespace slipway::run {

/// True for a mapping with apiVersion and kind.
bool is_kubernetes_object(const config::Node& document);

/// Adds the image references of one object (or List) to `findings`, and notes
/// for those that must be left alone.
void collect_references(const config::Node& object, Findings& findings);

}  // namespace slipway::run
