#pragma once

#include "slipway/release/planning.h"

// Signatures and attestations are beside an image, not in it: a copy of the image alone would not verify any more. A
// plan lists what travels, by digest; apply() carries it before the commit, so that the moving tag never leads to an
// image without it.

namespace slipway::release {

/// Returns the attachments of the plan's build that `carry` takes along from the plan's sources; none from the
/// destination itself. At most 20 for each manifest, with a warning when there are more.
Result<std::vector<copy::Attached>> find_carried(const Plan& plan, Carry carry, std::vector<Error>& warnings,
                                                 const ReleaseServices& services);

/// Returns true for an attachment that signatures may be attached to: an SBOM, not a signature, nor what is slipway's
/// own.
bool may_be_signed(const copy::Attached& attached);

/// Returns true if the plan's build has signatures or attestations anywhere among the plan's sources: in layer mode
/// they name another digest than the image's.
Result<bool> is_signed(const Plan& plan, const ReleaseServices& services);

/// Copies the plan's attachments, whose subjects are at `target` already, and looks whether they are there. A rollback
/// goes on without those that cannot be had, with a warning.
Status carry_attached(const Plan& plan, store::Target& target, const ReleaseServices& services);

}  // namespace slipway::release
