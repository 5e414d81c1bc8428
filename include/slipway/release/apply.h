#pragma once

#include "slipway/release/planning.h"

namespace slipway::release {

/// Carries out a plan: takes the environment's turn from the Sequencer, refreshes the ledger, judges the plan's policy
/// again, and then writes the journal, blobs and manifests, keep tags, config, entry, evidence and moving tag, in this
/// order. The entry is the commit: before it nothing is released; after it this run or the next writer finishes the
/// release. Returns the release that is active afterwards.
///
/// Idempotent: applied again after a crash a plan completes, and a plan that was committed is not committed twice. One
/// thread at a time for each Ledger. Errc::conflict when ledger or tag are not as the plan expects, policy_denied when
/// the policy refuses, cancelled when stopped before the commit; later a stop request has no effect.
Result<Recorded> apply(const Planned& planned, Ledger& ledger, const ReleaseServices& services);

}  // namespace slipway::release
