#pragma once

#include <vector>

#include "builder/platform_plan.h"

namespace slipway::builder {

/// A reason why an image may not run.
struct Finding {
  Error error;                 ///< Errc::verification_failed, with a hint
  bool of_entrypoint = false;  ///< nothing starts at all
};

/// Looks at a planned image as the kernel and the loader would: entrypoint or cmd is resolved through PATH, workdir and
/// symlinks; it must be there, be executable by the image's user, be for the image's machine, and have its interpreter
/// and libraries in the image. The same is asked of every program and script that the recipe brings. Files of the base
/// are known by path, type and mode alone; an entrypoint that is only inherited is not fatal.
///
/// Not judged: systems other than linux, paths below a volume, permissions of users whose number the config does not
/// say, libraries of an image that has an ld.so.conf or ld.so.cache of its own, and files that are neither ELF nor a
/// script. Only files with an execute bit are opened, and only their headers read.
Result<std::vector<Finding>> look_at_image(const Recipe& recipe, const PlatformPlan& plan, FileSystem& fs);

}  // namespace slipway::builder
