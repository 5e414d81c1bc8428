#include "slipway/release/checks.h"

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "release/collectable.h"
#include "release/contest.h"
#include "release/entry_artifact.h"
#include "release/entry_cache.h"
#include "release/finish.h"
#include "release/journal.h"
#include "release/proof_of_bytes.h"
#include "release/repair_record.h"
#include "release/settlement.h"
#include "release/standing.h"
#include "release/tags.h"
#include "release/todays_config.h"
#include "release/tombstone.h"
#include "slipway/base/text.h"
#include "slipway/release/event.h"
#include "slipway/release/released_config.h"
#include "slipway/store/attachment_tag.h"

namespace slipway::release {
namespace {

/// A finding with the function that mends it.
struct Ailment {
  Finding finding;
  std::function<Status()> mend{};
};

/// One examination of an environment; the places are opened once.
struct Patient {
  const Project& project;
  const Environment& environment;
  const ReleaseServices& services;
  Ledger& ledger;
  std::shared_ptr<store::ReadTarget> home;        ///< the ledger's repository; null: not there yet
  std::shared_ptr<store::ReadTarget> repository;  ///< the environment's; null: not there yet
  Chain chain{};
};

Result<std::shared_ptr<store::ReadTarget>> open_if_there(const oci::Location& place, const ReleaseServices& services) {
  auto opened = services.opener->open_for_reading(place, Side::destination);
  if (!opened && opened.error().code == Errc::not_found) return std::shared_ptr<store::ReadTarget>();
  return opened;
}

Result<std::vector<std::string>> tags_of(store::ReadTarget& place) {
  auto* lister = store::as<store::TagLister>(place);
  if (lister == nullptr) return std::vector<std::string>();
  auto tags = lister->list_tags();
  if (!tags && tags.error().code == Errc::not_found) return std::vector<std::string>();
  return tags;
}

/// Returns true where the tag is listed and its document cannot be read.
bool is_dangling(store::ReadTarget& place, const std::string& tag) {
  const auto found = place.fetch_document(tag);
  if (found) return false;
  const Error& why = found.error();
  return why.code == Errc::not_found || (why.http && why.http->status >= 500 && why.http->status != 503);
}

Ailment dangling(const Patient& patient, const oci::Location& place, const std::string& tag, std::string meaning) {
  const ReleaseServices& services = patient.services;
  return {{.check = "unreadable-tag",
           .what = fmt::format("{} is listed, but cannot be read", place.with_tag(tag).str()),
           .meaning = std::move(meaning),
           .remedy = Finding::Remedy::repair,
           .action = "remove the tag"},
          [&services, place, tag]() -> Status {
            SLIPWAY_ASSIGN(const auto target, services.opener->open_for_writing(place, Side::destination));
            return remove_dangling(*target, tag);
          }};
}

/// The exact bytes of an entry that the ledger cannot hand out, from evidence beside the image of its keep tag.
std::optional<Recorded> bytes_from_evidence(const Patient& patient, const UnreadableEntry& lost) {
  if (patient.repository == nullptr) return std::nullopt;
  auto* referrers = store::as<store::ReferrerLister>(*patient.repository);
  const auto image =
      tag_state(*patient.repository, keep_tag(patient.project.app, patient.environment.name, lost.number));
  if (referrers == nullptr || !image || !*image) return std::nullopt;
  const auto found = referrers->referrers(**image, std::string(kEntryType));
  if (!found) return std::nullopt;
  for (const oci::Descriptor& descriptor : *found) {
    auto evidence = read_evidence(*patient.repository, descriptor);
    if (evidence && entry_tag(evidence->entry, evidence->id) == lost.tag) return *std::move(evidence);
  }
  return std::nullopt;
}

std::optional<Recorded> remembered(const Patient& patient, const UnreadableEntry& lost) {
  const EntryCache memory({patient.services.fs, patient.services.seen_folder}, patient.project.ledger.str(),
                          patient.project.app, patient.environment.name);
  if (const Recorded* known = memory.find(lost.tag)) return *known;
  return bytes_from_evidence(patient, lost);
}

/// Entries that are listed and cannot be read: restored where something has their bytes, else never committed.
void check_entries(const Patient& patient, std::vector<Ailment>& found) {
  for (const UnreadableEntry& lost : patient.chain.unreadable) {
    const auto bytes = remembered(patient, lost);
    if (!bytes) {
      found.push_back(dangling(patient, patient.project.ledger, lost.tag,
                               "a release that was never committed; its number is used again"));
      continue;
    }
    Ledger& ledger = patient.ledger;
    found.push_back({{.check = "lost-entry",
                      .what = fmt::format("the entry {} is listed, but cannot be read", lost.tag),
                      .meaning = fmt::format("v{} was committed: its bytes are known here", lost.number),
                      .remedy = Finding::Remedy::repair,
                      .action = "store the exact bytes again"},
                     [&ledger, entry = bytes->entry]() -> Status {
                       SLIPWAY_TRY(ledger.append(entry));
                       return {};
                     }});
  }
}

/// Stores an entry again whose number is free by now: another machine, which never saw it, may be taking that number.
Status put_back(const Patient& patient, const Recorded& removed) {
  Ledger& ledger = patient.ledger;
  const Entry& entry = removed.entry;
  if (patient.project.immutable_tags) {
    SLIPWAY_TRY(ledger.claim(entry));
  } else {
    SLIPWAY_TRY(win_back(entry, ledger, patient.services));
  }
  SLIPWAY_TRY(ledger.append(entry));
  SLIPWAY_ASSIGN(const auto there, ledger.number(entry.app, entry.environment, entry.number));
  if (there && there->id == removed.id) return {};
  return fail(
      error(Errc::conflict, "somebody else released v{} of {} at the same time", entry.number, entry.environment));
}

/// Entries that this machine saw and that are neither listed nor returned. They are stored again where all that they
/// follow from is known. A ledger that lost everything is for a person: its images may be gone, too.
Status check_removed(const Patient& patient, std::vector<Ailment>& found) {
  if (patient.chain.removed.empty()) return {};
  SLIPWAY_ASSIGN(const auto tags, patient.ledger.tags_with(""));
  const bool is_all_lost = tags.empty();
  const Recorded* before = patient.chain.head();
  for (const Recorded& removed : patient.chain.removed) {
    const std::optional<Digest> expected = before == nullptr ? std::nullopt : std::optional<Digest>(before->id);
    const bool begins = before == nullptr && (removed.entry.number == 1 || removed.entry.kind == Kind::adopt);
    const bool follows = !is_all_lost && removed.entry.prev == expected && (before != nullptr || begins);
    const std::string& name = patient.environment.name;
    Ailment ailment{
        {.check = "removed-entry",
         .what = fmt::format("v{} of {}, which this machine saw, is not in the ledger", removed.entry.number, name),
         .meaning = "somebody removed its entry, or the ledger was begun again",
         .remedy = follows ? Finding::Remedy::repair : Finding::Remedy::person,
         .action = follows ? "store the exact bytes again"
                           : fmt::format("restore the ledger's repository from a copy; or, where the ledger was begun "
                                         "again on purpose: slipway doctor {} --forget",
                                         name)}};
    if (follows) {
      ailment.mend = [&patient, removed] { return put_back(patient, removed); };
      before = &removed;
    }
    found.push_back(std::move(ailment));
  }
  return {};
}

/// The configs of releases that can be restored, each with its tag and the newest release that has it.
std::map<std::string, const Entry*> kept_configs(const Chain& chain, const std::vector<Event>& events) {
  const auto retired = retired_in(events);
  std::map<std::string, const Entry*> configs;
  for (const Recorded& recorded : chain.entries) {
    const Entry& entry = recorded.entry;
    if (std::binary_search(retired.begin(), retired.end(), entry.number)) continue;
    configs.insert_or_assign(config_tag(entry.app, entry.environment, entry.config), &entry);
  }
  return configs;
}

/// Configs that are there and whose tag is not, or cannot be read. Returns the tags that are settled so.
Result<std::set<std::string>> check_config_tags(const Patient& patient, std::vector<Ailment>& found) {
  SLIPWAY_ASSIGN(const auto events, EventLog(patient.ledger).read(patient.project.app, patient.environment.name));
  std::set<std::string> settled;
  for (const auto& [tag, entry] : kept_configs(patient.chain, events)) {
    SLIPWAY_ASSIGN(const bool listed, patient.ledger.has_tag(tag));
    if (listed && !is_dangling(*patient.home, tag)) continue;
    const auto config = patient.home->resolve(entry->config);
    if (!config) continue;  // said with the release
    settled.insert(tag);
    found.push_back({{.check = "collectable",
                      .what = fmt::format("the config of v{} does not have its tag {}", entry->number, tag),
                      .meaning = "a collection of untagged manifests in the registry takes it",
                      .remedy = Finding::Remedy::repair,
                      .action = "tag it"},
                     [&patient, tag = tag, config = *config]() -> Status {
                       SLIPWAY_ASSIGN(const auto target, patient.ledger.open_for_writing());
                       return target->tag(config, tag);
                     }});
  }
  return settled;
}

/// Events and configs that are listed and cannot be read.
Status check_records(const Patient& patient, std::vector<Ailment>& found) {
  if (patient.home == nullptr) return {};
  const std::string name = patient.project.app + "." + patient.environment.name;
  SLIPWAY_ASSIGN(const auto settled, check_config_tags(patient, found));
  for (const auto& [kind, meaning] : {std::pair(".e.", "an event that was never recorded"),
                                      std::pair(".c.", "a config that no release needs: a commit proves its own")}) {
    SLIPWAY_ASSIGN(const auto tags, patient.ledger.tags_with(name + kind));
    for (const std::string& tag : tags) {
      if (!settled.contains(tag) && is_dangling(*patient.home, tag))
        found.push_back(dangling(patient, patient.project.ledger, tag, meaning));
    }
  }
  return {};
}

void check_forks(const Patient& patient, std::vector<Ailment>& found) {
  for (const Recorded& fork : patient.chain.forks) {
    if (is_abandoned(patient.chain, entry_tag(fork.entry, fork.id))) continue;
    found.push_back({{.check = "fork",
                      .what = fmt::format("v{} of {} was also released as {} by {}", fork.entry.number,
                                          patient.environment.name, fork.id.str(), printable(fork.entry.actor, 100)),
                      .meaning = "two writers at once; every reader takes the same one, and this one lost",
                      .remedy = Finding::Remedy::repair,
                      .action = "record the loser in one more release of the active build and config"},
                     [&patient] { return settle_forks(patient.project, patient.environment, patient.services); }});
  }
}

Status check_keep_tags(const Patient& patient, std::vector<Ailment>& found) {
  if (patient.repository == nullptr) return {};
  SLIPWAY_ASSIGN(const auto tags, tags_of(*patient.repository));
  for (const std::string& tag : tags) {
    if (!kept_number(tag, patient.project.app, patient.environment.name)) continue;
    if (is_dangling(*patient.repository, tag))
      found.push_back(dangling(patient, patient.environment.repository, tag, "a keep tag that keeps no image"));
  }
  return {};
}

Status finish_active(const Patient& patient, const std::optional<Digest>& now) {
  const Recorded& active = *patient.chain.head();
  const oci::Location& place = patient.environment.repository;
  SLIPWAY_ASSIGN(const auto target, patient.services.opener->open_for_writing(place, Side::destination));
  SLIPWAY_ASSIGN(oci::Descriptor image, target->resolve(active.entry.image.digest));
  const TagMove moving{patient.environment.tag, now};
  SLIPWAY_TRY(
      finish_release(active, {place, moving, now, std::move(image)}, *target, patient.ledger, patient.services.warn));
  return Journal(patient.services, patient.project.app, patient.environment.name).end();
}

/// Tags of attachments of the chain's images that cannot be read: lists of referrers, and cosign's.
Status check_attachment_tags(const Patient& patient, std::vector<Ailment>& found) {
  if (patient.repository == nullptr) return {};
  std::set<std::string> names;
  for (const Recorded& recorded : patient.chain.entries) {
    const Digest& image = recorded.entry.image.digest;
    const std::string name = fmt::format("{}-{}", image.algorithm(), image.hex());
    for (const char* suffix : {"", ".sig", ".att", ".sbom"})
      names.insert(name + suffix);
  }
  SLIPWAY_ASSIGN(const auto tags, tags_of(*patient.repository));
  for (const std::string& tag : tags) {
    if (names.contains(tag) && is_dangling(*patient.repository, tag))
      found.push_back(dangling(patient, patient.environment.repository, tag,
                               "its registry died while it was written: what it listed as attached is lost"));
  }
  return {};
}

/// A tag that points to a release whose entry was removed stays until that is settled.
bool is_of_removed(const Chain& chain, const std::optional<Digest>& image) {
  return std::any_of(chain.removed.begin(), chain.removed.end(),
                     [&](const Recorded& removed) { return removed.entry.image.digest == image; });
}

Status check_moving_tag(const Patient& patient, std::vector<Ailment>& found) {
  const std::optional<Digest> none;
  const auto& tag = patient.environment.tag;
  auto now =
      patient.repository == nullptr ? Result<std::optional<Digest>>(none) : moving_tag_state(*patient.repository, tag);
  SLIPWAY_TRY(now);
  const Standing standing = judge_tag(*now, patient.chain, patient.environment.repository_text);
  const oci::Location place = patient.environment.repository.with_tag(tag);
  if (standing == Standing::pending) {
    found.push_back({{.check = "lagging-tag",
                      .what = fmt::format("{}: {}", place.str(), lag_of(*now, patient.chain)),
                      .meaning = "who pulls by the tag gets another image than the ledger says",
                      .remedy = Finding::Remedy::repair,
                      .action = "attach the evidence and move the tag"},
                     [&patient, seen = *now] { return finish_active(patient, seen); }});
  } else if ((standing == Standing::drift && !is_of_removed(patient.chain, *now)) || standing == Standing::elsewhere) {
    const Error drift = drift_error(place, *now, patient.chain);
    found.push_back({{.check = "drift",
                      .what = drift.message,
                      .meaning = "somebody moved the tag, or the environment moved: slipway does not overwrite it",
                      .remedy = Finding::Remedy::person,
                      .action = drift.hint}});
  }
  return {};
}

/// A manifest of somebody else under the tag of the list: nothing is written there.
Result<bool> is_occupied(store::ReadTarget& repository, const Digest& image) {
  SLIPWAY_ASSIGN(const auto now, moving_tag_state(repository, store::referrers_tag(image)));
  return now && now != unreadable_tag();
}

Ailment no_evidence(const oci::Location& repository, const Digest& image) {
  const std::string place = repository.with_tag(store::referrers_tag(image)).str();
  return {{.check = "no-evidence",
           .what = fmt::format("{} is not a list of referrers, so nothing can be attached to the image", place),
           .meaning = "the ledger alone says what is released; signatures and evidence do not travel with the image",
           .remedy = Finding::Remedy::none,
           .action = "remove that tag, if nobody needs it: slipway delete " + place}};
}

/// The evidence of the active digest's first release.
Status check_evidence(const Patient& patient, std::vector<Ailment>& found) {
  const Recorded* const active = patient.chain.head();
  if (active == nullptr || patient.repository == nullptr) return {};
  if (active->entry.image.repository != patient.environment.repository_text) return {};
  if (store::as<store::ReferrerLister>(*patient.repository) == nullptr) return {};
  const auto image = patient.repository->resolve(active->entry.image.digest);
  if (!image) return image.error().code == Errc::not_found ? Status() : Status(fail(image.error()));
  SLIPWAY_ASSIGN(const auto there, list_evidence(*patient.repository, image->digest));
  if (!there) {
    SLIPWAY_ASSIGN(const bool occupied, is_occupied(*patient.repository, image->digest));
    if (occupied) {
      found.push_back(no_evidence(patient.environment.repository, image->digest));
      return {};
    }
  }
  const Recorded& first = *std::find_if(patient.chain.entries.begin(), patient.chain.entries.end(),
                                        [&](const Recorded& r) { return r.entry.image == active->entry.image; });
  for (const oci::Descriptor& descriptor : there.value_or(std::vector<oci::Descriptor>())) {
    const auto evidence = read_evidence(*patient.repository, descriptor);
    if (evidence && evidence->entry.environment == patient.environment.name &&
        evidence->entry.app == patient.project.app)
      return {};
  }
  found.push_back({{.check = "missing-evidence",
                    .what = fmt::format("the image of v{} has no evidence beside it", active->entry.number),
                    .meaning = "slipway verify REF does not know the image",
                    .remedy = Finding::Remedy::repair,
                    .action = fmt::format("attach the evidence of v{}", first.entry.number)},
                   [&patient, first, image = *image]() -> Status {
                     SLIPWAY_ASSIGN(const auto target, patient.services.opener->open_for_writing(
                                                           patient.environment.repository, Side::destination));
                     return push_evidence(first, image, patient.project.ledger, *target);
                   }});
  return {};
}

/// Platform manifests and attachments of the active release that a collection of untagged manifests would take.
Status check_collection(const Patient& patient, std::vector<Ailment>& found) {
  const Recorded* const active = patient.chain.head();
  if (active == nullptr || patient.repository == nullptr) return {};
  const Entry& entry = active->entry;
  if (entry.image.repository != patient.environment.repository_text) return {};
  const auto image = patient.repository->resolve(entry.image.digest);
  if (!image) return image.error().code == Errc::not_found ? Status() : Status(fail(image.error()));
  const copy::CopyOptions how{.lanes = patient.services.lanes, .stop = patient.services.stop};
  const auto parts =
      collectable(*patient.repository, keep_tag(entry.app, entry.environment, entry.number), *image, how);
  if (!parts && parts.error().code == Errc::conflict) return {};  // no place for lists of referrers
  SLIPWAY_TRY(parts);
  if (parts->empty()) return {};
  found.push_back({{.check = "collectable",
                    .what = fmt::format("{} of the manifests that belong to v{} have no tag of their own",
                                        parts->size(), entry.number),
                    .meaning = "a collection of untagged manifests in the registry takes them",
                    .remedy = Finding::Remedy::repair,
                    .action = "tag them"},
                   [&patient, all = *parts]() -> Status {
                     SLIPWAY_ASSIGN(const auto target, patient.services.opener->open_for_writing(
                                                           patient.environment.repository, Side::destination));
                     return keep(all, *target);
                   }});
  return {};
}

/// Puts the config of today where it is the very config of the active release.
Status put_todays_config(const Patient& patient) {
  std::vector<Error> warnings;
  SLIPWAY_ASSIGN(const ConfigValues values, read_todays_config(patient.environment, *patient.services.fs, warnings));
  SLIPWAY_ASSIGN(const ConfigArtifact artifact, make_config_artifact(values));
  const Entry& active = patient.chain.head()->entry;
  if (artifact.manifest.digest != active.config)
    return fail(error(Errc::conflict, "the current config files are not those of v{}", active.number));
  SLIPWAY_ASSIGN(const auto target, patient.ledger.open_for_writing());
  return push_config(artifact, *target, config_tag(active.app, active.environment, artifact.manifest.digest));
}

Status check_config(const Patient& patient, std::vector<Ailment>& found) {
  const Recorded* const active = patient.chain.head();
  if (active == nullptr || patient.home == nullptr) return {};
  const Status there = require_config(active->entry.config, *patient.home);
  if (there) return {};
  if (there.error().code != Errc::not_found && there.error().code != Errc::verification_failed) return there;
  found.push_back(
      {{.check = "lost-config",
        .what = fmt::format("the config of v{} is not in the ledger: {}", active->entry.number, there.error().message),
        .meaning = "the active release cannot be run or restored",
        .remedy = Finding::Remedy::repair,
        .action = "store it again from the current config files, if they are unchanged"},
       [&patient] { return put_todays_config(patient); }});
  return {};
}

void check_journal(const Patient& patient, std::vector<Ailment>& found) {
  Journal journal(patient.services, patient.project.app, patient.environment.name);
  const auto unfinished = journal.unfinished();
  const Recorded* const active = patient.chain.head();
  if (!unfinished || active == nullptr || unfinished->entry.number > active->entry.number) return;
  found.push_back(
      {{.check = "journal",
        .what = fmt::format("this machine remembers v{} of {} as unfinished", unfinished->entry.number,
                            patient.environment.name),
        .meaning = "the release is in the ledger; the next command finishes it",
        .remedy = Finding::Remedy::repair,
        .action = "delete the record"},
       [&patient] { return Journal(patient.services, patient.project.app, patient.environment.name).end(); }});
}

/// Announces the fence: where it stands, or that the next release raises it.
Status check_fence(const Patient& patient, std::vector<Ailment>& found) {
  SLIPWAY_ASSIGN(const auto events, EventLog(patient.ledger).read(patient.project.app, patient.environment.name));
  const auto fence =
      std::find_if(events.begin(), events.end(), [](const Event& event) { return event.kind == EventKind::edition; });
  Finding note{.check = "fence",
               .what = "",
               .meaning = "slipway 0.1 refuses to read and write it",
               .remedy = Finding::Remedy::none,
               .action = "update slipway 0.1 where it still releases"};
  if (fence != events.end()) {
    const std::int64_t edition = fence->edition;
    note.what = fmt::format("the ledger of {} is of edition {} since {}, by {}", patient.environment.name, edition,
                            format_time(fence->time), printable(fence->actor, 100));
  } else if (patient.services.edition >= kEdition) {
    note.what =
        fmt::format("the next release makes the ledger of {} one of edition {}", patient.environment.name, kEdition);
  } else {
    return {};
  }
  found.push_back({std::move(note)});
  return {};
}

/// Entries in the chain that this machine saw and that the ledger does not return: what follows from them proves that
/// they were committed, so nobody else can have their numbers.
Status check_damaged(const Patient& patient, std::vector<Ailment>& found) {
  SLIPWAY_ASSIGN(const auto damaged, patient.ledger.damaged(patient.project.app, patient.environment.name));
  for (const Recorded& lost : damaged) {
    Ledger& ledger = patient.ledger;
    found.push_back({{.check = "lost-entry",
                      .what = fmt::format("the ledger does not return v{} of {}, which this machine saw",
                                          lost.entry.number, patient.environment.name),
                      .meaning = "the chain does not hold without it: every release of the environment is refused",
                      .remedy = Finding::Remedy::repair,
                      .action = "store the exact bytes again"},
                     [&ledger, lost] { return ledger.restore(lost); }});
  }
  return {};
}

/// A chain that does not hold is the first finding, and the only one.
Result<bool> read_chain(Patient& patient, std::vector<Ailment>& found) {
  auto chain = patient.ledger.read(patient.project.app, patient.environment.name);
  if (chain) {
    patient.chain = *std::move(chain);
    return true;
  }
  const Errc code = chain.error().code;
  if (code != Errc::verification_failed && code != Errc::malformed && code != Errc::conflict)
    return fail(std::move(chain).error());
  SLIPWAY_TRY(check_damaged(patient, found));
  if (!found.empty()) return false;
  found.push_back({{.check = "broken-chain",
                    .what = chain.error().message,
                    .meaning = "the ledger was changed or lost an entry",
                    .remedy = Finding::Remedy::person,
                    .action = "restore the ledger's repository from a copy"}});
  return false;
}

Result<std::vector<Ailment>> examine(Patient& patient) {
  std::vector<Ailment> found;
  SLIPWAY_ASSIGN(const bool readable, read_chain(patient, found));
  if (!readable) return found;
  check_entries(patient, found);
  SLIPWAY_TRY(check_removed(patient, found));
  SLIPWAY_TRY(check_records(patient, found));
  check_forks(patient, found);
  SLIPWAY_TRY(check_keep_tags(patient, found));
  SLIPWAY_TRY(check_attachment_tags(patient, found));
  SLIPWAY_TRY(check_moving_tag(patient, found));
  SLIPWAY_TRY(check_evidence(patient, found));
  SLIPWAY_TRY(check_collection(patient, found));
  SLIPWAY_TRY(check_config(patient, found));
  check_journal(patient, found);
  SLIPWAY_TRY(check_fence(patient, found));
  return found;
}

Result<Patient> admit(const Project& project, const Environment& environment, const ReleaseServices& services,
                      Ledger& ledger) {
  Patient patient{project, environment, services, ledger, nullptr, nullptr};
  SLIPWAY_ASSIGN(patient.home, open_if_there(project.ledger, services));
  SLIPWAY_ASSIGN(patient.repository, open_if_there(environment.repository, services));
  return patient;
}

/// Mends what it can; the findings say what was mended, and why not.
std::vector<Finding> mend(const std::vector<Ailment>& found) {
  std::vector<Finding> findings;
  for (const Ailment& ailment : found) {
    Finding finding = ailment.finding;
    if (ailment.mend) {
      const Status mended = ailment.mend();
      finding.repaired = mended.has_value();
      if (!mended) finding.action = mended.error().message;
    }
    findings.push_back(std::move(finding));
  }
  return findings;
}

bool says(const std::vector<Finding>& findings, const Finding& finding) {
  return std::any_of(findings.begin(), findings.end(), [&](const Finding& f) { return f.what == finding.what; });
}

/// Looks again after everything was mended once, and adds what was hidden: behind a chain that did not hold nothing
/// else is seen. Findings that remain are mended again: docker-registry leaves a tag dangling whose manifest is deleted
/// while another tag of the repository cannot be read, so the first of several tags goes after the last.
Status mend_leftovers(const Project& project, const Environment& environment, const ReleaseServices& services,
                      std::vector<Finding>& findings) {
  Ledger ledger = services.proving_ledger(project.ledger);
  SLIPWAY_ASSIGN(Patient patient, admit(project, environment, services, ledger));
  SLIPWAY_ASSIGN(const auto left, examine(patient));
  for (const Finding& finding : mend(left)) {
    if (!says(findings, finding)) findings.push_back(finding);
  }
  return {};
}

}  // namespace

Result<std::vector<Finding>> check_environment(const Project& project, const Environment& environment,
                                               const ReleaseServices& services) {
  Ledger ledger = services.proving_ledger(project.ledger);
  SLIPWAY_ASSIGN(Patient patient, admit(project, environment, services, ledger));
  SLIPWAY_ASSIGN(const auto found, examine(patient));
  std::vector<Finding> findings;
  for (const Ailment& ailment : found)
    findings.push_back(ailment.finding);
  return findings;
}

Result<std::vector<Finding>> repair_environment(const Project& project, const Environment& environment,
                                                const ReleaseServices& services) {
  SLIPWAY_ASSIGN(const auto turn, services.sequencer->take(project.app, environment.name));
  Ledger ledger = services.proving_ledger(project.ledger);
  SLIPWAY_ASSIGN(Patient patient, admit(project, environment, services, ledger));
  SLIPWAY_ASSIGN(const auto found, examine(patient));
  std::vector<Finding> findings = mend(found);
  const auto is_mended = [](const Finding& finding) { return finding.repaired; };
  if (std::none_of(findings.begin(), findings.end(), is_mended)) return findings;
  SLIPWAY_TRY(mend_leftovers(project, environment, services, findings));
  const Status recorded = record_repair(project, environment, findings, services);
  if (!recorded) return fail(Error(recorded.error()).in("recording what was repaired"));
  return findings;
}

}  // namespace slipway::release
