#include "slipway/base/json_reader.h"
#include "slipway/base/text.h"
#include "slipway/release/policy.h"

namespace slipway::release {
namespace {

constexpr std::string_view kPolicySchema = "slipway/v1/policy";
constexpr const char* kAny = "any";
constexpr const char* kAll = "all";
constexpr std::int64_t kMostSeconds = std::int64_t{1} << 40;

Error not_understood(const std::string& what) {
  return Error(Errc::invalid_argument, fmt::format("a policy has {}, which this version does not know", what))
      .with_hint("use a newer slipway");
}

struct After {
  std::vector<std::string> names;
  bool any = false;
};

Result<After> read_after(JsonReader& reader) {
  SLIPWAY_ASSIGN(const Json* after, reader.object("after"));
  if (after == nullptr) return After{};
  SLIPWAY_ASSIGN(auto rule, JsonReader::of(*after, "policy: after"));
  SLIPWAY_ASSIGN(auto all, rule.string_list(kAll));
  SLIPWAY_ASSIGN(auto any, rule.string_list(kAny));
  SLIPWAY_ASSIGN(const Json::Object other, rule.finish());
  if (all.has_value() == any.has_value() || !other.empty()) {
    return fail(Errc::malformed, "policy: after: exactly one of \"{}\" and \"{}\" is expected", kAll, kAny);
  }
  return After{any ? *std::move(any) : *std::move(all), any.has_value()};
}

Result<std::int64_t> read_seconds(JsonReader& reader, std::string_view key) {
  if (reader.peek(key) == nullptr) return 0;
  return reader.required_integer(key, 1, kMostSeconds);
}

Result<std::vector<Freeze>> read_freezes(JsonReader& reader) {
  std::vector<Freeze> freezes;
  SLIPWAY_ASSIGN(const Json* list, reader.array("freeze"));
  if (list == nullptr) return freezes;
  for (const Json& item : *list->array()) {
    SLIPWAY_ASSIGN(auto rule, JsonReader::of(item, "policy: freeze"));
    Freeze freeze;
    SLIPWAY_ASSIGN(freeze.from, rule.required_string("from"));
    SLIPWAY_ASSIGN(freeze.to, rule.required_string("to"));
    SLIPWAY_ASSIGN(freeze.zone, rule.required_string("zone"));
    SLIPWAY_ASSIGN(const Json::Object other, rule.finish());
    if (!other.empty())
      return fail(not_understood(fmt::format("the rule \"freeze.{}\"", printable(other[0].first, 60))));
    SLIPWAY_TRY(check_freeze(freeze));
    freezes.push_back(std::move(freeze));
  }
  return freezes;
}

Status read_approvals(JsonReader& reader, PolicyRules& rules) {
  SLIPWAY_ASSIGN(const Json* approvals, reader.object("approvals"));
  if (approvals == nullptr) return {};
  SLIPWAY_ASSIGN(auto rule, JsonReader::of(*approvals, "policy: approvals"));
  SLIPWAY_ASSIGN(rules.approvals, rule.required_integer("count", 1, kMostSeconds));
  SLIPWAY_ASSIGN(auto of, rule.string_list("of"));
  rules.approvers = std::move(of).value_or(std::vector<std::string>{});
  SLIPWAY_ASSIGN(const Json::Object other, rule.finish());
  if (other.empty()) return {};
  return fail(not_understood(fmt::format("the rule \"approvals.{}\"", printable(other[0].first, 60))));
}

Result<PolicyRules> read_rules(JsonReader& reader) {
  PolicyRules rules;
  SLIPWAY_ASSIGN(rules.soak, read_seconds(reader, "soak"));
  SLIPWAY_ASSIGN(rules.max_age, read_seconds(reader, "max-age"));
  SLIPWAY_ASSIGN(auto platforms, reader.string_list("platforms"));
  rules.platforms = std::move(platforms).value_or(std::vector<std::string>{});
  SLIPWAY_ASSIGN(auto deny, reader.string_list("deny"));
  rules.deny = std::move(deny).value_or(std::vector<std::string>{});
  SLIPWAY_ASSIGN(const auto annotations, reader.string_map("annotations"));
  rules.annotations.insert(annotations.begin(), annotations.end());
  SLIPWAY_ASSIGN(rules.freeze, read_freezes(reader));
  SLIPWAY_TRY(read_approvals(reader, rules));
  SLIPWAY_ASSIGN(auto exec, reader.string_list("exec"));
  rules.exec = std::move(exec).value_or(std::vector<std::string>{});
  SLIPWAY_ASSIGN(const auto rollback, reader.string("rollback"));
  if (rollback && *rollback != "strict") {
    return fail(not_understood(fmt::format("the rule \"rollback: {}\"", printable(*rollback, 60))));
  }
  rules.strict_rollback = rollback.has_value();
  return rules;
}

}  // namespace

Result<Policy> Policy::parse(std::string_view text) {
  SLIPWAY_ASSIGN(const Json json, Json::parse(text, "policy", {.max_bytes = 1u << 20}));
  SLIPWAY_ASSIGN(auto reader, JsonReader::of(json, "policy"));
  SLIPWAY_ASSIGN(const std::string schema, reader.required_string("schema"));
  if (schema != kPolicySchema) return fail(not_understood(fmt::format("the format \"{}\"", printable(schema, 60))));
  SLIPWAY_ASSIGN(After after, read_after(reader));
  SLIPWAY_ASSIGN(PolicyRules rules, read_rules(reader));
  SLIPWAY_ASSIGN(const Json::Object unknown, reader.finish());
  // A rule that is not understood would be a rule that is not kept.
  if (!unknown.empty()) return fail(not_understood(fmt::format("the rule \"{}\"", printable(unknown[0].first, 60))));
  return Policy(std::move(after.names), after.any, std::move(rules));
}

Result<std::string> Policy::canonical() const {
  Json json;
  json.set("schema", kPolicySchema);
  if (!after_.empty()) json.set("after", Json().set(any_ ? kAny : kAll, Json::Array(after_.begin(), after_.end())));
  if (rules_.soak > 0) json.set("soak", rules_.soak);
  if (rules_.max_age > 0) json.set("max-age", rules_.max_age);
  if (!rules_.platforms.empty()) json.set("platforms", Json::Array(rules_.platforms.begin(), rules_.platforms.end()));
  if (!rules_.deny.empty()) json.set("deny", Json::Array(rules_.deny.begin(), rules_.deny.end()));
  if (!rules_.annotations.empty()) {
    Json::Object annotations;
    for (const auto& [name, value] : rules_.annotations)
      annotations.emplace_back(name, value);
    json.set("annotations", std::move(annotations));
  }
  if (!rules_.freeze.empty()) {
    Json::Array freezes;
    for (const Freeze& freeze : rules_.freeze)
      freezes.push_back(Json().set("from", freeze.from).set("to", freeze.to).set("zone", freeze.zone));
    json.set("freeze", std::move(freezes));
  }
  if (rules_.approvals > 0) {
    Json approvals = Json().set("count", rules_.approvals);
    if (!rules_.approvers.empty()) approvals.set("of", Json::Array(rules_.approvers.begin(), rules_.approvers.end()));
    json.set("approvals", std::move(approvals));
  }
  if (!rules_.exec.empty()) json.set("exec", Json::Array(rules_.exec.begin(), rules_.exec.end()));
  if (rules_.strict_rollback) json.set("rollback", "strict");
  return json.canonical();
}

}  // namespace slipway::release
