#pragma once

#include <string>
#include <string_view>

#include "slipway/base/json.h"
#include "slipway/base/result.h"

namespace slipway::cli {

/// Foreign text made safe for a terminal, line by line: control characters, C1 and bidirectional ones are escaped, the
/// newlines stay. Everything printed as text goes through here.
std::string safe_text(std::string_view text);

/// JSON text whose strings hold no character that deceives a terminal: these become \u escapes, which mean the same.
std::string safe_json(std::string_view json);

/// A document as YAML 1.2 in block style, members in their order, strings quoted unless they are plain words.
std::string yaml_of(const Json& document);

/// The values of `member` ("digest" or "location") in a document, one a line, in its order: those of the outermost
/// objects that have one. Errc::invalid_argument when the document has none.
Result<std::string> lines_of(const Json& document, std::string_view member);

}  // namespace slipway::cli
