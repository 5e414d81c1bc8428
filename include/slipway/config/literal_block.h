#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "slipway/config/yaml.h"

namespace slipway::config {

/// The lines of a literal block scalar (`|`) in their two forms: as text, and as bytes of the file behind their
/// indentation. A literal block has no escapes, so bytes of a line can be replaced in the file. A value.
class LiteralBlock {
 public:
  /// Returns the lines of a node of `text`; nullopt if it is not a literal block, but a folded one or another scalar.
  static std::optional<LiteralBlock> of(std::string_view text, const Node& node);

  /// Returns the bytes of the file for bytes of the scalar, and the other way round; nullopt if they are not inside one
  /// line.
  std::optional<Range> in_file(Range in_scalar) const;
  std::optional<Range> in_scalar(Range in_file) const;

 private:
  struct Line {
    std::size_t in_scalar, in_file, size;
  };
  std::vector<Line> lines_;
};

}  // namespace slipway::config
