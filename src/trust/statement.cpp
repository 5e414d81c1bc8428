#include "slipway/trust/statement.h"

#include <algorithm>
#include <array>

#include "slipway/base/json_reader.h"
#include "slipway/base/text.h"
#include "trust/either_name.h"

namespace slipway::trust {
namespace {

constexpr std::size_t kMostSubjects = 1024;
constexpr std::size_t kMostDigests = 32;
constexpr JsonLimits kLimits{.max_bytes = 32u << 20, .max_depth = 64};
constexpr std::string_view kStatement = "https://in-toto.io/Statement/v1";
constexpr std::string_view kOlderStatement = "https://in-toto.io/Statement/v0.1";
const std::string kWhat = "the statement";

Json json_of(const Subject& subject) {
  Json json;
  if (!subject.name.empty()) json.set("name", subject.name);
  Json digests{Json::Object{}};
  for (const Digest& digest : subject.digests)
    digests.set(std::string(digest.algorithm()), std::string(digest.hex()));
  json.set("digest", std::move(digests));
  if (subject.annotations.empty()) return json;
  Json annotations;
  for (const auto& [key, value] : subject.annotations)
    annotations.set(key, value);
  json.set("annotations", std::move(annotations));
  return json;
}

bool is_hex(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Result<std::vector<Digest>> digests_of(JsonReader& reader) {
  SLIPWAY_ASSIGN(const auto members, reader.string_map("digest"));
  if (members.size() > kMostDigests) return fail(Errc::too_large, "{} has a subject of too many digests", kWhat);
  std::vector<Digest> digests;
  for (const auto& [algorithm, hex] : members) {
    if (!is_hex(hex)) return fail(Errc::malformed, "{} has a digest that is not lower-case hex", kWhat);
    if (algorithm != "sha256" && algorithm != "sha512") continue;
    auto digest = Digest::parse(algorithm + ":" + hex);
    if (!digest) return fail(Errc::malformed, "{}: {}", kWhat, digest.error().message);
    digests.push_back(*std::move(digest));
  }
  return digests;
}

Result<Subject> subject_of(const Json& json) {
  SLIPWAY_ASSIGN(JsonReader reader, JsonReader::of(json, kWhat + "'s subject"));
  Subject subject;
  SLIPWAY_ASSIGN(auto name, reader.string("name"));
  subject.name = std::move(name).value_or("");
  SLIPWAY_ASSIGN(subject.digests, digests_of(reader));
  SLIPWAY_ASSIGN(const Json* const annotations, reader.object("annotations"));
  for (const auto& [key, value] : annotations == nullptr ? Json::Object() : *annotations->object())
    subject.annotations.emplace(key, value.string() ? *value.string() : value.compact());
  for (const char* passed_over : {"uri", "content", "downloadLocation", "download_location", "mediaType", "media_type"})
    reader.peek(passed_over);
  SLIPWAY_TRY(nothing_else(reader, kWhat + "'s subject"));
  return subject;
}

}  // namespace

std::string write_statement(const Statement& statement) {
  Json::Array subjects;
  for (const Subject& subject : statement.subjects)
    subjects.push_back(json_of(subject));
  Json json;
  json.set("_type", kStatement).set("subject", std::move(subjects));
  json.set("predicateType", statement.predicate_type).set("predicate", statement.predicate);
  return json.compact();
}

Result<Statement> parse_statement(std::string_view text) {
  SLIPWAY_ASSIGN(const Json json, Json::parse(text, kWhat, kLimits));
  SLIPWAY_ASSIGN(JsonReader reader, JsonReader::of(json, kWhat));
  SLIPWAY_ASSIGN(const std::string type, reader.required_string(either_name(json, "_type", "type")));
  if (type != kStatement && type != kOlderStatement)
    return fail(Errc::malformed, "{} is of type \"{}\", which is not in-toto's", kWhat, printable(type, 200));
  Statement statement;
  SLIPWAY_ASSIGN(statement.predicate_type,
                 reader.required_string(either_name(json, "predicateType", "predicate_type")));
  if (const Json* predicate = reader.peek("predicate"); predicate != nullptr) statement.predicate = *predicate;
  SLIPWAY_ASSIGN(const Json* const subjects, reader.array("subject"));
  if (subjects == nullptr) return fail(Errc::malformed, "{} has no subject", kWhat);
  if (subjects->array()->size() > kMostSubjects)
    return fail(Errc::too_large, "{} has more than {} subjects", kWhat, kMostSubjects);
  for (const Json& item : *subjects->array()) {
    SLIPWAY_ASSIGN(Subject subject, subject_of(item));
    statement.subjects.push_back(std::move(subject));
  }
  SLIPWAY_TRY(nothing_else(reader, kWhat));
  return statement;
}

std::string predicate_type_named(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 11> kNames{{
      {"slsaprovenance", "https://slsa.dev/provenance/v0.2"},
      {"slsaprovenance02", "https://slsa.dev/provenance/v0.2"},
      {"slsaprovenance1", "https://slsa.dev/provenance/v1"},
      {"spdx", "https://spdx.dev/Document"},
      {"spdxjson", "https://spdx.dev/Document"},
      {"cyclonedx", "https://cyclonedx.org/bom"},
      {"vuln", "https://cosign.sigstore.dev/attestation/vuln/v1"},
      {"openvex", "https://openvex.dev/ns"},
      {"link", "https://in-toto.io/Link/v1"},
      {"custom", "https://cosign.sigstore.dev/attestation/v1"},
      {"sign", kSignPredicate},
  }};
  const auto at = std::find_if(kNames.begin(), kNames.end(), [&](const auto& name) { return name.first == text; });
  return std::string(at == kNames.end() ? text : at->second);
}

}  // namespace slipway::trust
