#include "slipway/release/verify.h"

#include <algorithm>
#include <set>

#include "release/entry_artifact.h"
#include "release/entry_cache.h"
#include "release/journal.h"
#include "release/other_rules.h"
#include "release/proof_of_attached.h"
#include "release/proof_of_bytes.h"
#include "release/proof_of_layers.h"
#include "release/standing.h"
#include "release/tags.h"
#include "release/tombstone.h"
#include "slipway/base/text.h"

namespace slipway::release {
namespace {

/// Looks at one environment and keeps everything that is wrong.
class Verification {
 public:
  Verification(const Project& project, const Environment& environment, const ReleaseServices& services)
      : project_(project), environment_(environment), services_(services) {
    proof_.environment = environment.name;
    proof_.location = environment.repository.with_tag(environment.tag);
  }

  Result<Proof> run(const std::optional<Digest>& head) {
    SLIPWAY_ASSIGN(const bool readable, read_chain());
    if (!readable) return std::move(proof_);
    if (head) require_head(*head);
    compare_with_memory();
    SLIPWAY_TRY(look_at_repository());
    if (proof_.active) SLIPWAY_TRY(prove_bytes());
    return std::move(proof_);
  }

 private:
  void problem(std::string text) { proof_.problems.emplace_back(Errc::verification_failed, std::move(text)); }

  /// False when the chain is broken: then there is nothing to compare the rest with.
  Result<bool> read_chain() {
    // Without what this machine remembers: the registry must stand for itself.
    Ledger ledger = services_.proving_ledger(project_.ledger);
    auto chain = ledger.read(project_.app, environment_.name);
    if (!chain && (chain.error().code == Errc::conflict || chain.error().code == Errc::verification_failed ||
                   chain.error().code == Errc::malformed)) {
      problem(chain.error().message);
      return false;
    }
    SLIPWAY_TRY(chain);
    chain_ = *std::move(chain);
    proof_.entries = static_cast<std::int64_t>(chain_.entries.size());
    for (const UnreadableEntry& lost : chain_.unreadable)
      proof_.notes.push_back(fmt::format("{} is listed, but cannot be read: no release was committed there", lost.tag));
    for (const Recorded& fork : chain_.forks) {
      if (is_abandoned(chain_, entry_tag(fork.entry, fork.id))) {
        proof_.notes.push_back(fmt::format("v{} was also released as {}, which lost and is recorded as abandoned",
                                           fork.entry.number, fork.id.str()));
        continue;
      }
      problem(
          fmt::format("v{} of {} was also released as {}, which lost: two writers at once. The next release "
                      "records that, or: slipway doctor {} --repair",
                      fork.entry.number, environment_.name, fork.id.str(), environment_.name));
    }
    if (const Recorded* active = chain_.head()) {
      proof_.active = *active;
      SLIPWAY_ASSIGN(std::string other, other_rules(project_, environment_, *active, ledger));
      if (!other.empty()) proof_.notes.push_back(std::move(other));
    }
    return true;
  }

  void require_head(const Digest& head) {
    const auto is_it = [&](const Recorded& recorded) { return recorded.id == head; };
    if (std::any_of(chain_.entries.begin(), chain_.entries.end(), is_it)) return;
    problem(fmt::format("the ledger {} has no release of {} with the id {}: entries were removed or rewritten",
                        project_.ledger.str(), environment_.name, head.str()));
  }

  std::int64_t newest() const { return proof_.active ? proof_.active->entry.number : 0; }

  void compare_with_memory() {
    const EntryCache memory({services_.fs, services_.seen_folder}, project_.ledger.str(), project_.app,
                            environment_.name);
    const bool began_again = chain_.head() != nullptr && !chain_.entries.front().entry.prev;
    std::set<std::int64_t> removed;
    for (const auto& [tag, seen] : memory.all()) {
      if (began_again && seen.entry.number < chain_.entries.front().entry.number) continue;
      const Recorded* now = chain_.number(seen.entry.number);
      if (now != nullptr && now->id == seen.id) continue;
      const auto is_it = [&id = seen.id](const Recorded& fork) { return fork.id == id; };
      if (std::any_of(chain_.forks.begin(), chain_.forks.end(), is_it)) continue;
      if (now == nullptr) {
        removed.insert(seen.entry.number);
      } else {
        problem(fmt::format("release v{} of {} is another than this machine saw: the ledger was rewritten",
                            seen.entry.number, environment_.name));
      }
    }
    if (!removed.empty()) problem(removal_of(removed));
  }

  /// One problem for all releases: a ledger that was begun again lost hundreds.
  std::string removal_of(const std::set<std::int64_t>& numbers) const {
    std::vector<std::string> names;
    for (const std::int64_t number : numbers)
      names.push_back(fmt::format("v{}", number));
    const bool one = names.size() == 1;
    return fmt::format("release{} {} of {}, which this machine saw, {} removed from the ledger", one ? "" : "s",
                       list_of(names, 5), environment_.name, one ? "was" : "were");
  }

  /// Keep tags and the moving tag.
  Status look_at_repository() {
    auto target = services_.opener->open_for_reading(environment_.repository, Side::destination);
    if (!target && target.error().code == Errc::not_found) {
      const bool was_here = proof_.active && proof_.active->entry.image.repository == environment_.repository_text;
      if (was_here) problem(fmt::format("{} does not exist", environment_.repository.str()));
      return {};
    }
    SLIPWAY_TRY(target);
    target_ = *std::move(target);
    SLIPWAY_TRY(look_for_removed());
    SLIPWAY_ASSIGN(const auto now, moving_tag_state(*target_, environment_.tag));
    const Standing standing = judge_tag(now, chain_, environment_.repository_text);
    if (standing == Standing::drift) problem(drift_error(proof_.location, now, chain_).message);
    if (standing == Standing::pending) {
      proof_.notes.push_back(fmt::format("{}: {}; the next release, promote or rollback moves it",
                                         proof_.location.str(), lag_of(now, chain_)));
    }
    return {};
  }

  Status look_for_removed() {
    auto* lister = store::as<store::TagLister>(*target_);
    if (lister == nullptr) return {};
    auto tags = lister->list_tags();
    if (!tags && tags.error().code == Errc::not_found) return {};
    SLIPWAY_TRY(tags);
    const auto unfinished = Journal(services_, project_.app, environment_.name).unfinished();
    for (const std::string& tag : *tags) {
      const auto number = kept_number(tag, project_.app, environment_.name);
      if (!number || *number <= newest()) continue;
      SLIPWAY_TRY(judge_kept(tag, *number, unfinished && unfinished->entry.number == *number));
    }
    return {};
  }

  /// A keep tag beyond the newest entry: a release that never came to its commit, or one whose entry was removed.
  Status judge_kept(const std::string& tag, std::int64_t number, bool ours) {
    const std::string place = environment_.repository.with_tag(tag).str();
    SLIPWAY_ASSIGN(const auto there, kept_under(*target_, tag));
    if (!there) {
      proof_.notes.push_back(fmt::format("{} is listed, but cannot be read: it keeps no image", place));
      return {};
    }
    SLIPWAY_ASSIGN(const bool evidence, has_evidence(tag, number));
    if (evidence) {
      problem(fmt::format("{} has evidence of release v{}, which the ledger {} does not have: its entry was removed",
                          place, number, project_.ledger.str()));
    } else if (ours || number == newest() + 1) {
      proof_.notes.push_back(fmt::format("{} is kept for a release that was not committed", place));
    } else {
      problem(fmt::format("{} is kept for release v{}, but the newest in the ledger is v{}", place, number, newest()));
    }
    return {};
  }

  Result<bool> has_evidence(const std::string& tag, std::int64_t number) {
    SLIPWAY_ASSIGN(const auto image, target_->resolve(tag));
    SLIPWAY_ASSIGN(const auto found, list_evidence(*target_, image.digest));
    if (!found) return false;
    for (const oci::Descriptor& descriptor : *found) {
      SLIPWAY_ASSIGN(const auto recorded, read_evidence(*target_, descriptor));
      const Entry& entry = recorded.entry;
      if (entry.app == project_.app && entry.environment == environment_.name && entry.number == number) return true;
    }
    return false;
  }

  /// The environment moved since: the release is proved where it was made, and the proof says so.
  Status follow_to_old_place(const Entry& entry) {
    SLIPWAY_ASSIGN(const auto parsed, oci::Location::parse(entry.image.repository));
    const oci::Location place = parsed.relative_to(project_.folder.string()).without_reference();
    proof_.location = place.with_tag(keep_tag(entry.app, entry.environment, entry.number));
    proof_.notes.push_back(fmt::format("v{} was released to {} and is proved there; {} has no release yet",
                                       entry.number, entry.image.repository, environment_.repository.str()));
    auto target = open_if_there(place);
    SLIPWAY_TRY(target);
    target_ = *std::move(target);
    return {};
  }

  Result<std::shared_ptr<store::ReadTarget>> open_if_there(const oci::Location& place) {
    auto target = services_.opener->open_for_reading(place, Side::destination);
    if (!target && target.error().code == Errc::not_found) return std::shared_ptr<store::ReadTarget>();
    return target;
  }

  Status prove_bytes() {
    const Entry& entry = proof_.active->entry;
    if (entry.mode == Mode::env_file && entry.image.digest != entry.build.digest) {
      problem(fmt::format("v{} runs {}, which is not its build {}", entry.number, entry.image.digest.str(),
                          entry.build.digest.str()));
    }
    if (entry.image.repository != environment_.repository_text) SLIPWAY_TRY(follow_to_old_place(entry));
    if (target_ == nullptr) {
      problem(fmt::format("{} does not exist", proof_.location.str()));
    } else {
      const std::string what = fmt::format("v{} of {}", entry.number, entry.environment);
      SLIPWAY_TRY(prove_graph(*target_, entry.image.digest, what, services_.stop, proof_.problems));
      SLIPWAY_TRY(prove_attachments(entry, what));
    }
    Ledger ledger(*services_.opener, project_.ledger);
    SLIPWAY_ASSIGN(const auto home, ledger.open_for_reading());
    if (entry.mode == Mode::layer && target_ != nullptr) SLIPWAY_TRY(prove_image_of(entry, *home));
    return prove_graph(*home, entry.config, fmt::format("the config of v{} of {}", entry.number, entry.environment),
                       services_.stop, proof_.problems);
  }

  /// Beside the image; in layer mode beside the build as well.
  Status prove_attachments(const Entry& entry, const std::string& what) {
    const copy::CopyOptions how{.lanes = services_.lanes, .stop = services_.stop};
    for (const Digest& digest : std::set<Digest>{entry.image.digest, entry.build.digest}) {
      const auto image = target_->resolve(digest);
      if (!image && image.error().code == Errc::not_found) continue;  // said with its bytes
      SLIPWAY_TRY(image);
      SLIPWAY_TRY(prove_attached(*target_, *image, what, how, proof_.problems, proof_.notes));
    }
    return {};
  }

  /// In layer mode: that the image is its build and config. A config that is not there is reported with its bytes.
  Status prove_image_of(const Entry& entry, store::ReadTarget& home) {
    const auto config = fetch_config(home, entry.config);
    if (!config) return {};
    auto build_place = target_;
    const auto near = target_->resolve(entry.build.digest);
    if (!near && near.error().code == Errc::not_found) {
      SLIPWAY_ASSIGN(const auto parsed, oci::Location::parse(entry.build.repository));
      const oci::Location place = parsed.relative_to(project_.folder.string()).without_reference();
      auto opened = services_.opener->open_for_reading(place, Side::source);
      if (opened) build_place = *std::move(opened);
    }
    return prove_layers(*target_, *build_place, entry, *config, proof_.problems);
  }

  const Project& project_;
  const Environment& environment_;
  const ReleaseServices& services_;
  Proof proof_;
  Chain chain_;
  std::shared_ptr<store::ReadTarget> target_;
};

/// Compares one piece of evidence with the authority; a note where there is none to ask. The name of the ledger comes
/// from whoever attached the evidence: only `hosts`, which the user named, are asked.
Result<std::optional<std::string>> compare_with_ledger(const Recorded& evidence, const std::vector<std::string>& hosts,
                                                       const ReleaseServices& services) {
  const Entry& entry = evidence.entry;
  const std::string name = fmt::format("{} v{} of {}", entry.environment, entry.number, entry.app);
  const auto only = [&](std::string_view why) {
    return std::optional<std::string>(fmt::format("{}: evidence only, {}", name, why));
  };
  const auto place = oci::Location::parse(entry.ledger);
  if (!place || !place->is_registry()) return only(fmt::format("its ledger is {}", printable(entry.ledger, 200)));
  if (std::find(hosts.begin(), hosts.end(), place->host()) == hosts.end()) {
    return only(fmt::format("its ledger {} is on a host that was not named", printable(place->str(), 200)));
  }
  Ledger ledger(*services.opener, *place);
  const auto there = ledger.number(entry.app, entry.environment, entry.number);
  if (!there && there.error().code != Errc::verification_failed && there.error().code != Errc::conflict) {
    return only(fmt::format("its ledger {} cannot be reached: {}", place->str(), there.error().message));
  }
  SLIPWAY_TRY(there);
  if (*there && (*there)->id == evidence.id) return std::optional<std::string>();
  return fail(Errc::verification_failed, "the ledger {} {}, but the evidence beside the image says {}", place->str(),
              *there ? fmt::format("has {} with the id {}", name, (*there)->id.str()) : "does not have " + name,
              evidence.id.str());
}

}  // namespace

Status Proof::status() const {
  if (problems.empty()) return {};
  std::vector<Error> all = problems;
  return fail(combine(std::move(all)).in("verifying " + environment));
}

Result<Proof> verify_environment(const Project& project, const Environment& environment,
                                 const std::optional<Digest>& head, const ReleaseServices& services) {
  return Verification(project, environment, services).run(head);
}

Result<EvidenceProof> verify_image(const oci::Location& location, const ReleaseServices& services,
                                   const std::vector<std::string>& trusted_hosts) {
  std::vector<std::string> hosts = trusted_hosts;
  if (location.is_registry()) hosts.push_back(location.host());
  SLIPWAY_ASSIGN(const auto target, services.opener->open_for_reading(location, Side::source));
  SLIPWAY_ASSIGN(const auto reference, store::reference_of(location, *target));
  SLIPWAY_ASSIGN(const oci::Descriptor image, target->resolve(reference));
  EvidenceProof proof{image, {}, {}};
  if (auto* referrers = store::as<store::ReferrerLister>(*target)) {
    SLIPWAY_ASSIGN(const auto found, referrers->referrers(image.digest, std::string(kEntryType)));
    for (const oci::Descriptor& descriptor : found) {
      SLIPWAY_ASSIGN(Recorded recorded, read_evidence(*target, descriptor));
      if (recorded.entry.image.digest != image.digest) {
        return fail(Errc::verification_failed, "the evidence {} beside {} is of another image, {}",
                    descriptor.digest.str(), location.str(), recorded.entry.image.digest.str());
      }
      SLIPWAY_ASSIGN(auto note, compare_with_ledger(recorded, hosts, services));
      if (note) proof.notes.push_back(*std::move(note));
      proof.entries.push_back(std::move(recorded));
    }
  }
  if (proof.entries.empty()) {
    return fail(Error(Errc::not_found, fmt::format("{} has no release beside it", location.str()))
                    .with_hint("only images that slipway released have; name an environment: slipway verify ENV"));
  }
  std::sort(proof.entries.begin(), proof.entries.end(), [](const Recorded& a, const Recorded& b) {
    return std::tie(a.entry.app, a.entry.environment, a.entry.number) <
           std::tie(b.entry.app, b.entry.environment, b.entry.number);
  });
  std::vector<Error> wrong;
  SLIPWAY_TRY(prove_graph(*target, image.digest, location.str(), services.stop, wrong));
  if (!wrong.empty()) return fail(combine(std::move(wrong)));
  return proof;
}

}  // namespace slipway::release
