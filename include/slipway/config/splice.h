#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "slipway/config/yaml.h"

namespace slipway::config {

/// Replaces the scalar whose bytes are `range` by `value`.
struct Edit {
  Range range;
  std::string value;
};

/// Applies edits to a YAML text, changing no other byte: quote style, anchors, tags, comments,
/// line ends and indentation survive. A plain scalar gets double quotes only where the new
/// value needs them. Edits may come in any order; equal ones count once. The result is parsed
/// again and compared with the tree before: Errc::internal if anything but the edited scalars
/// changed. Errc::invalid_argument if a range is not that of a value, if two edits of one
/// range differ, or if a value cannot be written there (block scalars, line ends).
Result<std::string> splice_yaml(std::string_view text, const std::string& file, std::vector<Edit> edits);

}  // namespace slipway::config
