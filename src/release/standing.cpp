#include "release/standing.h"

namespace slipway::release {

Standing judge_tag(const std::optional<Digest>& now, const Recorded* head, const Recorded* before,
                   const std::string& repository) {
  if (head == nullptr) return now ? Standing::drift : Standing::settled;
  if (now == head->entry.image.digest) return Standing::settled;
  if (head->entry.image.repository != repository) return now ? Standing::drift : Standing::elsewhere;
  const bool was_here = before != nullptr && before->entry.image.repository == repository;
  const std::optional<Digest> older = was_here ? std::optional<Digest>(before->entry.image.digest) : std::nullopt;
  return now == older ? Standing::pending : Standing::drift;
}

Error drift_error(const oci::Location& tagged, const std::optional<Digest>& now, const Recorded* head) {
  const std::string place = tagged.str();
  const std::string found = now ? "points to " + now->str() : std::string("is gone");
  if (head == nullptr) {
    return Error(Errc::conflict, fmt::format("the tag {} {}, but nothing was ever released there", place, found))
        .with_hint(
            "check ledger.repository in slipway.yaml; if the tag is a leftover, remove it or choose another tag");
  }
  const oci::Location active = tagged.without_reference().with_digest(head->entry.image.digest);
  return Error(Errc::conflict, fmt::format("the tag {} {}, but v{} is active with {}", place, found, head->entry.number,
                                           head->entry.image.digest.str()))
      .with_hint(fmt::format("find out who moved it; to go on, put it back: slipway tag {} {}", active.str(),
                             tagged.tag().value_or("")));
}

}  // namespace slipway::release
