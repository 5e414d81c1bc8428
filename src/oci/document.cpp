#include "slipway/oci/document.h"

#include <algorithm>

#include "oci/json_members.h"
#include "slipway/base/json_reader.h"
#include "slipway/base/text.h"
#include "slipway/oci/media_type.h"

namespace slipway::oci {
namespace {

/// The members that manifests and indexes have in common.
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
    return fail(
        Error(Errc::unsupported, fmt::format("{} is a docker schema 1 manifest, whose digest proves nothing", what))
            .with_hint("push the image again with a current tool"));
  }
  if (version != 2) return fail(Errc::malformed, "{}: schemaVersion is {}, not 2", what, version);
  SLIPWAY_ASSIGN(const auto written, reader.string("mediaType"));
  if (written && !is_graph_node(*written)) {
    return fail(Errc::unsupported, "{} says that it is \"{}\", which is neither an image manifest nor an index", what,
                printable(*written, 100));
  }
  if (written && !promised.empty() && *written != promised) {
    return fail(Errc::malformed, "{} says that it is {}, but its descriptor says {}", what, printable(*written, 100),
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
    SLIPWAY_ASSIGN(auto descriptor, Descriptor::from_json(item, fmt::format("{}: {}[{}]", what, key, list.size())));
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
Status refuse_ambiguity(const Json& json, JsonReader& reader, bool index, const std::string& what) {
  // Known in both kinds, so that finish() sees case variants of the other kind's members too.
  for (const char* key : {"manifests", "layers", "config", "fsLayers", "history"})
    reader.peek(key);
  const auto refuse_any = [&](std::initializer_list<const char*> foreign) -> Status {
    const auto found =
        std::find_if(foreign.begin(), foreign.end(), [&](auto key) { return json.find(key) != nullptr; });
    if (found == foreign.end()) return {};
    return fail(Errc::malformed, "{} is ambiguous: {} with \"{}\"", what, index ? "an index" : "a manifest", *found);
  };
  const auto require = [&](const char* key) -> Status {
    if (json.find(key) != nullptr) return {};
    return fail(Errc::malformed, "{}: \"{}\" is missing", what, key);
  };
  if (index) {
    SLIPWAY_TRY(refuse_any({"layers", "config", "fsLayers", "history"}));
    return require("manifests");
  }
  SLIPWAY_TRY(refuse_any({"manifests", "fsLayers", "history"}));
  SLIPWAY_TRY(require("config"));
  return require("layers");
}

/// The types that servers send when they know nothing better; the body decides then.
bool says_nothing(std::string_view media_type) {
  return media_type.empty() || media_type == "application/octet-stream" || media_type == "text/plain" ||
         media_type == "application/json";
}

bool is_schema1(std::string_view media_type) {
  return media_type == "application/vnd.docker.distribution.manifest.v1+json" ||
         media_type == "application/vnd.docker.distribution.manifest.v1+prettyjws";
}

/// Manifest or index, by the promised type, the body's type, or the body's members.
Result<bool> is_index_body(const Json& json, std::string_view promised) {
  const Json* written = json.find("mediaType");
  std::string_view own;
  if (written != nullptr && written->string() != nullptr) own = *written->string();
  const std::string_view type = is_graph_node(promised) ? promised : own;
  if (is_index(type)) return true;
  if (is_manifest(type)) return false;
  if (!says_nothing(promised) && !is_schema1(promised)) {
    return fail(Errc::unsupported, "\"{}\" is neither an image manifest nor an index", printable(promised, 100));
  }
  return json.find("manifests") != nullptr;
}

Json to_json_array(const std::vector<Descriptor>& list) {
  Json::Array array;
  for (const Descriptor& descriptor : list)
    array.push_back(descriptor.to_json());
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
  SLIPWAY_TRY(refuse_ambiguity(json, reader, index, what));
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
  return Document(Manifest{std::move(raw), std::move(head.media_type), std::move(head.artifact_type), std::move(config),
                           std::move(layers), std::move(head.subject), std::move(head.annotations)});
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
  json.set("schemaVersion", 2).set("mediaType", manifest.media_type.empty() ? kManifestType : manifest.media_type);
  if (!manifest.artifact_type.empty()) json.set("artifactType", manifest.artifact_type);
  json.set("config", manifest.config.to_json()).set("layers", to_json_array(manifest.layers));
  if (manifest.subject) json.set("subject", manifest.subject->to_json());
  if (!manifest.annotations.empty()) json.set("annotations", write_map(manifest.annotations));
  return json.compact();
}

std::string write_index(const Index& index) {
  Json json;
  json.set("schemaVersion", 2).set("mediaType", index.media_type.empty() ? kIndexType : index.media_type);
  if (!index.artifact_type.empty()) json.set("artifactType", index.artifact_type);
  json.set("manifests", to_json_array(index.manifests));
  if (index.subject) json.set("subject", index.subject->to_json());
  if (!index.annotations.empty()) json.set("annotations", write_map(index.annotations));
  return json.compact();
}

Descriptor empty_descriptor() {
  static const Digest kDigest =
      Digest::parse("sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a").value();
  return {std::string(kEmptyType), kDigest, 2};
}

const Descriptor* select_platform(const Index& index, const Platform& wanted) {
  const Descriptor* best = nullptr;
  int best_match = 0;
  for (const Descriptor& child : index.manifests) {
    if (!child.platform || child.annotations.contains(std::string(kDockerReferenceType))) continue;
    const int match = wanted.match(*child.platform);
    if (match <= best_match) continue;
    best = &child;
    best_match = match;
  }
  return best;
}

}  // namespace slipway::oci
