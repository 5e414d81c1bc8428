#pragma once

#include <memory>
#include <string>
#include <vector>

#include "builder/platform_plan.h"
#include "slipway/store/target.h"

namespace slipway::builder {

/// The layout that layers are written to: the destination itself if it is a lone layout, else one of the state folder.
struct Workplace {
  std::shared_ptr<store::Target> target;  ///< nothing with --dry-run: layers are hashed and not stored
  store::BlobIngest* ingest = nullptr;    ///< of `target`
  bool is_destination = false;
};

Result<Workplace> open_workplace(const BuildRequest& request, const BuildServices& services);

/// One layer as it was stored.
struct FinishedLayer {
  std::string name;
  Digest diff_id;
  Digest digest;
  std::int64_t size = 0;
};

/// The layers of every plan, in the order of plans and their layers.
using WrittenLayers = std::vector<std::vector<FinishedLayer>>;

/// Writes each layer once, whatever number of platforms has it, several at a time; takes those that an earlier build
/// made of the same files and that are still in the workplace.
Result<WrittenLayers> write_layers(const Recipe& recipe, const std::vector<PlatformPlan>& plans,
                                   const Workplace& workplace, const BuildServices& services);

}  // namespace slipway::builder
