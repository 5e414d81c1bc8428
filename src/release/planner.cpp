#include "release/planner.h"

#include <algorithm>

#include "release/facts.h"
#include "release/journal.h"
#include "release/plaintext.h"
#include "release/standing.h"
#include "release/tag_template.h"
#include "release/tags.h"
#include "release/todays_config.h"
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

/// A ledger forgets nothing.
Status refuse_secrets(const Remarks& remarks) {
  for (const auto& [what, text] : {std::pair("reason", &remarks.reason), std::pair("bypass", &remarks.bypass)}) {
    const auto why = holds_secret(*text);
    if (!why) continue;
    return fail(
        Error(Errc::invalid_argument, fmt::format("the {} has {}, which the ledger would keep for ever", what, *why))
            .with_hint("say it without; and whoever saw it may have it: replace it where it is used"));
  }
  return {};
}

/// Whoever looks for what is attached to a build does not find it at another digest.
void warn_of_layers(Plan& plan) {
  plan.warnings.emplace_back(Errc::unsupported,
                             fmt::format("verifiers of signatures and attestations see {} without what is attached to "
                                         "the build {}, which its base.digest names",
                                         plan.image.digest.str(), plan.build.digest.str()));
  for (const std::string& child : plan.layers->left_out)
    plan.warnings.emplace_back(Errc::unsupported,
                               fmt::format("{} of the build is no platform's image and is left out", child));
}

}  // namespace

Status Planner::begin() {
  SLIPWAY_TRY(refuse_secrets(remarks_));
  SLIPWAY_ASSIGN(chain_, ledger_.read(project_.app, environment_.name));
  SLIPWAY_ASSIGN(tag_now_, tag_state(*parts_.opener, environment_.repository, environment_.tag));
  const Standing standing = judge_tag(tag_now_, chain_, environment_.repository_text);
  if (standing == Standing::drift && !remarks_.adopt) {
    return fail(drift_error(environment_.repository.with_tag(environment_.tag), tag_now_, active()));
  }
  const auto unfinished = Journal(parts_, project_.app, environment_.name).unfinished();
  const bool ours = unfinished && active() != nullptr && unfinished->entry.number == active()->entry.number;
  finish_active_ = standing == Standing::pending || (ours && standing == Standing::settled);
  return refuse_lost_ledger();
}

/// The newest release that the repository has a keep tag of; 0 for none.
Result<std::int64_t> Planner::highest_kept() const {
  std::int64_t highest = 0;
  auto target = parts_.opener->open_for_reading(environment_.repository, Side::destination);
  if (!target) return target.error().code == Errc::not_found ? Result<std::int64_t>(highest) : fail(target.error());
  auto* lister = store::as<store::TagLister>(**target);
  if (lister == nullptr) return highest;
  auto tags = lister->list_tags();
  if (!tags) return tags.error().code == Errc::not_found ? Result<std::int64_t>(highest) : fail(tags.error());
  for (const std::string& tag : *tags) {
    highest = std::max(highest, kept_number(tag, project_.app, environment_.name).value_or(0));
  }
  return highest;
}

/// Keep tags without a ledger mean that the ledger was lost or is another one.
Status Planner::refuse_lost_ledger() {
  if (active() != nullptr) return {};
  SLIPWAY_ASSIGN(const std::int64_t highest, highest_kept());
  const bool began_here = Journal(parts_, project_.app, environment_.name).unfinished().has_value();
  if (highest == 0 || (began_here && highest == 1)) return {};
  if (remarks_.adopt) {
    first_number_ = highest + 1;
    return {};
  }
  return fail(
      Error(Errc::conflict,
            fmt::format("{} has the keep tag {}, but the ledger {} has no release of {}", environment_.repository.str(),
                        keep_tag(project_.app, environment_.name, highest), project_.ledger.str(), environment_.name))
          .with_hint(fmt::format("the ledger is lost or elsewhere: check ledger.repository in slipway.yaml. To begin "
                                 "it anew with what runs: slipway release {} --adopt; if a first release was "
                                 "interrupted on another machine, repeat it there or remove the tag",
                                 environment_.name)));
}

Entry Planner::next_entry(Kind kind, const Build& build, Digest config, std::optional<Origin> from) const {
  const Recorded* const head = active();
  Entry entry{.app = project_.app,
              .environment = environment_.name,
              .number = head == nullptr ? first_number_ : head->entry.number + 1,
              .kind = kind,
              .mode = mode_,
              .build = build.content,
              .revision = build.revision,
              .image = {environment_.repository_text, build.image.digest},
              .config = std::move(config)};
  if (head != nullptr) entry.prev = head->id;
  entry.from = std::move(from);
  entry.ledger = project_.ledger_text;
  entry.actor = parts_.actor.name;
  entry.reason = remarks_.reason;
  entry.bypass = remarks_.bypass;
  entry.time = parts_.clock->now();
  entry.tool = parts_.tool;
  return entry;
}

Result<std::vector<std::string>> Planner::fixed_tags(const Entry& entry, const Build& build) const {
  const TagWords words{.number = std::to_string(entry.number),
                       .version = word(build, oci::kVersion),
                       .revision = word(build, oci::kRevision)};
  std::vector<std::string> tags;
  for (const std::string& text : environment_.tags) {
    auto tag = expand_tag_template(text, words);
    if (!tag) return fail(std::move(tag).error().at(environment_.where).in("naming the tags of " + environment_.name));
    if (*tag == environment_.tag) {
      return fail(Error(Errc::invalid_argument, fmt::format("the tag '{}' of {} cannot be written once: it is the one "
                                                            "that moves",
                                                            *tag, environment_.name))
                      .at(environment_.where)
                      .with_hint("give the environment another 'tag', or this build another version"));
    }
    tags.push_back(*std::move(tag));
  }
  return tags;
}

/// Before anything moves: the tags that are written once must be free, or this image's already.
Status Planner::require_free_tags(const Plan& plan) const {
  auto target = parts_.opener->open_for_reading(plan.repository, Side::destination);
  if (!target) return target.error().code == Errc::not_found ? Status() : Status(fail(target.error()));
  const auto unfinished = Journal(parts_, project_.app, environment_.name).unfinished();
  std::optional<Digest> ours;
  if (unfinished && unfinished->entry.number == plan.entry.number) ours = unfinished->image.digest;
  std::vector<std::string> tags = plan.fixed_tags;
  tags.push_back(keep_tag(project_.app, environment_.name, plan.entry.number));
  for (const std::string& tag : tags)
    SLIPWAY_TRY(require_free(**target, plan.image.digest, tag, ours));
  return {};
}

Result<Plan> Planner::plan_today(Kind kind, Build build, std::optional<Origin> from) {
  SLIPWAY_ASSIGN(ConfigValues values, read_todays_config(environment_, *parts_.fs, warnings_));
  SLIPWAY_ASSIGN(const ConfigArtifact artifact, make_config_artifact(values));
  std::shared_ptr<const LayerImage> layers;
  if (environment_.mode == Mode::layer) {
    SLIPWAY_ASSIGN(layers, lay_config_on(build, values, artifact.manifest.digest));
  }
  return plan(kind, std::move(build), artifact.manifest.digest, std::move(values), std::move(from), std::move(layers));
}

Result<std::shared_ptr<const LayerImage>> Planner::lay_config_on(const Build& build, const ConfigValues& values,
                                                                 const Digest& config) {
  const oci::Location& place = build.sources.front();
  SLIPWAY_ASSIGN(const auto target, parts_.opener->open_for_reading(place, Side::source));
  auto layers = make_layer_image(*target, build.image, values, config);
  if (!layers) return fail(std::move(layers).error().on(Side::source).in("laying the config on " + place.str()));
  return std::make_shared<const LayerImage>(*std::move(layers));
}

Result<Plan> Planner::plan_recorded(Kind kind, Build image, const Entry& older, std::optional<Origin> from) {
  mode_ = older.mode;
  return plan(kind, std::move(image), older.config, std::nullopt, std::move(from), nullptr);
}

Result<Plan> Planner::plan(Kind kind, Build build, Digest config, std::optional<ConfigValues> values,
                           std::optional<Origin> from, std::shared_ptr<const LayerImage> layers) {
  const Policy policy(environment_);
  const oci::Descriptor image = layers ? layers->root : build.image;
  Plan plan(next_entry(kind, build, std::move(config), std::move(from)), image, environment_.repository,
            project_.ledger);
  plan.entry.image.digest = image.digest;
  plan.build = build.image;
  plan.layers = std::move(layers);
  SLIPWAY_ASSIGN(plan.rules, policy.canonical());
  plan.entry.policy = io::digest_of(plan.rules);
  plan.ledger_text = project_.ledger_text;
  plan.config = std::move(values);
  plan.sources = build.sources;
  put_near_first(plan.sources, plan.repository);
  const Recorded* const head = active();
  plan.changed = head == nullptr || !head->entry.same_release(plan.entry) ||
                 head->entry.image.repository != plan.entry.image.repository;
  plan.moving = {environment_.tag, tag_now_};
  plan.finish_active = finish_active_;
  plan.claims = project_.immutable_tags;
  plan.warnings = warnings_;
  if (!plan.changed) return plan;
  if (plan.layers) warn_of_layers(plan);
  SLIPWAY_ASSIGN(plan.fixed_tags, fixed_tags(plan.entry, build));
  SLIPWAY_ASSIGN(const Facts facts, gather_facts(policy, plan, ledger_, parts_, Approvals::later));
  SLIPWAY_TRY(enforce(policy, plan, facts));
  SLIPWAY_TRY(require_free_tags(plan));
  return plan;
}

}  // namespace slipway::release
