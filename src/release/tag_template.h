#pragma once

#include <optional>
#include <string>
#include <vector>

#include "slipway/base/result.h"

namespace slipway::release {

/// The values of the placeholders of a tag template; empty: the build does not say.
struct TagWords {
  std::string number;
  std::string version;
  std::string revision;
};

/// Checks "{version}-{number}" and the like without knowing the build; Errc::invalid_argument.
Status check_tag_template(const std::string& text);

/// The tag that a template gives. Errc::invalid_argument when the build lacks a word or the result is not a tag.
Result<std::string> expand_tag_template(const std::string& text, const TagWords& words);

}  // namespace slipway::release
