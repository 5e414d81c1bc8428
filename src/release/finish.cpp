#include "release/finish.h"

#include "release/entry_artifact.h"
#include "release/standing.h"
#include "release/tags.h"

namespace slipway::release {
namespace {

/// A writer that lost the fork may have moved the tag before it saw that; any other digest is drift.
Status require_lost(const std::optional<Digest>& now, const Recorded& recorded, const oci::Location& tagged,
                    Ledger& ledger) {
  SLIPWAY_ASSIGN(const Chain chain, ledger.read(recorded.entry.app, recorded.entry.environment));
  if (chain.lost(now)) return {};
  return fail(drift_error(tagged, now, &recorded));
}

Status move_tag(const Recorded& recorded, const oci::Descriptor& image, const Finish& finish, store::Target& target,
                Ledger& ledger) {
  SLIPWAY_ASSIGN(const auto now, tag_state(target, finish.moving.tag));
  if (now == recorded.entry.image.digest) return {};
  // Between the look before the commit and this one somebody may have moved it.
  if (now != finish.moving.expected && now != finish.tag_now)
    SLIPWAY_TRY(require_lost(now, recorded, finish.repository.with_tag(finish.moving.tag), ledger));
  return target.tag(image, finish.moving.tag);
}

}  // namespace

Status finish_release(const Recorded& recorded, const Finish& finish, store::Target& target, Ledger& ledger) {
  oci::Descriptor image = finish.image;
  if (image.digest != recorded.entry.image.digest) {
    SLIPWAY_ASSIGN(image, target.resolve(recorded.entry.image.digest));
  }
  SLIPWAY_TRY(complete_claim(recorded, ledger));
  SLIPWAY_TRY(push_evidence(recorded, image, ledger.location(), target));
  return move_tag(recorded, image, finish, target, ledger);
}

Status complete_claim(const Recorded& recorded, Ledger& ledger) {
  SLIPWAY_ASSIGN(const bool there, ledger.has_tag(entry_tag(recorded.entry, recorded.id)));
  if (!there) SLIPWAY_TRY(ledger.append(recorded.entry));
  return {};
}

}  // namespace slipway::release
