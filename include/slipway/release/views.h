#pragma once

#include <map>
#include <string>
#include <vector>

#include "slipway/base/json.h"
#include "slipway/release/event.h"
#include "slipway/release/services.h"

namespace slipway::release {

/// One environment as `status` shows it.
struct StatusRow {
  std::string environment;
  oci::Location location = oci::Location::layout("");  ///< repository and moving tag
  std::optional<Recorded> active;
  bool pending = false;  ///< the tag points to the release before, or is not there; the next writing command moves it
  std::string lag;       ///< how a pending tag differs from the ledger, a sentence
  std::optional<Hold> hold;
  std::map<std::string, std::optional<std::int64_t>> behind;  ///< environment of `after` -> releases behind, if known
  std::vector<std::string> forks;                             ///< tags of ledger entries that share a number
  bool config_changed = false;  ///< the current config files differ from the active release's config
  std::string other_rules;      ///< that slipway.yaml has other rules now than at the release, a sentence; else empty
  std::string drift;            ///< how the tag differs from the ledger, a sentence; empty when it does not
};

/// Returns one row for each environment, in the order of slipway.yaml.
Result<std::vector<StatusRow>> read_status(const Project& project, const ReleaseServices& services);

/// Returns "exclusive" where one lock covers all writers (a layout) or tags cannot be overwritten, "bounded" where
/// intents decide within a time and the fence keeps out writers that put none, else "detected": two writers at the same
/// time are both told, afterwards.
std::string_view guarantee_of(const Project& project);

/// Returns a row of `history -o json` (docs/CONTRACT.md "Output").
Json history_row(const Recorded& recorded, bool active);
/// Returns an environment of `status -o json`.
Json status_row(const StatusRow& row);

}  // namespace slipway::release
