#pragma once

#include "slipway/release/plan.h"
#include "slipway/release/services.h"

namespace slipway::release {

/// The place where a committed release is finished.
struct Finish {
  const oci::Location& repository;  ///< the environment's
  const TagMove& moving;            ///< the moving tag, and the digest it had when the plan was made
  std::optional<Digest> tag_now;    ///< the digest it had when it was last looked at before the commit
  oci::Descriptor image;            ///< the plan's image; that of another release is resolved
};

/// Finishes a committed release: claim, evidence, then the moving tag. The evidence is that of the digest's first
/// release to the environment: it is attached once and never replaced, however often the digest is released. Evidence
/// is a copy, the ledger the authority: a registry that refuses it gets none, and `warn` is told. Idempotent, so that a
/// later run or another machine can finish it. Errc::conflict when the tag was moved to something that no release
/// explains.
Status finish_release(const Recorded& recorded, const Finish& finish, store::Target& target, Ledger& ledger,
                      const WarningSink& warn);

/// Puts the entry where its writer came no further than its claim.
Status complete_claim(const Recorded& recorded, Ledger& ledger);

}  // namespace slipway::release
