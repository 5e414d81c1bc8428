#pragma once

#include <optional>
#include <string>

#include "slipway/release/ledger.h"

namespace slipway::release {

/// How a moving tag stands to the ledger, which alone says what is active.
enum class Standing {
  settled,    ///< it points to the active release, or nothing is released and it is not there
  pending,    ///< it still has the release before, or cannot be read: a crash after the commit
  elsewhere,  ///< the environment moved to a repository where the active release never was
  drift,      ///< anything else
};

/// Pure. `now` is what the tag points to, `repository` how the environment's repository is written in entries.
Standing judge_tag(const std::optional<Digest>& now, const Chain& chain, const std::string& repository);

/// Errc::conflict, for a tag that somebody else moved; `head` may be null.
Error drift_error(const oci::Location& tagged, const std::optional<Digest>& now, const Recorded* head);

}  // namespace slipway::release
