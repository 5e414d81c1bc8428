#include "slipway/release/config_artifact.h"

#include <set>

#include "slipway/base/json_reader.h"
#include "slipway/base/text.h"
#include "slipway/io/filters.h"
#include "slipway/io/hash.h"
#include "slipway/layer/entry.h"
#include "slipway/oci/media_type.h"
#include "slipway/release/config_layer.h"

namespace slipway::release {
namespace {

constexpr std::size_t kMaxConfig = 4u << 20;

Json object_of(const std::map<std::string, std::string>& map) {
  Json::Object object;
  for (const auto& [key, value] : map)
    object.emplace_back(key, value);
  return object;
}

Json list_of(const std::map<std::string, FileValue>& files) {
  Json::Array list;
  for (const auto& [path, file] : files) {
    Json item;
    item.set("digest", file.digest.str()).set("mode", fmt::format("{:04o}", file.mode)).set("path", path);
    list.push_back(std::move(item.set("size", static_cast<std::int64_t>(file.size))));
  }
  return Json(std::move(list));
}

Status read_file_item(const Json& item, std::map<std::string, FileValue>& files) {
  SLIPWAY_ASSIGN(auto reader, JsonReader::of(item, "the config: a file"));
  SLIPWAY_ASSIGN(const std::string path, reader.required_string("path"));
  SLIPWAY_ASSIGN(const std::string mode, reader.required_string("mode"));
  SLIPWAY_ASSIGN(Digest digest, reader.required_digest("digest"));
  SLIPWAY_ASSIGN(const std::int64_t size, reader.required_integer("size", 0, kMaxConfigFiles));
  SLIPWAY_TRY(reader.finish());
  const auto valid = layer::image_path("/" + path);
  if (!valid || *valid != path || (mode != "0644" && mode != "0755"))
    return fail(Errc::malformed, "the config: \"{}\" with mode {} is not a file that a config can have",
                printable(path, 300), printable(mode, 20));
  FileValue file{std::move(digest), static_cast<std::uint64_t>(size), mode == "0755" ? 0755u : 0644u};
  if (!files.emplace(path, std::move(file)).second)
    return fail(Errc::malformed, "the config has the file \"{}\" twice", printable(path, 300));
  return {};
}

oci::Descriptor describe(std::string_view type, const std::string& bytes) {
  return {std::string(type), io::digest_of(bytes), static_cast<std::int64_t>(bytes.size())};
}

}  // namespace

Result<std::string> ConfigValues::canonical() const {
  Json json;
  json.set("schema", kConfigSchema).set("values", object_of(values)).set("secrets", object_of(secrets));
  json.set("files", list_of(files));
  if (!path.empty()) json.set("path", path);
  return json.canonical();
}

Result<ConfigValues> ConfigValues::parse(std::string_view text) {
  SLIPWAY_ASSIGN(const Json json, Json::parse(text, "the config", {.max_bytes = kMaxConfig}));
  SLIPWAY_ASSIGN(auto reader, JsonReader::of(json, "the config"));
  SLIPWAY_ASSIGN(const std::string schema, reader.required_string("schema"));
  if (schema != kConfigSchema) {
    return fail(Error(Errc::invalid_argument, fmt::format("the config has the format \"{}\", this version reads {}",
                                                          printable(schema, 60), kConfigSchema))
                    .with_hint("use a newer slipway"));
  }
  ConfigValues config;
  SLIPWAY_ASSIGN(const auto values, reader.string_map("values"));
  config.values.insert(values.begin(), values.end());
  SLIPWAY_ASSIGN(const auto secrets, reader.string_map("secrets"));
  config.secrets.insert(secrets.begin(), secrets.end());
  SLIPWAY_ASSIGN(const Json* files, reader.array("files"));
  for (const Json& item : files != nullptr ? *files->array() : Json::Array())
    SLIPWAY_TRY(read_file_item(item, config.files));
  SLIPWAY_ASSIGN(auto path, reader.string("path"));
  config.path = std::move(path).value_or("");
  if (!config.files.empty() && config.path.empty()) return fail(Errc::malformed, "the config has files, but no path");
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
  for (const auto& [name, file] : later.files)
    files.insert_or_assign(name, file);
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
  std::optional<oci::Descriptor> layer_blob;
  std::string layer_bytes;
  if (!values.files.empty()) {
    SLIPWAY_ASSIGN(ConfigLayer layer, make_config_layer(values));
    manifest.layers.push_back(layer.blob);
    layer_blob = std::move(layer.blob);
    layer_bytes = std::move(layer.bytes);
  }
  std::string bytes = oci::write_manifest(manifest);
  oci::Descriptor descriptor = describe(oci::kManifestType, bytes);
  return ConfigArtifact{std::move(descriptor), std::move(bytes),      std::move(blob),
                        std::move(blob_bytes), std::move(layer_blob), std::move(layer_bytes)};
}

Status push_config(const ConfigArtifact& artifact, store::Target& to, const std::string& tag) {
  io::TextSource blob(artifact.blob_bytes);
  SLIPWAY_TRY(to.push(artifact.blob, blob));
  if (artifact.layer) {
    io::TextSource layer(artifact.layer_bytes);
    SLIPWAY_TRY(to.push(*artifact.layer, layer));
  }
  return to.push_tagged(artifact.manifest, artifact.manifest_bytes, tag);
}

std::string config_tag(const std::string& app, const std::string& environment, const Digest& manifest) {
  return fmt::format("{}.{}.c.{}", app, environment, manifest.short_hex());
}

Status require_config(const Digest& manifest, store::ReadTarget& from, const std::optional<std::string>& tag) {
  const auto gone = [&](const Digest& part) {
    return fail(error(Errc::not_found, "{} of the config {} is not in {}", part.str(), manifest.str(), from.name()));
  };
  auto fetched = from.fetch_document(tag ? store::TagOrDigest(*tag) : store::TagOrDigest(manifest));
  if (!fetched && fetched.error().code == Errc::not_found) return gone(manifest);
  SLIPWAY_TRY(fetched);
  if (fetched->descriptor.digest != manifest) return gone(manifest);
  SLIPWAY_ASSIGN(const oci::Manifest parsed,
                 oci::parse_manifest(std::move(fetched->bytes), fetched->descriptor.media_type));
  std::vector<oci::Descriptor> parts = parsed.layers;
  parts.push_back(parsed.config);
  std::set<Digest> asked{oci::empty_descriptor().digest};
  for (const oci::Descriptor& part : parts) {
    if (!asked.insert(part.digest).second) continue;
    SLIPWAY_ASSIGN(const bool there, from.exists(part));
    if (!there) return gone(part.digest);
  }
  return {};
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
  SLIPWAY_ASSIGN(ConfigValues config, ConfigValues::parse(bytes));
  if (config.files.empty()) return config;
  if (manifest.layers.size() != 2) {
    return fail(Errc::verification_failed, "the config {} in {} lists files, but has no layer with them",
                manifest_digest.str(), from.name());
  }
  SLIPWAY_ASSIGN(auto layer, from.fetch(manifest.layers.back()));
  SLIPWAY_TRY(read_config_layer(std::move(layer), config));
  return config;
}

}  // namespace slipway::release
