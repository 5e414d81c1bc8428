#pragma once

#include <optional>

#include "cli/context.h"
#include "slipway/base/error.h"
#include "slipway/registry/credentials.h"

namespace slipway::cli {

/// Returns the login that the user gave for one side of this run alone: USER:PASSWORD in SLIPWAY_SRC_CREDS or
/// SLIPWAY_DEST_CREDS, else in SLIPWAY_CREDS; "fd:N" there means that descriptor N holds it. nullopt where none is
/// given, and the files decide. Every user of a machine can read command lines, so passwords are never taken from
/// there. Reads a descriptor to its first line end: once. Errc::invalid_argument, without quoting the text.
Result<std::optional<registry::Credential>> side_login(const EnvLookup& env, Side side);

}  // namespace slipway::cli
