#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "builder/debug_split.h"
#include "builder/inputs.h"
#include "builder/layer_plan.h"
#include "builder/planning_files.h"
#include "slipway/image/image.h"

namespace slipway::builder {

/// Everything that is known about one platform's image before a byte of it is packed.
struct PlatformPlan {
  oci::Platform platform;
  std::unique_ptr<PlanningFiles> disk = {};          ///< where an observer watches: what the members below read through
  std::optional<image::Image> base = {};             ///< nothing: scratch
  std::unique_ptr<image::FileList> base_files = {};  ///< nothing: scratch, or no layer lies over the base
  std::vector<PlannedLayer> layers = {};             ///< the lowest first
  std::unique_ptr<LayerStack> files = {};            ///< of base and layers
  std::map<std::string, DebugFile> debug = {};       ///< debug information taken out of programs, by build-id
  std::vector<LayerContents> contents = {};          ///< with BuildRequest::explain only
};

/// Plans every platform. If none is named, it is that of the first program or library among the files, else the
/// base's if that has one, else this machine's, with a warning; files are listed again only if planning for another
/// platform would give another plan. All mistakes at once, Errc::invalid_argument; warnings go to `diagnostics`.
Result<std::vector<PlatformPlan>> plan_platforms(const Recipe& recipe, const BuildRequest& request,
                                                 const Inputs& inputs, const BuildServices& services,
                                                 Diagnostics& diagnostics);

}  // namespace slipway::builder
