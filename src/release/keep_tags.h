#pragma once

#include <optional>
#include <string>

#include "slipway/copy/keep_tags.h"
#include "slipway/release/ledger.h"
#include "slipway/release/plan.h"
#include "slipway/store/target.h"

namespace slipway::release {

using copy::child_tags;
using copy::needs_child_tags;

/// Returns the image of the unfinished run of this machine, if that run had the plan's number.
std::optional<Digest> left_behind_image(const std::optional<Plan>& unfinished, const Plan& plan);

/// The traces of runs that died before they committed the plan's number. A keep tag alone proves nothing: it is written
/// before the entry. So an image that a keep tag of this number names, and that no release of the environment and no
/// evidence names, was never released, and tags on it may be replaced.
struct Traces {
  std::optional<Digest> ours;  ///< the image of this machine's unfinished run
  Ledger& ledger;
};

/// Errc::conflict when one of the plan's tags that are written once points to another image than the plan's, and that
/// image was released.
Status require_free_tags(const Plan& plan, const Traces& traces, store::ReadTarget& target);

/// Writes the keep tags of the plan's image, children before their index, then the tags that are written once. A keep
/// tag that another image has, of a run that died, is moved; where the registry does not move tags, the image gets
/// `<keep tag>-<12 hex>` instead, and `<tag>-<12 hex>` for one that is written once, with a warning. Call it with the
/// number won, so that no other writer has it. Idempotent. Errc::conflict. `children_are_kept`: put_under() was called
/// for each of them.
Status keep_image(const Plan& plan, const Traces& traces, bool children_are_kept, store::Target& target,
                  const WarningSink& warn);

/// Puts a document under its keep tag, or beside it, as keep_image() does.
Status put_under(const std::string& tag, const oci::Descriptor& root, const std::string& bytes, const Plan& plan,
                 store::Target& target);

}  // namespace slipway::release
