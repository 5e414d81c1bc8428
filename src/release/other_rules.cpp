#include "release/other_rules.h"

#include <algorithm>

#include "slipway/io/hash.h"
#include "slipway/release/policy.h"

namespace slipway::release {
namespace {

/// A ledger that cannot be read says nothing against the release.
bool was_active(const Project& project, const std::string& environment, const Digest& build, Ledger& ledger) {
  const auto chain = ledger.read(project.app, environment);
  return !chain || std::any_of(chain->entries.begin(), chain->entries.end(),
                               [&](const Recorded& recorded) { return recorded.entry.build.digest == build; });
}

/// The environments of `after` that the build was never released to, as far as the rule needs them.
std::vector<std::string> passed_over(const Project& project, const Environment& environment, const Digest& build,
                                     Ledger& ledger) {
  std::vector<std::string> missing;
  for (const std::string& name : environment.after) {
    const bool was_there = was_active(project, name, build, ledger);
    if (was_there && environment.after_any) return {};
    if (!was_there) missing.push_back(name);
  }
  return missing;
}

}  // namespace

Result<std::string> other_rules(const Project& project, const Environment& environment, const Recorded& active,
                                Ledger& ledger) {
  const Entry& entry = active.entry;
  if (!entry.policy) return std::string();
  SLIPWAY_ASSIGN(const std::string rules, Policy(environment).canonical());
  if (io::digest_of(rules) == *entry.policy) return std::string();
  std::string text = fmt::format("v{} was released under other rules than slipway.yaml has now", entry.number);
  const auto missing = passed_over(project, environment, entry.build.digest, ledger);
  if (!missing.empty()) text += fmt::format(": its build was never released to {}", fmt::join(missing, ", "));
  return text;
}

}  // namespace slipway::release
