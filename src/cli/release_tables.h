#pragma once

#include "cli/context.h"
#include "cli/table.h"
#include "slipway/release/ledger.h"
#include "slipway/release/views.h"

namespace slipway::cli {

/// The environments of an app, a row each: release, digests, age, and in one word how it stands. Details that a row has
/// no room for are lines below it.
Table status_table(const Context& context, const std::vector<release::StatusRow>& rows);

/// The releases of an environment, newest first, the active one marked with a star; lost forks are marked with "!".
Table history_table(const Context& context, const release::Chain& chain);

}  // namespace slipway::cli
