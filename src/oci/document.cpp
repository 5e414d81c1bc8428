#include "slipway/oci/document.h"

#include "slipway/base/json_reader.h"
#include "slipway/base/text.h"
#include "slipway/oci/media_type.h"

namespace slipway::oci {
namespace {

constexpr std::size_t kMaxChildren = 1024;

/// What manifests and indexes have in common.
struct Head {
  std::string media_type;
  std::string artifact_type;
  std::optional<Descriptor> subject;
  Annotations annotations;
};

/// The body's own media type must agree with what pointed to it (protocol: CVE-2021-41190).
Result<std::string> agreed_type(JsonReader& reader, std::string_view promised, std::string_view what) {
  SLIPWAY_ASSIGN(const std::int64_t version, reader.required_integer("schemaVersion", 0, 1000));
  if (version == 1) {
    return fail(Error(Errc::unsupported, fmt::format("{} is a docker schema 1 manifest, which cannot be trusted", what))
                    .with_hint("push the image again with a current tool"));
  }
  if (version != 2) return fail(Errc::malformed, "{}: schemaVersion is {}, not 2", what, version);
  SLIPWAY_ASSIGN(const auto written, reader.string("mediaType"));
  if (written && !promised.empty() && *written != promised) {
    return fail(Errc::malformed, "{} says it is {}, what points to it says {}", what, printable(*written, 100),
                printable(promised, 100));
  }
  return written.value_or(std::string(promised));
}

Result<std::vector<Descriptor>> descriptors(JsonReader& reader, std::string_view key, const std::string& what) {
  std::vector<Descriptor> list;
  SLIPWAY_ASSIGN(const Json* array, reader.array(key));
  if (array == nullptr) return list;
  if (array->array()->size() > kMaxChildren) {
    return fail(Errc::too_large, "{}: \"{}\" has {} entries, the limit is {}", what, key, array->array()->size(),
                kMaxChildren);
  }
  for (const Json& item : *array->array()) {
    SLIPWAY_ASSIGN(auto descriptor,
                   Descriptor::from_json(item, fmt::format("{}: {}[{}]", what, key, list.size())));
    list.push_back(std::move(descriptor));
  }
  return list;
}

Result<Head> read_head(JsonReader& reader, std::string_view promised, const std::string& what) {
  Head head;
  SLIPWAY_ASSIGN(head.media_type, agreed_type(reader, promised, what));
  SLIPWAY_ASSIGN(const auto artifact_type, reader.string("artifactType"));
  head.artifact_type = artifact_type.value_or("");
  SLIPWAY_ASSIGN(const Json* subject, reader.object("subject"));
  if (subject != nullptr) {
    SLIPWAY_ASSIGN(head.subject, Descriptor::from_json(*subject, what + ": subject"));
  }
  SLIPWAY_ASSIGN(const auto annotations, reader.string_map("annotations"));
  head.annotations.insert(annotations.begin(), annotations.end());
  return head;
}

/// A document that could be read as both kinds is refused whatever it calls itself.
Status refuse_ambiguity(const Json& json, bool index, const std::string& what) {
  const bool has_index_members = json.find("manifests") != nullptr;
  const bool has_manifest_members = json.find("layers") != nullptr || json.find("config") != nullptr;
  if (json.find("fsLayers") != nullptr || (has_index_members && has_manifest_members)) {
    return fail(Errc::malformed, "{} is a manifest and an index at once", what);
  }
  if (index && !has_index_members) return fail(Errc::malformed, "{}: \"manifests\" is missing", what);
  if (!index && json.find("config") == nullptr) return fail(Errc::malformed, "{}: \"config\" is missing", what);
  return {};
}

/// Manifest or index, by the promised type, the body's type, or the body's members.
Result<bool> is_index_body(const Json& json, std::string_view promised) {
  const Json* written = json.find("mediaType");
  const std::string_view own = written != nullptr && written->string() != nullptr ? *written->string() : "";
  const std::string_view type = is_graph_node(promised) ? promised : own;
  if (is_index(type)) return true;
  if (is_manifest(type)) return false;
  if (!promised.empty() && promised != "application/octet-stream" && promised != "text/plain" &&
      promised != "application/json") {
    return fail(Errc::unsupported, "'{}' is neither an image manifest nor an index", printable(promised, 100));
  }
  return json.find("manifests") != nullptr;
}

Json to_json_object(const Annotations& annotations) {
  Json::Object object;
  for (const auto& [key, value] : annotations) object.emplace_back(key, value);
  return object;
}

Json to_json_array(const std::vector<Descriptor>& list) {
  Json::Array array;
  for (const Descriptor& descriptor : list) array.push_back(descriptor.to_json());
  return array;
}

}  // namespace

Result<Document> parse_document(std::string raw, std::string_view media_type) {
  const std::string what = "the manifest";
  SLIPWAY_ASSIGN(const Json json, Json::parse(raw, what, {.max_bytes = kMaxDocument}));
  SLIPWAY_ASSIGN(auto reader, JsonReader::of(json, what));
  SLIPWAY_ASSIGN(const bool index, is_index_body(json, media_type));
  const std::string_view promised = is_graph_node(media_type) ? media_type : std::string_view();
  SLIPWAY_ASSIGN(Head head, read_head(reader, promised, what));
  if (head.media_type.empty()) head.media_type = index ? kIndexType : kManifestType;
  SLIPWAY_TRY(refuse_ambiguity(json, index, what));
  if (index) {
    SLIPWAY_ASSIGN(auto manifests, descriptors(reader, "manifests", what));
    SLIPWAY_TRY(reader.finish());
    return Document(Index{std::move(raw), std::move(head.media_type), std::move(head.artifact_type),
                          std::move(manifests), std::move(head.subject), std::move(head.annotations)});
  }
  SLIPWAY_ASSIGN(const Json* config_json, reader.object("config"));
  if (config_json == nullptr) return fail(Errc::malformed, "{}: \"config\" is missing", what);
  SLIPWAY_ASSIGN(auto config, Descriptor::from_json(*config_json, what + ": config"));
  SLIPWAY_ASSIGN(auto layers, descriptors(reader, "layers", what));
  SLIPWAY_TRY(reader.finish());
  return Document(Manifest{std::move(raw), std::move(head.media_type), std::move(head.artifact_type),
                           std::move(config), std::move(layers), std::move(head.subject),
                           std::move(head.annotations)});
}

Result<Manifest> parse_manifest(std::string raw, std::string_view media_type) {
  SLIPWAY_ASSIGN(Document document, parse_document(std::move(raw), media_type));
  if (Manifest* manifest = std::get_if<Manifest>(&document)) return std::move(*manifest);
  return fail(Errc::malformed, "an image manifest was expected, this is an index");
}

Result<Index> parse_index(std::string raw, std::string_view media_type) {
  SLIPWAY_ASSIGN(Document document, parse_document(std::move(raw), media_type));
  if (Index* index = std::get_if<Index>(&document)) return std::move(*index);
  return fail(Errc::malformed, "an index was expected, this is an image manifest");
}

std::vector<Descriptor> children(const Document& document) {
  if (const Index* index = std::get_if<Index>(&document)) return index->manifests;
  const Manifest& manifest = std::get<Manifest>(document);
  std::vector<Descriptor> list = manifest.layers;
  list.push_back(manifest.config);
  return list;
}

const std::optional<Descriptor>& subject_of(const Document& document) {
  return std::visit([](const auto& d) -> const std::optional<Descriptor>& { return d.subject; }, document);
}

const std::string& raw_of(const Document& document) {
  return std::visit([](const auto& d) -> const std::string& { return d.raw; }, document);
}

std::string write_manifest(const Manifest& manifest) {
  Json json;
  json.set("schemaVersion", 2).set("mediaType", manifest.media_type);
  if (!manifest.artifact_type.empty()) json.set("artifactType", manifest.artifact_type);
  json.set("config", manifest.config.to_json()).set("layers", to_json_array(manifest.layers));
  if (manifest.subject) json.set("subject", manifest.subject->to_json());
  if (!manifest.annotations.empty()) json.set("annotations", to_json_object(manifest.annotations));
  return json.compact();
}

std::string write_index(const Index& index) {
  Json json;
  json.set("schemaVersion", 2).set("mediaType", index.media_type);
  if (!index.artifact_type.empty()) json.set("artifactType", index.artifact_type);
  json.set("manifests", to_json_array(index.manifests));
  if (index.subject) json.set("subject", index.subject->to_json());
  if (!index.annotations.empty()) json.set("annotations", to_json_object(index.annotations));
  return json.compact();
}

Descriptor empty_descriptor() {
  static const Digest kDigest =
      Digest::parse("sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a").value();
  return {std::string(kEmptyType), kDigest, 2};
}

const Descriptor* select_platform(const Index& index, const Platform& wanted) {
  for (const Descriptor& child : index.manifests) {
    if (child.platform && wanted.accepts(*child.platform)) return &child;
  }
  return nullptr;
}

}  // namespace slipway::oci
