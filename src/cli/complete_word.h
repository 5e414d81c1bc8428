#pragma once

#include <string>
#include <string_view>

#include "cli/context.h"

namespace slipway::cli {

/// Answers the completion scripts: the words of a kind ("environments", "references", "layers" or "apps") that may
/// follow `prefix`, one a line. Environments, layers and apps come from slipway.yaml, layouts and their tags from the
/// disk, tags of registries from a list that is kept for a minute. Says nothing where something is wrong.
std::string words_for_completion(Context& context, std::string_view kind, const std::string& prefix);

}  // namespace slipway::cli
