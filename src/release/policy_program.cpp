#include "release/facts.h"
#include "slipway/base/json_reader.h"
#include "slipway/base/subprocess.h"
#include "slipway/base/text.h"

namespace slipway::release {
namespace {

constexpr std::string_view kInputSchema = "slipway/v1/policy-input";
constexpr std::chrono::seconds kPatience{60};

Json facts_json(const Facts& facts) {
  Json active;
  for (const auto& [environment, build] : facts.active_builds)
    active.set(environment, build ? Json(build->str()) : Json());
  Json since;
  for (const auto& [environment, time] : facts.active_since)
    since.set(environment, time);
  Json annotations;
  for (const auto& [name, value] : facts.annotations)
    annotations.set(name, value);
  Json json;
  json.set("active", std::move(active)).set("active-since", std::move(since)).set("now", facts.now);
  json.set("platforms", Json::Array(facts.platforms.begin(), facts.platforms.end()));
  json.set("annotations", std::move(annotations));
  if (facts.created) json.set("created", *facts.created);
  if (facts.hold) json.set("hold", Json().set("actor", facts.hold->actor).set("reason", facts.hold->reason));
  if (facts.approvers) json.set("approvers", Json::Array(facts.approvers->begin(), facts.approvers->end()));
  return json;
}

/// The reasons of an answer; none is consent.
Result<std::vector<std::string>> read_answer(const std::string& text) {
  SLIPWAY_ASSIGN(const Json json, Json::parse(text, "the answer"));
  SLIPWAY_ASSIGN(auto reader, JsonReader::of(json, "the answer"));
  SLIPWAY_ASSIGN(const auto allow, reader.boolean("allow"));
  if (!allow) return fail(Errc::malformed, "the answer does not say whether it allows the plan");
  SLIPWAY_ASSIGN(auto reasons, reader.string_list("reasons"));
  if (*allow) return std::vector<std::string>();
  if (!reasons || reasons->empty()) return std::vector<std::string>{"no, without a reason"};
  return *std::move(reasons);
}

}  // namespace

Result<std::vector<std::string>> ask_program(const std::vector<std::string>& argv, const Plan& plan, const Facts& facts,
                                             const ReleaseServices& services) {
  SLIPWAY_ASSIGN(const std::string plan_text, plan.canonical());
  SLIPWAY_ASSIGN(Json plan_json, Json::parse(plan_text, "plan"));
  Json input;
  input.set("schema", kInputSchema).set("plan", std::move(plan_json)).set("facts", facts_json(facts));
  SLIPWAY_ASSIGN(std::string text, input.canonical());
  Command command{
      .argv = argv, .input = std::move(text), .timeout = kPatience, .directory = std::nullopt, .extra_env = {}};
  if (!services.project_folder.empty()) command.directory = services.project_folder.string();
  const auto done = run_command(command, services.stop);
  if (!done && done.error().code == Errc::cancelled) return fail(done.error());
  if (!done) return std::vector<std::string>{"it gave no answer: " + done.error().message};
  if (done->status != 0) {
    return std::vector<std::string>{fmt::format("it gave no answer, but ended with status {}{}", done->status,
                                                done->err.empty() ? "" : ": " + std::string(trim(done->err)))};
  }
  auto reasons = read_answer(done->out);
  if (!reasons) return std::vector<std::string>{reasons.error().message};
  return reasons;
}

}  // namespace slipway::release
