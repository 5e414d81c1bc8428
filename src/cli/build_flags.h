#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/image_results.h"
#include "cli/options.h"
#include "slipway/builder/recipe.h"

namespace slipway::cli {

/// The options of `slipway build`.
struct BuildFlags {
  builder::AdHocRequest request;
  std::optional<std::string> base;
  std::vector<std::string> tags, to;
  std::optional<std::string> created, codec;
  bool push = false, locked = false, update_base = false, no_cache = false, check = false, no_check = false;
  bool strict = false, explain = false, split_debug = false, check_symbols = false;
  std::vector<std::string> sboms, sbom_includes;
  std::optional<std::string> cache_limit;
  ResultFiles files;
};

/// Declares the options; `flags` must outlive them.
void bind_build_flags(OptionSet& options, BuildFlags& flags);

}  // namespace slipway::cli
