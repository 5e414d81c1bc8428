#pragma once

#include <string>

#include "slipway/release/environment.h"
#include "slipway/release/ledger.h"

namespace slipway::release {

/// Compares the rules that a release was judged by with those that slipway.yaml has now. Returns the difference as a
/// sentence, which says whether the build was ever where `after` wants it first; empty when the rules are the same, or
/// the entry records none. It proves no fault: rules change. Asks the ledger only when they differ.
Result<std::string> other_rules(const Project& project, const Environment& environment, const Recorded& active,
                                Ledger& ledger);

}  // namespace slipway::release
