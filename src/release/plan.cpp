#include "slipway/release/plan.h"

#include "slipway/base/json_reader.h"
#include "slipway/base/text.h"
#include "slipway/io/hash.h"
#include "slipway/release/plan_checks.h"
#include "slipway/release/policy.h"

namespace slipway::release {
namespace {

constexpr std::string_view kEdition1 = "slipway/v1/plan";
constexpr std::string_view kDecisionSchema = "slipway/v2/decision";
constexpr std::string_view kEdition1DecisionSchema = "slipway/v1/decision";

Result<oci::Location> read_location(JsonReader& reader, std::string_view key) {
  SLIPWAY_ASSIGN(const std::string text, reader.required_string(key));
  return oci::Location::parse(text);
}

Result<TagMove> read_move(const Json& json) {
  SLIPWAY_ASSIGN(auto reader, JsonReader::of(json, "plan: moving"));
  TagMove move;
  SLIPWAY_ASSIGN(move.tag, reader.required_string("tag"));
  if (reader.peek("expected") != nullptr) {
    SLIPWAY_ASSIGN(move.expected, reader.required_digest("expected"));
  }
  SLIPWAY_TRY(reader.finish());
  return move;
}

Result<const Json*> required(JsonReader& reader, std::string_view key) {
  SLIPWAY_ASSIGN(const Json* json, reader.object(key));
  if (json == nullptr) return fail(Errc::malformed, "plan: \"{}\" is missing", key);
  return json;
}

constexpr std::size_t kMaxPlan = 2 * kMaxConfigFiles + (8u << 20);

/// The bytes of the config's files, which nothing else has yet.
Status read_contents(JsonReader& reader, ConfigValues& config) {
  SLIPWAY_ASSIGN(const auto contents, reader.string_map("files"));
  for (const auto& [name, text] : contents) {
    const auto file = config.files.find(name);
    auto bytes = base64_decode(text);
    if (file == config.files.end() || !bytes || io::digest_of(*bytes) != file->second.digest)
      return fail(Errc::malformed, "plan: the file {} is not what the config lists", printable(name, 300));
    file->second.content = std::make_shared<const std::string>(*std::move(bytes));
  }
  for (const auto& [name, file] : config.files) {
    if (file.content == nullptr) return fail(Errc::malformed, "plan: the file {} is missing", printable(name, 300));
  }
  return {};
}

Status check_decision(const Plan& plan) {
  SLIPWAY_ASSIGN(const Digest decision, plan.digest());
  if (plan.entry.decision == decision) return {};
  return fail(error(Errc::verification_failed, "the plan for {} v{} was edited: it decides {}, its entry names {}",
                    plan.entry.environment, plan.entry.number, decision.str(),
                    plan.entry.decision ? plan.entry.decision->str() : "no decision")
                  .with_hint(planned_again(plan)));
}

/// A plan is what was reviewed only while its parts say the same.
Status check_consistency(const Plan& plan) {
  const auto refuse = [](std::string_view why) { return fail(Errc::malformed, "plan: {}", why); };
  if (plan.image.digest != plan.entry.image.digest) return refuse("image and entry name different digests");
  if (plan.build != plan.image && plan.build.digest != plan.entry.build.digest)
    return refuse("build and entry name different digests");
  if (plan.entry.policy != io::digest_of(plan.rules)) return refuse("the entry has another policy than the plan");
  if (!oci::is_valid_tag(plan.moving.tag)) return refuse("the moving tag is not a tag");
  for (const std::string& tag : plan.fixed_tags) {
    if (!oci::is_valid_tag(tag)) return refuse("one of the tags is not a tag");
  }
  SLIPWAY_TRY(check_decision(plan));
  if (plan.changed && plan.expires != plan.entry.time + kPlanLifetime)
    return refuse("it does not expire a day after it was made");
  if (!plan.config) return {};
  SLIPWAY_ASSIGN(const ConfigArtifact artifact, make_config_artifact(*plan.config));
  if (artifact.manifest.digest != plan.entry.config) return refuse("config and entry do not fit");
  return {};
}

}  // namespace

namespace {

Json attached_to_json(const std::vector<copy::Attached>& all) {
  Json::Array list;
  for (const copy::Attached& attached : all) {
    Json json;
    json.set("manifest", attached.manifest.to_json()).set("subject", attached.subject.str());
    if (!attached.tag.empty()) json.set("tag", attached.tag);
    list.push_back(std::move(json));
  }
  return list;
}

Result<copy::Attached> read_attached(const Json& json) {
  SLIPWAY_ASSIGN(auto reader, JsonReader::of(json, "plan: attached"));
  SLIPWAY_ASSIGN(const Digest subject, reader.required_digest("subject"));
  SLIPWAY_ASSIGN(const Json* manifest, required(reader, "manifest"));
  SLIPWAY_ASSIGN(oci::Descriptor descriptor, oci::Descriptor::from_json(*manifest, "plan: attached manifest"));
  SLIPWAY_ASSIGN(auto tag, reader.string("tag"));
  SLIPWAY_TRY(reader.finish());
  if (tag && !copy::is_cosign_tag(*tag, subject))
    return fail(Errc::malformed, "plan: the tag \"{}\" is not one of cosign's for {}", printable(*tag, 150),
                subject.str());
  return copy::Attached{subject, tag.value_or(""), std::move(descriptor)};
}

Status read_attached(JsonReader& reader, Plan& plan) {
  SLIPWAY_ASSIGN(const Json* list, reader.array("attached"));
  if (list == nullptr) return {};
  for (const Json& json : *list->array()) {
    SLIPWAY_ASSIGN(auto attached, read_attached(json));
    plan.attached.push_back(std::move(attached));
  }
  return {};
}

}  // namespace

Result<std::string> Plan::canonical() const {
  SLIPWAY_ASSIGN(const std::string entry_text, entry.canonical());
  SLIPWAY_ASSIGN(Json entry_json, Json::parse(entry_text, "entry"));
  Json move;
  move.set("tag", moving.tag);
  if (moving.expected) move.set("expected", moving.expected->str());
  Json json;
  json.set("schema", kPlanSchema).set("changed", changed).set("entry", std::move(entry_json));
  SLIPWAY_ASSIGN(Json rules_json, Json::parse(rules, "policy"));
  json.set("policy", std::move(rules_json)).set("finish", finish_active);
  if (claims) json.set("claims", true);
  if (first) json.set("first", first->str());
  if (expires > 0) json.set("expires", expires);
  if (build != image) json.set("build", build.to_json());
  json.set("image", image.to_json()).set("repository", repository.str()).set("ledger", ledger.str());
  json.set("moving", std::move(move)).set("tags", Json::Array(fixed_tags.begin(), fixed_tags.end()));
  Json::Array places;
  for (const oci::Location& source : sources)
    places.emplace_back(source.str());
  json.set("sources", std::move(places));
  if (!attached.empty()) json.set("attached", attached_to_json(attached));
  if (config) {
    SLIPWAY_ASSIGN(const std::string text, config->canonical());
    SLIPWAY_ASSIGN(Json config_json, Json::parse(text, "config"));
    json.set("config", std::move(config_json));
    Json contents;
    for (const auto& [name, file] : config->files)
      contents.set(name, base64_encode(*file.content));
    if (!config->files.empty()) json.set("files", std::move(contents));
  }
  return json.canonical();
}

namespace {

/// The members that say in which state of the world the plan was made.
Status read_state(JsonReader& reader, Plan& plan) {
  SLIPWAY_ASSIGN(const auto claims, reader.boolean("claims"));
  plan.claims = claims.value_or(false);
  if (reader.peek("first") != nullptr) {
    SLIPWAY_ASSIGN(plan.first, reader.required_digest("first"));
  }
  if (reader.peek("expires") != nullptr) {
    SLIPWAY_ASSIGN(plan.expires, reader.required_integer("expires", 0, 1ll << 53));
  }
  SLIPWAY_ASSIGN(const auto finish, reader.boolean("finish"));
  plan.finish_active = finish.value_or(false);
  return {};
}

}  // namespace

Result<Plan> Plan::parse(std::string_view text) {
  SLIPWAY_ASSIGN(const Json json, Json::parse(text, "plan", {.max_bytes = kMaxPlan}));
  SLIPWAY_ASSIGN(auto reader, JsonReader::of(json, "plan"));
  SLIPWAY_ASSIGN(const std::string schema, reader.required_string("schema"));
  if (schema == kEdition1) {
    return fail(error(Errc::conflict, "the plan was written by edition 1, whose plans do not cover what they do")
                    .with_hint("plan it again: slipway promote FROM TO --plan FILE"));
  }
  if (schema != kPlanSchema) {
    return fail(error(Errc::invalid_argument, "the plan has the format \"{}\", this version reads {}",
                      printable(schema, 60), kPlanSchema)
                    .with_hint("plan it again with this version: slipway promote FROM TO --plan FILE"));
  }
  SLIPWAY_ASSIGN(const Json* entry_json, required(reader, "entry"));
  SLIPWAY_ASSIGN(Entry entry, Entry::parse(entry_json->compact()));
  SLIPWAY_ASSIGN(const Json* image_json, required(reader, "image"));
  SLIPWAY_ASSIGN(auto image, oci::Descriptor::from_json(*image_json, "plan: image"));
  SLIPWAY_ASSIGN(auto repository, read_location(reader, "repository"));
  SLIPWAY_ASSIGN(auto ledger, read_location(reader, "ledger"));
  Plan plan(std::move(entry), std::move(image), std::move(repository), std::move(ledger));
  plan.ledger_text = plan.entry.ledger;
  SLIPWAY_ASSIGN(const Json* build_json, reader.object("build"));
  if (build_json != nullptr) {
    SLIPWAY_ASSIGN(plan.build, oci::Descriptor::from_json(*build_json, "plan: build"));
  }
  SLIPWAY_ASSIGN(const auto changed, reader.boolean("changed"));
  plan.changed = changed.value_or(true);
  SLIPWAY_ASSIGN(const Json* moving, required(reader, "moving"));
  SLIPWAY_ASSIGN(plan.moving, read_move(*moving));
  SLIPWAY_ASSIGN(auto tags, reader.string_list("tags"));
  plan.fixed_tags = std::move(tags).value_or(std::vector<std::string>{});
  SLIPWAY_ASSIGN(const auto sources, reader.string_list("sources"));
  for (const std::string& source : sources.value_or(std::vector<std::string>{})) {
    SLIPWAY_ASSIGN(auto location, oci::Location::parse(source));
    plan.sources.push_back(std::move(location));
  }
  SLIPWAY_TRY(read_attached(reader, plan));
  SLIPWAY_ASSIGN(const Json* config_json, reader.object("config"));
  if (config_json != nullptr) {
    SLIPWAY_ASSIGN(plan.config, ConfigValues::parse(config_json->compact()));
    SLIPWAY_TRY(read_contents(reader, *plan.config));
  }
  SLIPWAY_ASSIGN(const Json* rules, required(reader, "policy"));
  SLIPWAY_ASSIGN(plan.rules, rules->canonical());
  SLIPWAY_TRY(read_state(reader, plan));
  SLIPWAY_ASSIGN(const Json::Object unknown, reader.finish());
  // A member that this version does not know would be left out silently.
  if (!unknown.empty()) {
    return fail(Error(Errc::invalid_argument, fmt::format("the plan has \"{}\", which this version does not know",
                                                          printable(unknown.front().first, 60)))
                    .with_hint("use a newer slipway"));
  }
  SLIPWAY_TRY(check_consistency(plan));
  return plan;
}

Result<Digest> Plan::digest() const {
  Json json;
  json.set("schema", kDecisionSchema).set("app", entry.app).set("environment", entry.environment);
  json.set("ledger", ledger.str()).set("number", entry.number).set("kind", name_of(entry.kind));
  json.set("mode", name_of(entry.mode)).set("build", entry.build.digest.str());
  json.set("build-repository", entry.build.repository).set("image", entry.image.digest.str());
  json.set("image-repository", entry.image.repository).set("repository", repository.str());
  json.set("config", entry.config.str()).set("tag", moving.tag);
  json.set("tags", Json::Array(fixed_tags.begin(), fixed_tags.end()));
  Json::Array places;
  for (const oci::Location& source : sources)
    places.emplace_back(source.str());
  json.set("sources", std::move(places));
  if (!attached.empty()) json.set("attached", attached_to_json(attached));
  if (first) json.set("first", first->str());
  if (entry.prev) json.set("prev", entry.prev->str());
  if (entry.policy) json.set("policy", entry.policy->str());
  if (entry.from) {
    Json from;
    from.set("environment", entry.from->environment).set("number", entry.from->number);
    json.set("from", from.set("entry", entry.from->entry.str()));
  }
  Json::Array passed;
  for (const Rule rule : bypassed_rules(entry.bypass))
    passed.emplace_back(std::string(name_of(rule)));
  if (!passed.empty()) json.set("bypass", std::move(passed));
  if (claims) json.set("claims", true);
  SLIPWAY_ASSIGN(const std::string text, json.canonical());
  return io::digest_of(text);
}

Result<Digest> Plan::edition1_digest() const {
  Json json;
  json.set("schema", kEdition1DecisionSchema).set("app", entry.app).set("environment", entry.environment);
  json.set("number", entry.number).set("mode", name_of(entry.mode)).set("build", entry.build.digest.str());
  json.set("image", entry.image.digest.str()).set("repository", entry.image.repository);
  json.set("config", entry.config.str()).set("tag", moving.tag);
  if (entry.prev) json.set("prev", entry.prev->str());
  if (entry.policy) json.set("policy", entry.policy->str());
  SLIPWAY_ASSIGN(const std::string text, json.canonical());
  return io::digest_of(text);
}

Result<Digest> Plan::seal() const {
  SLIPWAY_ASSIGN(const std::string text, canonical());
  return io::digest_of(text);
}

std::string Plan::describe() const {
  if (!changed) {
    return fmt::format("{} {} already runs {} with this config: {}", entry.app, entry.environment,
                       entry.image.digest.str(),
                       finish_active ? "the interrupted release is finished, nothing else to do" : "nothing to do");
  }
  std::string text =
      fmt::format("release v{} of {} to {} ({})\n", entry.number, entry.app, entry.environment, name_of(entry.kind));
  text += fmt::format("  image   {}\n", image.digest.str());
  if (build != image) text += fmt::format("  build   {}, with a layer of config\n", build.digest.str());
  for (const oci::Location& source : sources)
    text += fmt::format("  from    {}\n", source.str());
  for (const copy::Attached& one : attached)
    text += fmt::format("  with    {} {}\n", one.manifest.digest.str(),
                        one.tag.empty() ? printable(one.manifest.artifact_type, 100) : one.tag);
  text += fmt::format("  to      {}\n", repository.str());
  text += fmt::format("  config  {}\n", entry.config.str());
  text += fmt::format("  tag     {} (now {})\n", moving.tag, moving.expected ? moving.expected->str() : "absent");
  for (const std::string& tag : fixed_tags)
    text += fmt::format("  tag     {} (written once)\n", tag);
  text += fmt::format("  ledger  {}", ledger.str());
  return text;
}

oci::Location Plan::location() const { return repository.with_tag(moving.tag).with_digest(image.digest); }

}  // namespace slipway::release
