#include "cli/version.h"

namespace slipway::cli {

std::string_view version() { return SLIPWAY_VERSION; }

std::string tool_name() { return "slipway-" + std::string(version()); }

}  // namespace slipway::cli
