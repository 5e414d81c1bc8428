#pragma once

#include <string>
#include <string_view>

#include "cli/context.h"

namespace slipway::cli {

/// Answers the completion scripts: the words of a kind ("environments", "references" or "apps") that may follow
/// `prefix`, one a line. Environments and apps come from slipway.yaml, layouts and their tags from the disk; no
/// network. Says nothing where something is wrong.
std::string words_for_completion(Context& context, std::string_view kind, const std::string& prefix);

}  // namespace slipway::cli
