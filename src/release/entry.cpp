#include "slipway/release/entry.h"

#include <array>

#include "slipway/base/clock.h"
#include "slipway/base/json_reader.h"
#include "slipway/base/text.h"

namespace slipway::release {
namespace {

constexpr std::array kKinds{std::pair{Kind::release, "release"}, std::pair{Kind::promote, "promote"},
                            std::pair{Kind::config, "config"}, std::pair{Kind::rollback, "rollback"},
                            std::pair{Kind::adopt, "adopt"}};

Result<Kind> parse_kind(const std::string& text) {
  for (const auto& [kind, name] : kKinds) {
    if (text == name) return kind;
  }
  return fail(Errc::malformed, "release entry: \"{}\" is not a kind", printable(text, 40));
}

Json content_json(const Content& content) {
  Json json;
  json.set("digest", content.digest.str()).set("repository", content.repository);
  for (const auto& [key, value] : content.other)
    json.set(key, value);
  return json;
}

Result<JsonReader> member(JsonReader& reader, std::string_view key) {
  SLIPWAY_ASSIGN(const Json* json, reader.object(key));
  if (json == nullptr) return fail(Errc::malformed, "release entry: \"{}\" is missing", key);
  return JsonReader::of(*json, fmt::format("release entry: {}", key));
}

Result<std::optional<Digest>> optional_digest(JsonReader& reader, std::string_view key) {
  if (reader.peek(key) == nullptr) return std::optional<Digest>();
  SLIPWAY_ASSIGN(Digest digest, reader.required_digest(key));
  return std::optional<Digest>(std::move(digest));
}

Result<std::optional<Origin>> read_origin(JsonReader& reader) {
  if (reader.peek("from") == nullptr) return std::optional<Origin>();
  SLIPWAY_ASSIGN(auto from, member(reader, "from"));
  SLIPWAY_ASSIGN(std::string environment, from.required_string("environment"));
  SLIPWAY_ASSIGN(const std::int64_t number, from.required_integer("number", 1, 1ll << 53));
  SLIPWAY_ASSIGN(Digest entry, from.required_digest("entry"));
  SLIPWAY_ASSIGN(auto other, from.finish());
  return std::optional<Origin>(Origin{std::move(environment), number, std::move(entry), std::move(other)});
}

Status read_texts(JsonReader& reader, Entry& entry) {
  for (const auto& [key, field] :
       {std::pair{"reason", &entry.reason}, std::pair{"bypass", &entry.bypass}, std::pair{"tool", &entry.tool}}) {
    SLIPWAY_ASSIGN(const auto text, reader.string(key));
    *field = text.value_or("");
  }
  SLIPWAY_ASSIGN(entry.actor, reader.required_string("actor"));
  SLIPWAY_ASSIGN(entry.ledger, reader.required_string("ledger"));
  SLIPWAY_ASSIGN(const std::string time, reader.required_string("time"));
  auto parsed = parse_time(time);
  if (!parsed) return fail(Errc::malformed, "release entry: {}", parsed.error().message);
  entry.time = *parsed;
  return {};
}

Status check_schema(JsonReader& reader) {
  SLIPWAY_ASSIGN(const std::string schema, reader.required_string("schema"));
  if (schema == kEntrySchema) return {};
  return fail(Error(Errc::invalid_argument, fmt::format("a release entry has the format \"{}\", this version reads {}",
                                                        printable(schema, 60), kEntrySchema))
                  .with_hint("use a newer slipway"));
}

}  // namespace

std::string_view name_of(Kind kind) {
  for (const auto& [known, name] : kKinds) {
    if (known == kind) return name;
  }
  return "release";
}

Result<std::string> Entry::canonical() const {
  Json build_json = content_json(build);
  if (!revision.empty()) build_json.set("revision", revision);
  Json json;
  json.set("schema", kEntrySchema).set("app", app).set("environment", environment).set("number", number);
  json.set("kind", name_of(kind)).set("mode", release::name_of(mode));
  json.set("build", std::move(build_json)).set("image", content_json(image)).set("config", config.str());
  if (prev) json.set("prev", prev->str());
  if (from) {
    Json origin;
    origin.set("environment", from->environment).set("number", from->number).set("entry", from->entry.str());
    for (const auto& [key, value] : from->other)
      origin.set(key, value);
    json.set("from", std::move(origin));
  }
  json.set("ledger", ledger).set("actor", actor).set("time", format_time(time));
  if (policy) json.set("policy", policy->str());
  if (!reason.empty()) json.set("reason", reason);
  if (!bypass.empty()) json.set("bypass", bypass);
  if (!tool.empty()) json.set("tool", tool);
  if (decision) json.set("decision", decision->str());
  if (!planned_by.empty()) json.set("planned-by", planned_by);
  if (!abandoned.empty()) json.set("abandoned", Json::Array(abandoned.begin(), abandoned.end()));
  if (held) json.set("held", *held);
  for (const auto& [key, value] : other)
    json.set(key, value);
  return json.canonical();
}

Result<Entry> Entry::parse(std::string_view text) {
  SLIPWAY_ASSIGN(const Json json, Json::parse(text, "release entry", {.max_bytes = 1u << 20}));
  SLIPWAY_ASSIGN(auto reader, JsonReader::of(json, "release entry"));
  SLIPWAY_TRY(check_schema(reader));
  SLIPWAY_ASSIGN(std::string app, reader.required_string("app"));
  SLIPWAY_ASSIGN(std::string environment, reader.required_string("environment"));
  SLIPWAY_ASSIGN(const std::int64_t number, reader.required_integer("number", 1, 1ll << 53));
  SLIPWAY_ASSIGN(const std::string kind_name, reader.required_string("kind"));
  SLIPWAY_ASSIGN(const Kind kind, parse_kind(kind_name));
  SLIPWAY_ASSIGN(const std::string mode, reader.required_string("mode"));
  if (mode != "env-file" && mode != "layer") {
    return fail(Errc::malformed, "release entry: \"{}\" is not a mode", printable(mode, 40));
  }
  SLIPWAY_ASSIGN(auto build, member(reader, "build"));
  SLIPWAY_ASSIGN(Digest build_digest, build.required_digest("digest"));
  SLIPWAY_ASSIGN(std::string build_repository, build.required_string("repository"));
  SLIPWAY_ASSIGN(const auto revision, build.string("revision"));
  SLIPWAY_ASSIGN(auto build_other, build.finish());
  SLIPWAY_ASSIGN(auto image, member(reader, "image"));
  SLIPWAY_ASSIGN(Digest image_digest, image.required_digest("digest"));
  SLIPWAY_ASSIGN(std::string image_repository, image.required_string("repository"));
  SLIPWAY_ASSIGN(auto image_other, image.finish());
  SLIPWAY_ASSIGN(Digest config, reader.required_digest("config"));
  Entry entry{.app = std::move(app),
              .environment = std::move(environment),
              .number = number,
              .kind = kind,
              .mode = mode == "layer" ? Mode::layer : Mode::env_file,
              .build = {std::move(build_repository), std::move(build_digest), std::move(build_other)},
              .revision = revision.value_or(""),
              .image = {std::move(image_repository), std::move(image_digest), std::move(image_other)},
              .config = std::move(config)};
  SLIPWAY_ASSIGN(entry.prev, optional_digest(reader, "prev"));
  SLIPWAY_ASSIGN(entry.from, read_origin(reader));
  SLIPWAY_ASSIGN(entry.policy, optional_digest(reader, "policy"));
  SLIPWAY_TRY(read_texts(reader, entry));
  SLIPWAY_ASSIGN(entry.decision, optional_digest(reader, "decision"));
  SLIPWAY_ASSIGN(const auto planned_by, reader.string("planned-by"));
  entry.planned_by = planned_by.value_or("");
  SLIPWAY_ASSIGN(auto abandoned, reader.string_list("abandoned"));
  entry.abandoned = std::move(abandoned).value_or(std::vector<std::string>{});
  if (reader.peek("held") != nullptr) {
    SLIPWAY_ASSIGN(entry.held, reader.required_integer("held", 1, 1ll << 53));
  }
  SLIPWAY_ASSIGN(entry.other, reader.finish());
  return entry;
}

std::string keep_tag(std::string_view app, std::string_view environment, std::int64_t number) {
  return fmt::format("{}.{}-v{}", app, environment, number);
}

}  // namespace slipway::release
