#include "release/keep_tags.h"

#include <algorithm>
#include <functional>

#include "release/proof_of_bytes.h"
#include "release/tags.h"
#include "slipway/copy/copy.h"

namespace slipway::release {

std::optional<Digest> left_behind_image(const std::optional<Plan>& unfinished, const Plan& plan) {
  if (!unfinished || unfinished->entry.number != plan.entry.number) return std::nullopt;
  return unfinished->image.digest;
}

namespace {

/// Returns the tag that the release `number` has instead, where `tag` has the plan's number in it: "n2" for "n4".
std::optional<std::string> numbered_tag(const std::string& tag, const Plan& plan, std::int64_t number) {
  const auto is_digit = [&](std::size_t i) { return i < tag.size() && tag[i] >= '0' && tag[i] <= '9'; };
  const std::string own = std::to_string(plan.entry.number);
  for (std::size_t at = tag.find(own); at != std::string::npos; at = tag.find(own, at + 1)) {
    if ((at > 0 && is_digit(at - 1)) || is_digit(at + own.size())) continue;
    return tag.substr(0, at) + std::to_string(number) + tag.substr(at + own.size());
  }
  return std::nullopt;
}

/// Returns true if a release of the environment may have put `tag` on its image. It did not where its image has that
/// tag with its own number in it.
Result<bool> may_own(const Recorded& release, const std::string& tag, const Plan& plan, store::ReadTarget& target) {
  const auto own = numbered_tag(tag, plan, release.entry.number);
  if (!own) return true;
  SLIPWAY_ASSIGN(const auto there, kept_under(target, *own));
  return there != release.entry.image.digest;
}

/// Returns true if evidence beside the image is of another environment's release.
Result<bool> is_released_elsewhere(const Digest& image, const Plan& plan, store::ReadTarget& target) {
  auto* referrers = store::as<store::ReferrerLister>(target);
  if (referrers == nullptr) return false;
  const auto found = referrers->referrers(image, std::string(kEntryType));
  if (!found) return found.error().code == Errc::not_found ? Result<bool>(false) : fail(found.error());
  for (const oci::Descriptor& descriptor : *found) {
    const auto evidence = read_evidence(target, descriptor);
    if (!evidence || evidence->entry.app != plan.entry.app || evidence->entry.environment != plan.entry.environment)
      return true;
  }
  return false;
}

/// Returns true if a release may have put the tag on the image.
Result<bool> was_released(const Digest& image, const std::string& tag, const Plan& plan, Ledger& ledger,
                          store::ReadTarget& target) {
  SLIPWAY_ASSIGN(const Chain chain, ledger.read(plan.entry.app, plan.entry.environment));
  for (const Recorded& recorded : chain.entries) {
    if (recorded.entry.image.digest != image) continue;
    SLIPWAY_ASSIGN(const bool owner, may_own(recorded, tag, plan, target));
    if (owner) return true;
  }
  return is_released_elsewhere(image, plan, target);
}

/// Returns true if a keep tag of the plan's number is on the image.
Result<bool> has_keep_tag(const Digest& image, const Plan& plan, store::ReadTarget& target) {
  auto* lister = store::as<store::TagLister>(target);
  if (lister == nullptr) return false;
  const auto tags = lister->list_tags();
  if (!tags) return tags.error().code == Errc::not_found ? Result<bool>(false) : fail(tags.error());
  for (const std::string& tag : *tags) {
    if (kept_number(tag, plan.entry.app, plan.entry.environment) != plan.entry.number) continue;
    const auto state = tag_state(target, tag);
    if (state && *state == image) return true;
  }
  return false;
}

/// Returns true where a run that died before its commit left the tag on the image, under the plan's number.
Result<bool> is_left_behind(const std::string& tag, const Digest& image, const Plan& plan, const Traces& traces,
                            store::ReadTarget& target) {
  SLIPWAY_ASSIGN(const bool released, was_released(image, tag, plan, traces.ledger, target));
  if (released || image == traces.ours) return !released;
  return has_keep_tag(image, plan, target);
}

/// Errc::conflict unless the tag is free, the plan's, or a leftover.
Status require_free_tag(const std::string& tag, const Plan& plan, const Traces& traces, store::ReadTarget& target) {
  SLIPWAY_ASSIGN(const auto found, kept_under(target, tag));
  if (!found || *found == plan.image.digest) return {};
  SLIPWAY_ASSIGN(const bool left, is_left_behind(tag, *found, plan, traces, target));
  if (left) return {};
  return fail(taken_error(target, tag, *found, plan.image.digest));
}

/// The registry took the request and does not move the tag.
bool is_refusal(const Error& error) { return error.http && error.http->status >= 400 && error.http->status < 500; }

/// Writes a tag that is written once. If a run that died has it and the registry does not move tags, the image gets
/// `<tag>-<12 hex>` instead: a leftover never stops a release, and nobody has to remove it.
Status write_fixed_tag(const std::string& tag, const Plan& plan, const Traces& traces, store::Target& target,
                       const WarningSink& warn) {
  SLIPWAY_TRY(require_free_tag(tag, plan, traces, target));
  SLIPWAY_ASSIGN(const auto found, kept_under(target, tag));
  if (found == plan.image.digest) return {};
  Status moved = target.tag(plan.image, tag);
  if (moved || !found || !is_refusal(moved.error())) return moved;
  const std::string beside = fmt::format("{}-{}", tag, plan.image.digest.short_hex());
  SLIPWAY_TRY(write_once(target, plan.image, beside, std::nullopt));
  if (warn) {
    warn(error(Errc::conflict,
               "{} does not move tags: {} stays on {}, which was never released, and this release is {}", target.name(),
               tag, found->str(), beside)
             .with_hint(
                 fmt::format("remove the tag {} where the registry allows it, and tag the release with it", tag)));
  }
  return {};
}

using Write = std::function<Status(const std::string& tag)>;

/// Keeps `root` under `tag`, or beside it where another image has it and the registry does not move tags.
Status keep_with(const Write& write, const std::string& tag, const oci::Descriptor& root, const Plan& plan,
                 store::ReadTarget& target) {
  SLIPWAY_ASSIGN(const auto found, kept_under(target, tag));
  if (found == root.digest) return {};
  if (!found || !plan.claims) {
    Status moved = write(tag);
    if (moved || !is_refusal(moved.error())) return moved;
  }
  const std::string keep = keep_tag(plan.entry.app, plan.entry.environment, plan.entry.number);
  const std::string beside = fmt::format("{}-{}", keep, root.digest.short_hex());
  SLIPWAY_ASSIGN(const auto there, kept_under(target, beside));
  return there == root.digest ? Status() : write(beside);
}

Status keep_under(const std::string& tag, const oci::Descriptor& root, const Plan& plan, store::Target& target) {
  return keep_with([&](const std::string& name) { return target.tag(root, name); }, tag, root, plan, target);
}

Status keep_children(const Plan& plan, store::Target& target) {
  SLIPWAY_ASSIGN(const oci::Document document, copy::fetch_document(target, plan.image));
  const std::string keep = keep_tag(plan.entry.app, plan.entry.environment, plan.entry.number);
  for (const auto& [tag, child] : child_tags(keep, std::get<oci::Index>(document)))
    SLIPWAY_TRY(keep_under(tag, child, plan, target));
  return {};
}

/// An image that a dead run left under the keep tag and under tags written once stays known under a name of its own,
/// until the last of them is replaced: so that whoever finishes this one's work, should it die, knows the leftovers.
Status note_leftover(const std::string& keep, const Plan& plan, store::Target& target) {
  if (plan.fixed_tags.empty()) return {};
  SLIPWAY_ASSIGN(const auto found, kept_under(target, keep));
  if (!found || *found == plan.image.digest) return {};
  SLIPWAY_ASSIGN(const oci::Descriptor leftover, target.resolve(*found));
  return keep_under(fmt::format("{}-{}", keep, found->short_hex()), leftover, plan, target);
}

}  // namespace

Status require_free_tags(const Plan& plan, const Traces& traces, store::ReadTarget& target) {
  for (const std::string& tag : plan.fixed_tags)
    SLIPWAY_TRY(require_free_tag(tag, plan, traces, target));
  return {};
}

Status put_under(const std::string& tag, const oci::Descriptor& root, const std::string& bytes, const Plan& plan,
                 store::Target& target) {
  return keep_with([&](const std::string& name) { return target.push_tagged(root, bytes, name); }, tag, root, plan,
                   target);
}

Status keep_image(const Plan& plan, const Traces& traces, bool children_are_kept, store::Target& target,
                  const WarningSink& warn) {
  if (needs_child_tags(plan.image, target) && !children_are_kept) SLIPWAY_TRY(keep_children(plan, target));
  const std::string keep = keep_tag(plan.entry.app, plan.entry.environment, plan.entry.number);
  SLIPWAY_TRY(note_leftover(keep, plan, target));
  SLIPWAY_TRY(keep_under(keep, plan.image, plan, target));
  for (const std::string& tag : plan.fixed_tags)
    SLIPWAY_TRY(write_fixed_tag(tag, plan, traces, target, warn));
  return {};
}

}  // namespace slipway::release
