#pragma once

#include <optional>
#include <string>

#include "slipway/release/ledger.h"

namespace slipway::release {

/// How a moving tag stands to the ledger, which alone says what is active.
enum class Standing {
  settled,    ///< it points to the active release, or nothing is released and it is not there
  pending,    ///< it has the release before, is not there yet, or cannot be read: a crash after the commit, as a rule
  elsewhere,  ///< the environment moved to a repository where the active release never was
  drift,      ///< anything else
};

/// Pure. `now` is what the tag points to, `repository` how the environment's repository is written in entries.
Standing judge_tag(const std::optional<Digest>& now, const Chain& chain, const std::string& repository);

/// Says how a pending tag differs from the chain. Nothing tells a run that died before it moved the tag from somebody
/// who moved the tag back.
std::string lag_of(const std::optional<Digest>& now, const Chain& chain);

/// Errc::conflict, for a tag that somebody else moved; it names the earlier release that the tag was moved to.
Error drift_error(const oci::Location& tagged, const std::optional<Digest>& now, const Chain& chain);

}  // namespace slipway::release
