#pragma once

#include <cstddef>
#include <string_view>

#include "config/tree_builder.h"

namespace slipway::config {

/// Reads documents from the beginning of a text, as long as they are simple: block collections of plain keys, whose
/// values stand on one line, plain, in quotes without escapes, or as a flow collection of such values. The builder gets
/// the events that libfyaml gives for them, at an eighth of the time. Returns the offset behind what was read: the
/// beginning of the first document that is not simple, or the end. `base` is the offset of the text in the one that
/// ranges are for.
///
/// libfyaml decides what YAML is: everything that is not certain is not simple, and whatever pin changes is read by
/// libfyaml before it is written (splice.h).
Result<std::size_t> read_simple_documents(std::string_view text, std::size_t base, TreeBuilder& builder);

}  // namespace slipway::config
