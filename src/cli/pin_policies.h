#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/context.h"
#include "slipway/base/diagnostics.h"
#include "slipway/config/yaml.h"
#include "slipway/run/pin.h"

namespace slipway::cli {

/// The update policy of one image, as in `pin.update` of slipway.yaml.
struct NamedPolicy {
  std::string name;  ///< "nginx", "registry.example.com/team/app"; "*" for all others
  run::UpdatePolicy policy;
};

/// The section `pin` of slipway.yaml.
struct PinSettings {
  std::vector<NamedPolicy> policies;
  std::vector<std::string> exclude;      ///< patterns, as of --exclude
  std::vector<run::FormatRule> formats;  ///< as of --format
  std::string helm;                      ///< as of --helm; empty if it is not given
};

/// Adds `pin` of a document of slipway.yaml to the settings, reporting every mistake at its place.
void decode_pin(const config::Node& document, PinSettings& settings, Diagnostics& diagnostics);

/// Returns the settings of all apps of the slipway.yaml of --file, else of the nearest one upwards; none without a
/// file.
Result<PinSettings> load_pin_settings(const Context& context);

/// Returns what PinOptions::choose_tag asks: references whose names are in `update` move by the policy beside them,
/// else by the first of `policies` that has their name, else by that for "*". The tags of a repository are listed once.
/// `context` outlives it; one thread at a time.
Result<decltype(run::PinOptions::choose_tag)> tag_chooser(Context& context, const std::vector<std::string>& update,
                                                          std::vector<NamedPolicy> policies);

}  // namespace slipway::cli
