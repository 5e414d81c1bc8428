#pragma once

#include <optional>
#include <string>

#include "cli/context.h"
#include "slipway/builder/build.h"

namespace slipway::cli {

/// The options of `retire --builds`.
struct RetireBuildsFlags {
  bool builds = false;
  std::optional<std::string> age, wait, in_use;
  bool only_ledgers = false;
  int keep = 0;
};

/// Records in each registry when the build was pushed, for `slipway retire --builds`. The image is published: a record
/// that cannot be written is a warning.
void record_pushes(Context& context, const builder::BuildRequest& request, const Digest& build);

/// Gives up builds of image.repository that no ledger needs.
Result<int> run_retire_builds(Context& context, const RetireBuildsFlags& flags);

}  // namespace slipway::cli
