#include "release/standing.h"

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

Error drift_error(const oci::Location& tagged, const std::optional<Digest>& now, const Recorded* head) {
  const std::string place = tagged.str();
  const std::string found = now ? "points to " + now->str() : std::string("is gone");
  if (head == nullptr) {
    return Error(Errc::conflict, fmt::format("the tag {} {}, but nothing was ever released there", place, found))
        .with_hint(
            "check 'ledger: {repository: ...}' in slipway.yaml; to keep the image that is there: slipway release ENV "
            "--adopt; to remove the tag: slipway delete " +
            place);
  }
  const oci::Location active = tagged.without_reference().with_digest(head->entry.image.digest);
  return Error(Errc::conflict, fmt::format("the tag {} {}, but v{} is active with {}", place, found, head->entry.number,
                                           head->entry.image.digest.str()))
      .with_hint(fmt::format("find out who moved it; to go on, put it back: slipway tag {} {}; or keep what is "
                             "there: slipway release {} --adopt",
                             active.str(), tagged.tag().value_or(""), head->entry.environment));
}

}  // namespace slipway::release
