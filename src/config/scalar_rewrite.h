#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "slipway/config/yaml.h"

namespace slipway::config {

/// Bytes that take the place of others.
struct Piece {
  Range range;
  std::string written;
};

/// Returns the bytes to replace so that a scalar of several lines has the text `value`, and every line of it that stays
/// the same keeps its bytes. In a literal block (`|`) lines may change and be added. In a folded block and in a quoted
/// or plain scalar, words inside lines may change, if they stand in the file as they are read, without escapes. nullopt
/// if the text cannot be written so. `text` is the file that `node` was read from.
std::optional<std::vector<Piece>> rewrite_scalar(std::string_view text, const Node& node, std::string_view value);

/// Returns a range of a text and its new bytes, without what the texts before and after have in common in front and
/// behind. `offset` is where `before` begins.
Piece changed_part(std::string_view before, std::string_view after, std::size_t offset);

}  // namespace slipway::config
