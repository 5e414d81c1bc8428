#include "slipway/base/json_reader.h"

#include "slipway/base/text.h"

namespace slipway {

Result<JsonReader> JsonReader::of(const Json& value, std::string what) {
  const Json::Object* members = value.object();
  if (members == nullptr) return fail(Errc::malformed, "{} is not a JSON object", what);
  return JsonReader(members, std::move(what));
}

Error JsonReader::wrong_type(std::string_view key, std::string_view wanted) const {
  return Error(Errc::malformed, fmt::format("{}: \"{}\" is not {}", what_, key, wanted));
}

const Json* JsonReader::peek(std::string_view key) {
  known_.emplace(key);
  for (const Json::Member& member : *members_) {
    if (member.first == key) return member.second.is_null() ? nullptr : &member.second;
  }
  return nullptr;
}

Result<std::optional<std::string>> JsonReader::string(std::string_view key) {
  const Json* value = peek(key);
  if (value == nullptr) return std::optional<std::string>();
  if (value->string() == nullptr) return fail(wrong_type(key, "a string"));
  return std::optional<std::string>(*value->string());
}

Result<std::optional<std::int64_t>> JsonReader::integer(std::string_view key, std::int64_t min, std::int64_t max) {
  const Json* value = peek(key);
  if (value == nullptr) return std::optional<std::int64_t>();
  const std::int64_t* number = value->integer();
  if (number == nullptr || *number < min || *number > max) {
    return fail(wrong_type(key, fmt::format("an integer from {} to {}", min, max)));
  }
  return std::optional<std::int64_t>(*number);
}

Result<std::optional<bool>> JsonReader::boolean(std::string_view key) {
  const Json* value = peek(key);
  if (value == nullptr) return std::optional<bool>();
  if (value->boolean() == nullptr) return fail(wrong_type(key, "true or false"));
  return std::optional<bool>(*value->boolean());
}

Result<const Json*> JsonReader::object(std::string_view key) {
  const Json* value = peek(key);
  if (value != nullptr && value->object() == nullptr) return fail(wrong_type(key, "an object"));
  return value;
}

Result<const Json*> JsonReader::array(std::string_view key) {
  const Json* value = peek(key);
  if (value != nullptr && value->array() == nullptr) return fail(wrong_type(key, "an array"));
  return value;
}

Result<std::vector<std::pair<std::string, std::string>>> JsonReader::string_map(std::string_view key) {
  std::vector<std::pair<std::string, std::string>> map;
  SLIPWAY_ASSIGN(const Json* value, object(key));
  if (value == nullptr) return map;
  for (const auto& [name, item] : *value->object()) {
    if (item.string() == nullptr) return fail(wrong_type(key, "an object of strings"));
    map.emplace_back(name, *item.string());
  }
  return map;
}

Result<std::optional<std::vector<std::string>>> JsonReader::string_list(std::string_view key) {
  SLIPWAY_ASSIGN(const Json* value, array(key));
  if (value == nullptr) return std::optional<std::vector<std::string>>();
  std::vector<std::string> list;
  for (const Json& item : *value->array()) {
    if (item.string() == nullptr) return fail(wrong_type(key, "an array of strings"));
    list.push_back(*item.string());
  }
  return std::optional(std::move(list));
}

Result<std::string> JsonReader::required_string(std::string_view key) {
  SLIPWAY_ASSIGN(auto value, string(key));
  if (!value) return fail(Errc::malformed, "{}: \"{}\" is missing", what_, key);
  return *std::move(value);
}

Result<std::int64_t> JsonReader::required_integer(std::string_view key, std::int64_t min, std::int64_t max) {
  SLIPWAY_ASSIGN(auto value, integer(key, min, max));
  if (!value) return fail(Errc::malformed, "{}: \"{}\" is missing", what_, key);
  return *value;
}

Result<Digest> JsonReader::required_digest(std::string_view key) {
  SLIPWAY_ASSIGN(const std::string text, required_string(key));
  auto digest = Digest::parse(text);
  if (!digest) return fail(Errc::malformed, "{}: \"{}\": {}", what_, key, digest.error().message);
  return *std::move(digest);
}

Result<Json::Object> JsonReader::finish() {
  std::set<std::string> folded;
  for (const std::string& key : known_)
    folded.insert(to_lower(key));
  Json::Object unknown;
  for (const Json::Member& member : *members_) {
    if (known_.contains(member.first)) continue;
    if (folded.contains(to_lower(member.first))) {
      return fail(Errc::malformed, "{}: \"{}\" differs from a known name only in case", what_,
                  printable(member.first, 80));
    }
    unknown.push_back(member);
  }
  return unknown;
}

}  // namespace slipway
