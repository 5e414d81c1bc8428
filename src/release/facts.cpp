#include "release/facts.h"

#include "release/build_finder.h"
#include "slipway/image/image.h"

namespace slipway::release {
namespace {

/// Since when the active build is active without a break; changes of its config are none.
std::int64_t active_since(const Chain& chain) {
  auto at = chain.entries.rbegin();
  std::int64_t since = at->entry.time;
  for (const Digest& build = at->entry.build.digest; at != chain.entries.rend(); ++at) {
    if (at->entry.build.digest != build) break;
    since = at->entry.time;
  }
  return since;
}

/// From where the build is now, which is where it will be copied from.
Status add_image_facts(const Plan& plan, const ReleaseServices& services, Facts& facts) {
  const oci::Location& place = plan.sources.empty() ? plan.repository : plan.sources.front();
  SLIPWAY_ASSIGN(const auto target, services.opener->open_for_reading(place, Side::source));
  SLIPWAY_ASSIGN(const oci::Annotations annotations, annotations_of(*target, plan.build));
  facts.annotations.insert(annotations.begin(), annotations.end());
  SLIPWAY_ASSIGN(const auto offers, image::list_platforms(*target, plan.build));
  for (const image::Offer& offer : offers)
    facts.platforms.push_back(offer.platform.str());
  if (offers.empty()) return {};
  SLIPWAY_ASSIGN(const image::Image image, image::load_manifest(*target, offers.front().manifest));
  const auto created = parse_time(image.config.created);
  // 1970 is what a build that can be repeated says unless it is told the time.
  if (created && *created > 0) facts.created = *created;
  return {};
}

/// The events of people about the environment.
Status add_events(const Plan& plan, Ledger& ledger, Approvals approvals, Facts& facts) {
  const Entry& entry = plan.entry;
  SLIPWAY_ASSIGN(const auto events, EventLog(ledger).read(entry.app, entry.environment));
  SLIPWAY_ASSIGN(const auto head, ledger.head(entry.app, entry.environment));
  facts.hold = hold_of(events, head ? &*head : nullptr);
  if (approvals == Approvals::later) return {};
  SLIPWAY_ASSIGN(ApprovedPlan approved, approved_plan(plan, approvals == Approvals::needed_for_file));
  facts.approvers = approvers_of(events, approved);
  return {};
}

}  // namespace

Result<ApprovedPlan> approved_plan(const Plan& plan, bool is_file) {
  SLIPWAY_ASSIGN(Digest decision, plan.digest());
  ApprovedPlan approved{std::move(decision), std::nullopt, std::nullopt};
  SLIPWAY_ASSIGN(approved.edition1, plan.edition1_digest());
  if (is_file) {
    SLIPWAY_ASSIGN(approved.seal, plan.seal());
  }
  return approved;
}

Result<Facts> gather_facts(const Policy& policy, const Plan& plan, Ledger& ledger, const ReleaseServices& services,
                           Approvals approvals) {
  Facts facts;
  facts.now = services.clock->now();
  const std::string& app = plan.entry.app;
  for (const std::string& name : policy.upstreams()) {
    SLIPWAY_ASSIGN(const auto head, ledger.head(app, name));
    facts.active_builds[name] = head ? std::optional<Digest>(head->entry.build.digest) : std::nullopt;
    if (!head || !policy.needs_history()) continue;
    SLIPWAY_ASSIGN(const Chain chain, ledger.read(app, name));
    facts.active_since[name] = active_since(chain);
  }
  if (policy.needs_image()) SLIPWAY_TRY(add_image_facts(plan, services, facts));
  SLIPWAY_TRY(add_events(plan, ledger, approvals, facts));
  const std::vector<std::string>& argv = policy.rules().exec;
  if (!argv.empty() && policy.judges_wholly(plan)) {
    SLIPWAY_ASSIGN(facts.objections, ask_program(argv, plan, facts, services));
  }
  return facts;
}

}  // namespace slipway::release
