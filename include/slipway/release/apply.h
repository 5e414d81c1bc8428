#pragma once

#include "slipway/release/planning.h"

namespace slipway::release {

/// Carries out a plan, in this order: journal, blobs and manifests, keep tags, config, entry, evidence, moving tag.
/// The entry is the commit: before it nothing is released, after it the release is finished by this run or the next
/// writer. Takes the environment's turn, looks at the ledger again and judges the plan's policy again.
/// Returns the release that is active afterwards. Applied again after a crash, every plan completes, and a plan that
/// was committed already is not committed twice. Errc::conflict when ledger or tag are not as the plan expects,
/// policy_denied when the policy refuses, cancelled when stopped before the commit.
Result<Recorded> apply(const Planned& planned, Ledger& ledger, const ReleaseServices& services);

}  // namespace slipway::release
