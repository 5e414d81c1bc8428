#include "release/standing.h"

#include <algorithm>

#include "release/tags.h"

namespace slipway::release {

Standing judge_tag(const std::optional<Digest>& now, const Chain& chain, const std::string& repository) {
  const Recorded* const head = chain.head();
  const bool unreadable = now == unreadable_tag();
  if (head == nullptr) return now && !unreadable ? Standing::drift : Standing::settled;
  if (now == head->entry.image.digest) return Standing::settled;
  if (unreadable && head->entry.image.repository == repository) return Standing::pending;
  if (head->entry.image.repository != repository) return now ? Standing::drift : Standing::elsewhere;
  const Recorded* const before = chain.number(head->entry.number - 1);
  const bool was_here = before != nullptr && before->entry.image.repository == repository;
  const std::optional<Digest> older = was_here ? std::optional<Digest>(before->entry.image.digest) : std::nullopt;
  return now == older || chain.lost(now) ? Standing::pending : Standing::drift;
}

namespace {

/// The newest earlier release with this image.
const Recorded* earlier_release(const std::optional<Digest>& image, const Chain& chain) {
  const auto at = std::find_if(chain.entries.rbegin(), chain.entries.rend(),
                               [&](const Recorded& recorded) { return recorded.entry.image.digest == image; });
  return at == chain.entries.rend() ? nullptr : &*at;
}

Error nothing_released(const std::string& place, const std::string& found) {
  return Error(Errc::conflict, fmt::format("the tag {} {}, but nothing was ever released there", place, found))
      .with_hint(
          "check 'ledger: {repository: ...}' in slipway.yaml; to keep the image that is there: slipway release ENV "
          "--adopt; to remove the tag: slipway delete " +
          place);
}

}  // namespace

std::string lag_of(const std::optional<Digest>& now, const Chain& chain) {
  const std::int64_t active = chain.head() == nullptr ? 0 : chain.head()->entry.number;
  if (!now) return fmt::format("the tag is not there, though v{} is active", active);
  if (now == unreadable_tag()) return fmt::format("the tag cannot be read, though v{} is active", active);
  if (const Recorded* earlier = earlier_release(now, chain)) {
    return fmt::format("the tag points to v{}, though v{} is active: it was not moved yet, or somebody moved it back",
                       earlier->entry.number, active);
  }
  return fmt::format("the tag points to a release that lost to v{} in a race", active);
}

Error drift_error(const oci::Location& tagged, const std::optional<Digest>& now, const Chain& chain) {
  const std::string place = tagged.str();
  const std::string found = now ? "points to " + now->str() : std::string("is gone");
  const Recorded* const head = chain.head();
  if (head == nullptr) return nothing_released(place, found);
  const Entry& active = head->entry;
  const std::string there = tagged.without_reference().with_digest(active.image.digest).str();
  const std::string back =
      fmt::format("find out who moved it; to go on, put it back: slipway tag {} {}", there, tagged.tag().value_or(""));
  if (const Recorded* earlier = earlier_release(now, chain)) {
    const std::int64_t number = earlier->entry.number;
    return Error(Errc::conflict, fmt::format("the tag {} was moved to v{}, {}, but v{} is active with {}", place,
                                             number, now->str(), active.number, active.image.digest.str()))
        .with_hint(fmt::format("{}; to go back to v{}, then: slipway rollback {} v{}", back, number, active.environment,
                               number));
  }
  return Error(Errc::conflict, fmt::format("the tag {} {}, but v{} is active with {}", place, found, active.number,
                                           active.image.digest.str()))
      .with_hint(fmt::format("{}; or keep what is there: slipway release {} --adopt", back, active.environment));
}

}  // namespace slipway::release
