#include "slipway/release/retire.h"

#include <algorithm>

#include "release/build_finder.h"
#include "release/removal_plan.h"
#include "release/tag_template.h"
#include "release/tags.h"
#include "release/tombstone.h"
#include "slipway/oci/media_type.h"

namespace slipway::release {
namespace {

bool has(const std::vector<std::int64_t>& numbers, std::int64_t number) {
  return std::binary_search(numbers.begin(), numbers.end(), number);
}

std::set<Digest> needed_by(const Chain& chain, const std::vector<std::int64_t>& retired) {
  std::set<Digest> needed;
  for (const Recorded& recorded : chain.entries) {
    if (has(retired, recorded.entry.number)) continue;
    needed.insert(recorded.entry.image.digest);
    needed.insert(recorded.entry.build.digest);
  }
  return needed;
}

/// The images and builds that releases in this repository need, with `retired` of the environment given up.
Result<std::set<Digest>> needed_in(const Project& project, const Environment& environment,
                                   const std::vector<std::int64_t>& retired, Ledger& ledger) {
  std::set<Digest> needed;
  for (const Environment& other : project.environments) {
    if (!other.repository.same_place(environment.repository)) continue;
    SLIPWAY_ASSIGN(const Chain chain, ledger.read(project.app, other.name));
    std::vector<std::int64_t> gone = retired;
    if (other.name != environment.name) {
      SLIPWAY_ASSIGN(const auto events, EventLog(ledger).read(project.app, other.name));
      gone = retired_in(events);
    }
    needed.merge(needed_by(chain, gone));
  }
  return needed;
}

Result<std::shared_ptr<store::ReadTarget>> open_if_there(const oci::Location& place, const ReleaseServices& services) {
  auto opened = services.opener->open_for_reading(place, Side::destination);
  if (!opened && opened.error().code == Errc::not_found) return std::shared_ptr<store::ReadTarget>();
  return opened;
}

/// The tags that the environment's templates gave a release, where they can be told.
Result<std::vector<std::string>> written_once(const Environment& environment, const Entry& entry,
                                              store::ReadTarget& target) {
  std::vector<std::string> tags;
  if (environment.tags.empty()) return tags;
  TagWords words{.number = std::to_string(entry.number), .version = {}, .revision = entry.revision};
  const auto image = target.resolve(entry.image.digest);
  if (image) {
    const auto annotations = annotations_of(target, *image);
    const auto version =
        annotations ? annotations->find(std::string(oci::kVersion)) : oci::Annotations::const_iterator();
    if (annotations && version != annotations->end()) words.version = version->second;
  }
  for (const std::string& text : environment.tags) {
    auto tag = expand_tag_template(text, words);
    if (tag) tags.push_back(*std::move(tag));
  }
  return tags;
}

Status take_release(const Project& project, const Environment& environment, const Entry& entry,
                    store::ReadTarget& target, RemovalPlan& plan) {
  SLIPWAY_ASSIGN(const auto once, written_once(environment, entry, target));
  const std::string number = std::to_string(entry.number);
  for (const std::string& tag : once) {
    // A tag without the number may be that of a release which stays, on the same image.
    if (!plan.is_needed(entry.image.digest) || tag.find(number) != std::string::npos)
      SLIPWAY_TRY(plan.take_tag_of(tag, entry.image.digest));
  }
  const bool has_builds = project.image_repository && project.image_repository->same_place(environment.repository);
  if (entry.mode == Mode::layer && !has_builds && !plan.is_needed(entry.build.digest))
    SLIPWAY_TRY(plan.take_build_tags(entry.build.digest));
  return {};
}

}  // namespace

std::vector<std::int64_t> retirable(const Chain& chain, const std::vector<Event>& events, std::int64_t keep) {
  std::vector<std::int64_t> numbers;
  const Recorded* const head = chain.head();
  if (head == nullptr) return numbers;
  const std::vector<std::int64_t> gone = retired_in(events);
  const auto& from = head->entry.from;
  const std::int64_t restored = head->entry.kind == Kind::rollback && from ? from->number : 0;
  for (const Recorded& recorded : chain.entries) {
    const std::int64_t number = recorded.entry.number;
    const bool is_kept = number > head->entry.number - keep || number == head->entry.number || number == restored;
    if (!is_kept && !std::binary_search(gone.begin(), gone.end(), number)) numbers.push_back(number);
  }
  return numbers;
}

Result<Retirement> plan_retirement(const Project& project, const Environment& environment, std::int64_t keep,
                                   Ledger& ledger, const ReleaseServices& services) {
  ledger.require_everything_seen();
  SLIPWAY_ASSIGN(const Chain chain, ledger.read(project.app, environment.name));
  SLIPWAY_ASSIGN(const auto events, EventLog(ledger).read(project.app, environment.name));
  Retirement retirement;
  retirement.numbers = retirable(chain, events, keep);
  // Nothing is freed where the environment was before.
  std::erase_if(retirement.numbers, [&](std::int64_t number) {
    return chain.number(number)->entry.image.repository != environment.repository_text;
  });
  std::vector<std::int64_t> all = retired_in(events);
  all.insert(all.end(), retirement.numbers.begin(), retirement.numbers.end());
  std::sort(all.begin(), all.end());
  SLIPWAY_ASSIGN(auto needed, needed_in(project, environment, all, ledger));
  SLIPWAY_ASSIGN(const auto target, open_if_there(environment.repository, services));
  if (target == nullptr) return retirement;
  SLIPWAY_ASSIGN(RemovalPlan plan, RemovalPlan::of(target, std::move(needed)));
  for (const std::string& tag : std::vector<std::string>(plan.tags())) {
    const auto number = kept_number(tag, project.app, environment.name);
    if (number && has(all, *number)) SLIPWAY_TRY(plan.take_tag(tag));
  }
  std::vector<const Entry*> entries;
  for (const std::int64_t number : all) {
    const Recorded* const recorded = chain.number(number);
    if (recorded != nullptr && recorded->entry.image.repository == environment.repository_text)
      entries.push_back(&recorded->entry);
  }
  for (const Entry* entry : entries)
    SLIPWAY_TRY(take_release(project, environment, *entry, *target, plan));
  for (const Entry* entry : entries) {
    SLIPWAY_TRY(plan.free(entry->image.digest));
    SLIPWAY_TRY(plan.free(entry->build.digest));
  }
  retirement.removal = std::move(plan).result();
  return retirement;
}

Status require_deletable(store::Target& target) {
  auto* deleter = store::as<store::Deleter>(target);
  if (deleter == nullptr) return fail(Errc::unsupported, "{} cannot delete", target.name());
  if (!target.traits().asks_cost_a_request) return {};
  // Nothing has this digest: the answer tells whether deleting is allowed.
  SLIPWAY_ASSIGN(const Digest nothing, Digest::parse("sha256:" + std::string(64, '0')));
  Status asked = deleter->delete_manifest(nothing);
  if (asked || asked.error().code == Errc::not_found) return {};
  return asked;
}

namespace {

/// Returns true if the tag went alone; otherwise it goes with its manifest, or another manifest took its place.
Result<bool> remove_one_tag(const std::string& tag, bool goes_with_manifest, store::Target& target,
                            store::Deleter& deleter) {
  const Status removed = deleter.delete_tag(tag);
  if (removed || removed.error().code == Errc::not_found) return true;
  if (removed.error().code != Errc::unsupported) return fail(removed.error());
  if (!goes_with_manifest) SLIPWAY_TRY(remove_dangling(target, tag));
  return false;
}

}  // namespace

Status remove(const Removal& removal, store::Target& target) {
  auto* deleter = store::as<store::Deleter>(target);
  if (deleter == nullptr) return fail(Errc::unsupported, "{} cannot delete", target.name());
  std::set<Digest> going;
  for (const oci::Descriptor& manifest : removal.manifests)
    going.insert(manifest.digest);
  bool collects = true;
  for (const auto& [tag, manifest] : removal.tags) {
    SLIPWAY_ASSIGN(const bool alone, remove_one_tag(tag, going.contains(manifest.digest), target, *deleter));
    collects = collects && alone;
  }
  // A place that deletes tags alone collects manifests without one by itself, some time later: a release that somebody
  // is just making of one loses nothing.
  if (collects) return {};
  for (const oci::Descriptor& manifest : removal.manifests) {
    const Status removed = deleter->delete_manifest(manifest.digest);
    if (!removed && removed.error().code != Errc::not_found) return removed;
  }
  return {};
}

}  // namespace slipway::release
