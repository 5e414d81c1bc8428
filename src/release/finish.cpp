#include "release/finish.h"

#include <algorithm>

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
  return fail(drift_error(tagged, now, chain));
}

Status move_tag(const Recorded& recorded, const oci::Descriptor& image, const Finish& finish, store::Target& target,
                Ledger& ledger) {
  SLIPWAY_ASSIGN(const auto now, moving_tag_state(target, finish.moving.tag));
  if (now == recorded.entry.image.digest) return {};
  // Between the look before the commit and this one somebody may have moved it.
  if (now != finish.moving.expected && now != finish.tag_now && now != unreadable_tag())
    SLIPWAY_TRY(require_lost(now, recorded, finish.repository.with_tag(finish.moving.tag), ledger));
  return target.tag(image, finish.moving.tag);
}

/// Returns true for the first release of this digest to its repository: the one whose evidence is beside the image.
Result<bool> is_first_of_digest(const Recorded& recorded, Ledger& ledger) {
  SLIPWAY_ASSIGN(const Chain chain, ledger.read(recorded.entry.app, recorded.entry.environment));
  return std::none_of(chain.entries.begin(), chain.entries.end(), [&](const Recorded& other) {
    return other.entry.number < recorded.entry.number && other.entry.image == recorded.entry.image;
  });
}

/// The registry took the request and does not want the manifest, or has no place for lists of referrers.
bool is_refusal(const Error& error) {
  if (error.code == Errc::conflict) return true;
  return error.http && error.http->status >= 400 && error.http->status < 500 && error.code != Errc::rate_limited &&
         error.code != Errc::unauthorized;
}

/// Evidence is a copy: a refusal, or a list of referrers that the registry cannot read, does not stop a release.
bool does_not_matter(const Error& error, const Digest& image, store::Target& target) {
  if (is_refusal(error)) return true;
  auto* tags = store::as<store::TagLister>(target);
  auto* referrers = store::as<store::ReferrerLister>(target);
  if (!is_unreadable(error) || tags == nullptr || referrers == nullptr) return false;
  const auto list = referrers->referrers(image, "");
  return !list && is_unreadable(list.error()) && tags->list_tags().has_value();
}

Status attach_evidence(const Recorded& recorded, const oci::Descriptor& image, store::Target& target, Ledger& ledger,
                       const WarningSink& warn) {
  SLIPWAY_ASSIGN(const bool first, is_first_of_digest(recorded, ledger));
  if (!first) return {};
  Status pushed = push_evidence(recorded, image, ledger.location(), target);
  if (pushed || !does_not_matter(pushed.error(), image.digest, target)) return pushed;
  if (warn) {
    warn(error(Errc::unsupported, "{} does not accept evidence of releases ({}): v{} is recorded in the ledger alone",
               target.name(), pushed.error().message, recorded.entry.number)
             .with_hint(fmt::format("verify the environment, which needs no evidence: slipway verify {}",
                                    recorded.entry.environment)));
  }
  return {};
}

}  // namespace

Status finish_release(const Recorded& recorded, const Finish& finish, store::Target& target, Ledger& ledger,
                      const WarningSink& warn) {
  oci::Descriptor image = finish.image;
  if (image.digest != recorded.entry.image.digest) {
    SLIPWAY_ASSIGN(image, target.resolve(recorded.entry.image.digest));
  }
  SLIPWAY_TRY(complete_claim(recorded, ledger));
  SLIPWAY_TRY(attach_evidence(recorded, image, target, ledger, warn));
  return move_tag(recorded, image, finish, target, ledger);
}

Status complete_claim(const Recorded& recorded, Ledger& ledger) {
  SLIPWAY_ASSIGN(const bool there, ledger.has_tag(entry_tag(recorded.entry, recorded.id)));
  if (!there) SLIPWAY_TRY(ledger.append(recorded.entry));
  return {};
}

}  // namespace slipway::release
