#include "slipway/release/config_artifact.h"

#include "slipway/base/json_reader.h"
#include "slipway/base/text.h"
#include "slipway/io/filters.h"
#include "slipway/io/hash.h"
#include "slipway/oci/media_type.h"

namespace slipway::release {
namespace {

constexpr std::size_t kMaxConfig = 1u << 20;

Json object_of(const std::map<std::string, std::string>& map) {
  Json::Object object;
  for (const auto& [key, value] : map)
    object.emplace_back(key, value);
  return object;
}

oci::Descriptor describe(std::string_view type, const std::string& bytes) {
  return {std::string(type), io::digest_of(bytes), static_cast<std::int64_t>(bytes.size())};
}

}  // namespace

Result<std::string> ConfigValues::canonical() const {
  Json json;
  json.set("schema", kConfigSchema).set("values", object_of(values)).set("secrets", object_of(secrets));
  json.set("files", Json::Array{});
  if (!path.empty()) json.set("path", path);
  return json.canonical();
}

Result<ConfigValues> ConfigValues::parse(std::string_view text) {
  SLIPWAY_ASSIGN(const Json json, Json::parse(text, "the config", {.max_bytes = kMaxConfig}));
  SLIPWAY_ASSIGN(auto reader, JsonReader::of(json, "the config"));
  SLIPWAY_ASSIGN(const std::string schema, reader.required_string("schema"));
  if (schema != kConfigSchema) {
    return fail(Error(Errc::invalid_argument, fmt::format("the config has the format '{}', this version reads {}",
                                                          printable(schema, 60), kConfigSchema))
                    .with_hint("use a newer slipway"));
  }
  ConfigValues config;
  SLIPWAY_ASSIGN(const auto values, reader.string_map("values"));
  config.values.insert(values.begin(), values.end());
  SLIPWAY_ASSIGN(const auto secrets, reader.string_map("secrets"));
  config.secrets.insert(secrets.begin(), secrets.end());
  // The files are in the artifact's second layer; what reads values has no use for their list.
  SLIPWAY_TRY(reader.array("files"));
  SLIPWAY_ASSIGN(auto path, reader.string("path"));
  config.path = std::move(path).value_or("");
  SLIPWAY_TRY(reader.finish());
  return config;
}

void ConfigValues::overlay(const ConfigValues& later) {
  for (const auto& [name, value] : later.values) {
    secrets.erase(name);
    values.insert_or_assign(name, value);
  }
  for (const auto& [name, reference] : later.secrets) {
    values.erase(name);
    secrets.insert_or_assign(name, reference);
  }
}

Result<ConfigArtifact> make_config_artifact(const ConfigValues& values) {
  SLIPWAY_ASSIGN(std::string blob_bytes, values.canonical());
  oci::Descriptor blob = describe(kConfigArtifactType, blob_bytes);
  oci::Manifest manifest{.raw = {},
                         .media_type = std::string(oci::kManifestType),
                         .artifact_type = std::string(kConfigArtifactType),
                         .config = blob,
                         .layers = {blob},
                         .subject = {},
                         .annotations = {}};
  std::string bytes = oci::write_manifest(manifest);
  oci::Descriptor descriptor = describe(oci::kManifestType, bytes);
  return ConfigArtifact{std::move(descriptor), std::move(bytes), std::move(blob), std::move(blob_bytes)};
}

Status push_config(const ConfigArtifact& artifact, store::Target& to, const std::string& tag) {
  io::TextSource blob(artifact.blob_bytes);
  SLIPWAY_TRY(to.push(artifact.blob, blob));
  return to.push_tagged(artifact.manifest, artifact.manifest_bytes, tag);
}

Result<ConfigValues> fetch_config(store::ReadTarget& from, const Digest& manifest_digest) {
  SLIPWAY_ASSIGN(store::Fetched fetched, from.fetch_document(manifest_digest));
  SLIPWAY_ASSIGN(const oci::Manifest manifest,
                 oci::parse_manifest(std::move(fetched.bytes), fetched.descriptor.media_type));
  if (manifest.artifact_type != kConfigArtifactType || manifest.layers.empty()) {
    return fail(Errc::verification_failed, "{} in {} is not a config", manifest_digest.str(), from.name());
  }
  SLIPWAY_ASSIGN(const auto source, from.fetch(manifest.layers.front()));
  SLIPWAY_ASSIGN(const std::string bytes, io::read_all(*source, kMaxConfig));
  return ConfigValues::parse(bytes);
}

}  // namespace slipway::release
