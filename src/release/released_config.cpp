#include "slipway/release/released_config.h"

namespace slipway::release {

Result<ConfigValues> config_of(const Project& project, const Entry& entry, const ReleaseServices& services) {
  SLIPWAY_ASSIGN(const auto target, services.opener->open_for_reading(project.ledger, Side::destination));
  auto config = fetch_config(*target, entry.config);
  if (config) return config;
  return fail(
      std::move(config).error().in(fmt::format("reading the config of {} v{}", entry.environment, entry.number)));
}

}  // namespace slipway::release
