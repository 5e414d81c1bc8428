#include "release/plan_draft.h"

#include <algorithm>

#include "release/carry.h"
#include "release/entry_artifact.h"
#include "release/facts.h"
#include "release/journal.h"
#include "release/keep_tags.h"
#include "release/plaintext.h"
#include "release/proof_of_bytes.h"
#include "release/standing.h"
#include "release/tag_template.h"
#include "release/tags.h"
#include "release/todays_config.h"
#include "release/tombstone.h"
#include "slipway/base/text.h"
#include "slipway/io/hash.h"

namespace slipway::release {
namespace {

/// A repository of the destination's registry first: from there blobs are mounted, not moved.
void put_near_first(std::vector<oci::Location>& sources, const oci::Location& destination) {
  std::stable_partition(sources.begin(), sources.end(), [&](const oci::Location& source) {
    return source.is_registry() && destination.is_registry() && source.host() == destination.host();
  });
}

std::string word(const Build& build, std::string_view key) {
  const auto at = build.annotations.find(std::string(key));
  return at == build.annotations.end() ? "" : at->second;
}

/// Refuses remarks that hold a secret: a ledger forgets nothing.
Status refuse_secrets(const Remarks& remarks) {
  for (const auto& [name, text] : {std::pair("reason", &remarks.reason), std::pair("bypass", &remarks.bypass)}) {
    const auto why = holds_secret(*text);
    if (!why) continue;
    return fail(
        Error(Errc::invalid_argument, fmt::format("the {} has {}, which the ledger would keep for ever", name, *why))
            .with_hint("leave it out; and replace the secret, because others may have seen it"));
  }
  return {};
}

/// Signatures and attestations name the build's digest, and the derived image has another one. Without any there is
/// nothing to lose.
Result<std::vector<Error>> warnings_of(const LayerImage& layers, const Plan& plan, const ReleaseServices& services) {
  std::vector<Error> warnings;
  SLIPWAY_ASSIGN(const bool has_signatures, is_signed(plan, services));
  if (has_signatures)
    warnings.emplace_back(Errc::unsupported,
                          fmt::format("verifiers of signatures and attestations see {} without what is attached to "
                                      "the build {}, which its base.digest names",
                                      plan.image.digest.str(), plan.build.digest.str()));
  for (const std::string& child : layers.left_out)
    warnings.emplace_back(Errc::unsupported,
                          fmt::format("{} of the build is not a platform's image and is left out", child));
  return warnings;
}

/// Returns the newest release that the repository has a keep tag of; 0 for none.
Result<std::int64_t> highest_kept(const ReleaseRequest& request, const ReleaseServices& services) {
  std::int64_t highest = 0;
  auto target = services.opener->open_for_reading(request.environment.repository, Side::destination);
  if (!target) return target.error().code == Errc::not_found ? Result<std::int64_t>(highest) : fail(target.error());
  auto* lister = store::as<store::TagLister>(**target);
  if (lister == nullptr) return highest;
  auto tags = lister->list_tags();
  if (!tags) return tags.error().code == Errc::not_found ? Result<std::int64_t>(highest) : fail(tags.error());
  for (const std::string& tag : *tags) {
    const std::int64_t number = kept_number(tag, request.project.app, request.environment.name).value_or(0);
    if (number <= highest) continue;
    // A tag that is listed and not there keeps nothing.
    SLIPWAY_ASSIGN(const auto there, kept_under(**target, tag));
    if (there) highest = number;
  }
  return highest;
}

Error lost_ledger(const ReleaseRequest& request, std::int64_t highest) {
  const auto& [project, environment, remarks] = request;
  return Error(
             Errc::conflict,
             fmt::format("{} has the keep tag {}, but the ledger {} has no release of {}", environment.repository.str(),
                         keep_tag(project.app, environment.name, highest), project.ledger.str(), environment.name))
      .with_hint(fmt::format("the ledger is lost or elsewhere: check ledger.repository in slipway.yaml. To begin a new "
                             "ledger with the image that is there: slipway release {} --adopt",
                             environment.name));
}

bool is_of(const Entry& entry, std::int64_t number, const ReleaseRequest& request) {
  return entry.app == request.project.app && entry.environment == request.environment.name && entry.number == number;
}

/// Evidence beside the kept image of a release proves that its entry was committed, though the ledger lost it. `hex`:
/// of the entry's id; empty for any entry of the number.
Result<bool> has_evidence(std::int64_t number, const std::string& hex, const ReleaseRequest& request,
                          const ReleaseServices& services) {
  const std::string tag = keep_tag(request.project.app, request.environment.name, number);
  auto target = services.opener->open_for_reading(request.environment.repository, Side::destination);
  if (!target) return target.error().code == Errc::not_found ? Result<bool>(false) : fail(target.error());
  SLIPWAY_ASSIGN(const auto image, kept_under(**target, tag));
  if (!image) return false;
  SLIPWAY_ASSIGN(const auto found, list_evidence(**target, *image));
  if (!found) return false;
  for (const oci::Descriptor& descriptor : *found) {
    const auto evidence = read_evidence(**target, descriptor);
    if (evidence && is_of(evidence->entry, number, request) && (hex.empty() || evidence->id.short_hex() == hex))
      return true;
  }
  return false;
}

/// Returns the number of the first release. Keep tags of later releases without a ledger mean that the ledger was lost
/// or is another one; that of v1 alone may be of a writer that died, unless evidence says otherwise.
Result<std::int64_t> first_number(const ReleaseRequest& request, const ReleaseServices& services) {
  SLIPWAY_ASSIGN(const std::int64_t highest, highest_kept(request, services));
  if (highest == 0) return 1;
  if (request.remarks.adopt) return highest + 1;
  if (highest > 1) return fail(lost_ledger(request, highest));
  SLIPWAY_ASSIGN(const bool committed, has_evidence(1, "", request, services));
  return committed ? fail(lost_ledger(request, highest)) : Result<std::int64_t>(1);
}

/// Errc::verification_failed when an entry that the ledger cannot hand out is proved to have been committed.
Status require_uncommitted(const Chain& chain, const ReleaseRequest& request, const ReleaseServices& services) {
  const std::int64_t newest = chain.head() == nullptr ? 0 : chain.head()->entry.number;
  for (const UnreadableEntry& lost : chain.unreadable) {
    if (lost.number <= newest) continue;
    SLIPWAY_ASSIGN(const bool committed, has_evidence(lost.number, lost.hex, request, services));
    if (!committed) continue;
    return fail(error(Errc::verification_failed,
                      "the ledger lists the entry {}, but cannot return it ({}), and evidence beside its image proves "
                      "that it was committed",
                      lost.tag, lost.why.message)
                    .with_hint(fmt::format("restore it: slipway doctor {} --repair", request.environment.name)));
  }
  return {};
}

}  // namespace

Result<Situation> read_situation(const ReleaseRequest& request, Ledger& ledger, const ReleaseServices& services) {
  const auto& [project, environment, remarks] = request;
  SLIPWAY_TRY(refuse_secrets(remarks));
  Situation now;
  if (!remarks.adopt) ledger.require_everything_seen();
  SLIPWAY_ASSIGN(now.chain, ledger.read(project.app, environment.name));
  // Only a ledger that lost everything can begin again behind the numbers that were seen.
  if (remarks.adopt && now.active() != nullptr) {
    ledger.require_everything_seen();
    SLIPWAY_TRY(ledger.head(project.app, environment.name));
  }
  SLIPWAY_TRY(require_uncommitted(now.chain, request, services));
  SLIPWAY_ASSIGN(now.events, EventLog(ledger).read(project.app, environment.name));
  now.hold_lasts = now.active() != nullptr && holds_by_rollback(now.events, *now.active());
  SLIPWAY_ASSIGN(now.tag_now, moving_tag_state(*services.opener, environment.repository, environment.tag));
  const Standing standing = judge_tag(now.tag_now, now.chain, environment.repository_text);
  if (standing == Standing::drift && !remarks.adopt) {
    return fail(drift_error(environment.repository.with_tag(environment.tag), now.tag_now, now.chain));
  }
  now.unfinished = Journal(services, project.app, environment.name).unfinished();
  if (const Recorded* active = now.active()) {
    const bool ours = now.unfinished && now.unfinished->entry.number == active->entry.number;
    now.finish_active = standing == Standing::pending || (ours && standing == Standing::settled);
    now.next_number = active->entry.number + 1;
    return now;
  }
  now.finish_active = standing == Standing::pending;
  SLIPWAY_ASSIGN(now.next_number, first_number(request, services));
  // A ledger that begins again gives no number twice.
  if (!now.chain.removed.empty())
    now.next_number = std::max(now.next_number, now.chain.removed.back().entry.number + 1);
  return now;
}

Result<BoundConfig> config_of_today(const Environment& environment, const Build& build,
                                    const ReleaseServices& services) {
  std::vector<Error> warnings;
  SLIPWAY_ASSIGN(ConfigValues values, read_todays_config(environment, *services.fs, warnings));
  SLIPWAY_ASSIGN(const ConfigArtifact artifact, make_config_artifact(values));
  const Digest& manifest = artifact.manifest.digest;
  std::shared_ptr<const LayerImage> layers;
  if (environment.mode == Mode::layer) {
    const oci::Location& place = build.sources.front();
    SLIPWAY_ASSIGN(const auto target, services.opener->open_for_reading(place, Side::source));
    auto made = make_layer_image(*target, build.image, values, manifest);
    if (!made) return fail(std::move(made).error().on(Side::source).in("laying the config on " + place.str()));
    layers = std::make_shared<const LayerImage>(*std::move(made));
  }
  return BoundConfig{manifest, environment.mode, std::move(values), std::move(layers), std::move(warnings)};
}

BoundConfig config_of_entry(const Entry& entry) { return {.manifest = entry.config, .mode = entry.mode}; }

namespace {

Entry next_entry(const ReleaseRequest& request, const Situation& situation, const Choice& choice,
                 const BoundConfig& config, const ReleaseServices& services) {
  const Build& build = choice.build;
  Entry entry{
      .app = request.project.app,
      .environment = request.environment.name,
      .number = situation.next_number,
      .kind = choice.kind,
      .mode = config.mode,
      .build = build.content,
      .revision = build.revision,
      .image = {request.environment.repository_text, config.layers ? config.layers->root.digest : build.image.digest},
      .config = config.manifest};
  if (const Recorded* active = situation.active()) entry.prev = active->id;
  for (const UnreadableEntry& lost : situation.chain.unreadable) {
    if (lost.number >= entry.number) entry.abandoned.push_back(lost.tag);
  }
  // Losers of a race are named once, so that every reader knows that they are settled.
  for (const Recorded& fork : situation.chain.forks) {
    std::string tag = entry_tag(fork.entry, fork.id);
    if (!is_abandoned(situation.chain, tag)) entry.abandoned.push_back(std::move(tag));
  }
  if (choice.kind == Kind::rollback) {
    entry.held = entry.number;
  } else if (situation.hold_lasts) {
    entry.held = situation.active()->entry.held;
  }
  entry.from = choice.from;
  entry.ledger = request.project.ledger_text;
  entry.actor = services.actor.name;
  entry.reason = request.remarks.reason;
  entry.bypass = request.remarks.bypass;
  entry.time = services.clock->now();
  entry.tool = services.tool;
  return entry;
}

/// Expands the environment's templates of tags that are written once.
Result<std::vector<std::string>> fixed_tags(const Environment& environment, std::int64_t number, const Build& build) {
  const TagWords words{
      .number = std::to_string(number), .version = word(build, oci::kVersion), .revision = word(build, oci::kRevision)};
  std::vector<std::string> tags;
  for (const std::string& text : environment.tags) {
    auto tag = expand_tag_template(text, words);
    if (!tag) return fail(std::move(tag).error().at(environment.where).in("naming the tags of " + environment.name));
    if (*tag == environment.tag) {
      return fail(Error(Errc::invalid_argument,
                        fmt::format("the tag \"{}\" of {} cannot be written once: it is the one that moves", *tag,
                                    environment.name))
                      .at(environment.where)
                      .with_hint("give the environment another 'tag', or this build another version"));
    }
    tags.push_back(*std::move(tag));
  }
  return tags;
}

/// The tags that are written once must be free, or this image's already.
Status require_free_tags(const Plan& plan, const std::optional<Plan>& unfinished, Ledger& ledger,
                         const ReleaseServices& services) {
  if (plan.fixed_tags.empty()) return {};
  auto target = services.opener->open_for_reading(plan.repository, Side::destination);
  if (!target) return target.error().code == Errc::not_found ? Status() : Status(fail(target.error()));
  return require_free_tags(plan, Traces{left_behind_image(unfinished, plan), ledger}, **target);
}

/// Returns true if somebody lifted holds at this release or later.
bool was_lifted(const Situation& situation, std::size_t since) {
  const auto& entries = situation.chain.entries;
  return std::any_of(situation.events.begin(), situation.events.end(), [&](const Event& event) {
    return event.kind == EventKind::unhold &&
           std::any_of(entries.begin() + static_cast<std::ptrdiff_t>(since), entries.end(),
                       [&](const Recorded& recorded) { return event.entry == recorded.id; });
  });
}

/// Returns true if the build was released by name after the release at `since`.
bool was_released_by_name(const Chain& chain, std::size_t since, const Entry& wanted) {
  return std::any_of(
      chain.entries.begin() + static_cast<std::ptrdiff_t>(since), chain.entries.end(), [&](const Recorded& recorded) {
        return recorded.entry.kind == Kind::release && recorded.entry.build.digest == wanted.build.digest;
      });
}

/// A build that was rolled back from does not come back by routine: not until the hold is lifted, the build is released
/// by name, or the rollback is named.
std::optional<Reason> returned(const Situation& situation, const Plan& plan, const Remarks& remarks) {
  const auto& entries = situation.chain.entries;
  for (std::size_t i = entries.size(); i-- > 1;) {
    const Entry& rollback = entries[i].entry;
    if (rollback.kind != Kind::rollback || rollback.held != rollback.number) continue;
    if (entries[i - 1].entry.build.digest != plan.entry.build.digest || remarks.after_rollback == rollback.number)
      continue;
    if (was_lifted(situation, i) || was_released_by_name(situation.chain, i, plan.entry)) continue;
    return Reason{Rule::returned,
                  fmt::format("v{} of {} went back from this build; lift the hold with slipway unhold {}, release the "
                              "build by its digest, or promote it with --after-rollback v{}",
                              rollback.number, rollback.environment, rollback.environment, rollback.number)};
  }
  return std::nullopt;
}

/// A promotion does not lose a bypassed release, a hotfix say, without a word.
std::optional<Reason> would_lose(const Situation& situation, const Plan& plan, const Remarks& remarks) {
  const Recorded* const active = situation.active();
  if (active == nullptr || active->entry.bypass.empty() || active->entry.build.digest == plan.entry.build.digest)
    return std::nullopt;
  if (remarks.replaces == active->entry.number) return std::nullopt;
  return Reason{
      Rule::replaces,
      fmt::format("v{} of {} was released with a bypass (\"{}\") and would be lost; promote with --replaces v{}",
                  active->entry.number, active->entry.environment, printable(active->entry.bypass, 200),
                  active->entry.number)};
}

/// The reasons against a promotion that the chain gives, beside the policy's.
std::vector<Reason> reasons_of_chain(const Situation& situation, const Plan& plan, const Remarks& remarks) {
  std::vector<Reason> reasons;
  if (plan.entry.kind != Kind::promote) return reasons;
  if (auto reason = returned(situation, plan, remarks)) reasons.push_back(*std::move(reason));
  if (auto reason = would_lose(situation, plan, remarks)) reasons.push_back(*std::move(reason));
  const std::vector<Rule> passed = bypassed_rules(plan.entry.bypass);
  std::erase_if(reasons, [&](const Reason& reason) {
    return std::find(passed.begin(), passed.end(), reason.rule) != passed.end();
  });
  return reasons;
}

/// Keeps the reasons that time removes apart from those that refuse the plan.
Status judge_plan(const ReleaseRequest& request, const Situation& situation, Planned& planned, Ledger& ledger,
                  const ReleaseServices& services) {
  const Policy policy(request.environment);
  SLIPWAY_ASSIGN(const Facts facts, gather_facts(policy, planned.plan, ledger, services, Approvals::later));
  std::vector<Reason> reasons = standing_reasons(policy, planned.plan, facts);
  for (Reason& reason : reasons_of_chain(situation, planned.plan, request.remarks))
    reasons.push_back(std::move(reason));
  const bool only_time =
      std::all_of(reasons.begin(), reasons.end(), [](const Reason& reason) { return reason.until.has_value(); });
  if (!only_time) return refuse(reasons);
  planned.not_yet = std::move(reasons);
  return {};
}

/// Returns true if the release records the loser of a race, though nothing else changes.
bool settles_fork(const Situation& situation, const Choice& choice) {
  const Chain& chain = situation.chain;
  return choice.kind == Kind::config && std::any_of(chain.forks.begin(), chain.forks.end(), [&](const Recorded& fork) {
           return !is_abandoned(chain, entry_tag(fork.entry, fork.id));
         });
}

/// Everything but the judgement: pure.
Result<Plan> assemble(const ReleaseRequest& request, const Situation& situation, const Choice& choice,
                      const BoundConfig& config, Entry entry) {
  const auto& [project, environment, remarks] = request;
  const Build& build = choice.build;
  Plan plan(std::move(entry), config.layers ? config.layers->root : build.image, environment.repository,
            project.ledger);
  plan.build = build.image;
  SLIPWAY_ASSIGN(plan.rules, Policy(environment).canonical());
  plan.entry.policy = io::digest_of(plan.rules);
  plan.ledger_text = project.ledger_text;
  plan.config = config.values;
  plan.sources = build.sources;
  put_near_first(plan.sources, plan.repository);
  const Recorded* const active = situation.active();
  plan.changed = active == nullptr || !active->entry.same_release(plan.entry) ||
                 active->entry.image.repository != plan.entry.image.repository || settles_fork(situation, choice);
  plan.moving = {environment.tag, situation.tag_now};
  plan.finish_active = situation.finish_active;
  plan.claims = project.immutable_tags;
  if (!situation.chain.entries.empty()) plan.first = situation.chain.entries.front().id;
  if (!plan.changed) {
    SLIPWAY_ASSIGN(plan.entry.decision, plan.digest());
    return plan;
  }
  SLIPWAY_ASSIGN(plan.fixed_tags, fixed_tags(environment, plan.entry.number, build));
  plan.expires = plan.entry.time + kPlanLifetime;
  SLIPWAY_ASSIGN(plan.entry.decision, plan.digest());
  return plan;
}

/// The decision covers what travels.
Status add_attached(Carry carry, Planned& planned, const ReleaseServices& services) {
  Plan& plan = planned.plan;
  SLIPWAY_ASSIGN(plan.attached, find_carried(plan, carry, planned.warnings, services));
  if (plan.attached.empty()) return {};
  SLIPWAY_ASSIGN(plan.entry.decision, plan.digest());
  return {};
}

}  // namespace

Result<Planned> draft_plan(const ReleaseRequest& request, const Situation& situation, Choice choice, BoundConfig config,
                           Ledger& ledger, const ReleaseServices& services) {
  SLIPWAY_ASSIGN(Plan plan, assemble(request, situation, choice, config,
                                     next_entry(request, situation, choice, config, services)));
  Planned planned{std::move(plan), std::move(config.warnings), std::move(config.layers)};
  if (!planned.plan.changed) return planned;
  SLIPWAY_TRY(add_attached(request.environment.carry, planned, services));
  if (const Recorded* active = situation.active()) planned.replaces = *active;
  if (planned.layers) {
    SLIPWAY_ASSIGN(auto warnings, warnings_of(*planned.layers, planned.plan, services));
    for (Error& warning : warnings)
      planned.warnings.push_back(std::move(warning));
  }
  SLIPWAY_TRY(judge_plan(request, situation, planned, ledger, services));
  SLIPWAY_TRY(require_free_tags(planned.plan, situation.unfinished, ledger, services));
  return planned;
}

}  // namespace slipway::release
