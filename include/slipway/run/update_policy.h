#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "slipway/base/result.h"

namespace slipway::run {

/// The rule by which a reference moves to another tag when it is updated.
struct UpdatePolicy {
  enum class By {
    same,    ///< the tag stays, its digest is asked for again
    semver,  ///< the highest version in a range
    regex,   ///< the highest of the tags that match: by the first group, or by the whole tag
    date,    ///< the latest date in the tags that match: by the first group, or by the whole tag
    newest   ///< the image that was created last, of the tags that match or of all
  };
  By by = By::same;
  std::string
      pattern;  ///< the range or the regular expression (ECMAScript, for the whole tag); may be empty for `newest`

  /// Returns the policy as it is written: "semver ~1.27".
  std::string str() const;
};

/// Parses "same", "semver RANGE", "regex PATTERN", "date PATTERN" or "newest [PATTERN]". A range has the notation of
/// npm: "~1.27",
/// "^1.2.3", "1.x", ">=1.2 <2 || 3.x". Errc::invalid_argument with what is wrong.
Result<UpdatePolicy> parse_update_policy(std::string_view text);

/// Returns the tag that a reference with tag `current` moves to; `current` if no tag is newer, and for `newest`, which
/// tags do not tell. Versions compare only
/// with tags of the same form: an equal "v" in front, as many numbers, an equal suffix ("1.27-alpine" never becomes
/// "1.28"). Numbers in tags that a regular expression matches compare as numbers.
std::string newest_tag(const UpdatePolicy& policy, const std::string& current, const std::vector<std::string>& tags);

/// Returns the tags that the pattern of `newest` matches, in their order.
std::vector<std::string> matching_tags(const UpdatePolicy& policy, const std::vector<std::string>& tags);

/// Returns the policy in a comment beside a reference: "# slipway: semver ~1.27" behind it, or alone on the line above.
/// `at` is a byte of the reference. Empty without one.
std::string_view policy_beside(std::string_view text, std::size_t at);

}  // namespace slipway::run
