#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "slipway/config/yaml.h"

namespace slipway::config {

/// True for text that stands for itself, as text, when written plain in YAML 1.1 and 1.2 alike,
/// in block and flow style. Errs on the side of false.
bool is_safe_plain(std::string_view text);

/// A scalar as it is written in `style`; plain becomes double quoted where the text needs it.
/// nullopt for text with line ends or control characters, and for block scalars.
std::optional<std::string> write_scalar(std::string_view text, Node::Style style);

}  // namespace slipway::config
