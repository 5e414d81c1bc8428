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
  bool pending = false;  ///< the tag still has the release before: the next writing command moves it
  std::optional<Hold> hold;
  std::map<std::string, std::optional<std::int64_t>> behind;  ///< of what comes before: releases since, if known
  std::vector<std::string> forks;                             ///< tags of ledger entries that have one number together
  bool config_changed = false;  ///< the config files of today are not the active release's config
  std::string drift;            ///< why the tag is not what the ledger says; empty when it is
};

/// One row for each environment, in the order of the file.
Result<std::vector<StatusRow>> read_status(const Project& project, const ReleaseServices& services);

/// "exclusive" where one lock covers all writers (a layout) or tags cannot be overwritten, else "detected".
std::string_view guarantee_of(const Project& project);

/// A row of `history -o json` (docs/CONTRACT.md "Output").
Json history_row(const Recorded& recorded, bool active);
/// An environment of `status -o json`.
Json status_row(const StatusRow& row);

}  // namespace slipway::release
