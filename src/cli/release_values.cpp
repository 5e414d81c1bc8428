#include "cli/release_values.h"

#include <algorithm>

#include "slipway/run/secret_resolver.h"

namespace slipway::cli {

Result<Values> plain_values(const release::ConfigValues& config) {
  return Values(config.values.begin(), config.values.end());
}

Result<Values> values_with_secrets(Context& context, const Loaded& loaded, const release::Entry& entry,
                                   const release::ConfigValues& config) {
  SLIPWAY_ASSIGN(Values values, plain_values(config));
  const run::SecretPlaces places{context.fs(), context.surroundings().env, loaded.folder, entry.app, entry.environment};
  SLIPWAY_ASSIGN(const auto secrets, run::resolve_secrets(config.secrets, places, context.stop()));
  for (const auto& [name, secret] : secrets)
    values.emplace_back(name, secret.reveal());
  std::sort(values.begin(), values.end());
  return values;
}

}  // namespace slipway::cli
