#include "release/entry_artifact.h"

#include "slipway/base/json_reader.h"
#include "slipway/io/filters.h"
#include "slipway/io/hash.h"
#include "slipway/oci/media_type.h"

namespace slipway::release {
namespace {

constexpr std::size_t kMaxEntry = 1u << 20;
constexpr std::string_view kEntriesType = "application/vnd.slipway.releases.v1+json";
constexpr std::string_view kEntriesSchema = "slipway/v1/entries";
/// Registries take manifests of 4 MiB; larger records stay alone under their tags.
constexpr std::size_t kMaxCarried = 2u << 20;

oci::Descriptor descriptor_of(std::string_view type, const std::string& bytes) {
  return {std::string(type), io::digest_of(bytes), static_cast<std::int64_t>(bytes.size())};
}

Result<std::optional<oci::Descriptor>> carry(const std::vector<Recorded>& before) {
  if (before.empty()) return std::optional<oci::Descriptor>();
  Json::Array entries;
  for (const Recorded& recorded : before) {
    SLIPWAY_ASSIGN(Json entry, Json::parse(recorded.bytes, "release entry", {.max_bytes = kMaxEntry}));
    entries.push_back(std::move(entry));
  }
  Json json;
  json.set("schema", kEntriesSchema).set("entries", std::move(entries));
  SLIPWAY_ASSIGN(std::string bytes, json.canonical());
  if (bytes.size() > kMaxCarried) return std::optional<oci::Descriptor>();
  oci::Descriptor carried = descriptor_of(kEntriesType, bytes);
  carried.data = std::move(bytes);
  return std::optional<oci::Descriptor>(std::move(carried));
}

Result<std::vector<Recorded>> read_carried(const std::string& bytes) {
  SLIPWAY_ASSIGN(const Json json, Json::parse(bytes, "release entries", {.max_bytes = kMaxCarried}));
  SLIPWAY_ASSIGN(auto reader, JsonReader::of(json, "release entries"));
  SLIPWAY_ASSIGN(const std::string schema, reader.required_string("schema"));
  if (schema != kEntriesSchema) return fail(Errc::invalid_argument, "entries of another format");
  std::vector<Recorded> found;
  SLIPWAY_ASSIGN(const Json* entries, reader.array("entries"));
  if (entries == nullptr) return found;
  for (const Json& entry : *entries->array()) {
    SLIPWAY_ASSIGN(std::string text, entry.canonical());
    SLIPWAY_ASSIGN(Recorded recorded, recorded_from(std::move(text)));
    found.push_back(std::move(recorded));
  }
  return found;
}

}  // namespace

namespace {

oci::Manifest manifest_of(std::string_view type, const oci::Descriptor& blob, const std::string& bytes) {
  oci::Descriptor embedded = blob;
  embedded.data = bytes;
  return {.raw = {},
          .media_type = std::string(oci::kManifestType),
          .artifact_type = std::string(type),
          .config = std::move(embedded),
          .layers = {blob},
          .subject = {},
          .annotations = {}};
}

oci::Descriptor describe_manifest(std::string_view type, const std::string& bytes) {
  oci::Descriptor descriptor = descriptor_of(oci::kManifestType, bytes);
  descriptor.artifact_type = std::string(type);
  return descriptor;
}

}  // namespace

RecordArtifact make_record_artifact(std::string_view type, const std::string& bytes) {
  oci::Descriptor blob = descriptor_of(type, bytes);
  std::string manifest = oci::write_manifest(manifest_of(type, blob, bytes));
  oci::Descriptor descriptor = describe_manifest(type, manifest);
  return {std::move(blob), std::move(manifest), std::move(descriptor)};
}

Result<EntryArtifact> make_entry_artifact(std::string bytes, std::optional<oci::Descriptor> subject,
                                          const std::vector<Recorded>& before) {
  oci::Descriptor blob = descriptor_of(kEntryType, bytes);
  SLIPWAY_ASSIGN(auto carried, carry(before));
  oci::Manifest manifest = manifest_of(kEntryType, blob, bytes);
  manifest.subject = std::move(subject);
  if (carried) manifest.layers.push_back(*carried);
  std::string manifest_bytes = oci::write_manifest(manifest);
  oci::Descriptor descriptor = describe_manifest(kEntryType, manifest_bytes);
  return EntryArtifact{std::move(bytes), std::move(blob), std::move(carried), std::move(manifest_bytes),
                       std::move(descriptor)};
}

Result<std::string> record_bytes(const oci::Manifest& manifest, std::string_view type, store::ReadTarget& from) {
  if (manifest.artifact_type != type) return fail(Errc::verification_failed, "is not a record of the type {}", type);
  std::string bytes;
  if (manifest.config.data) {
    bytes = *manifest.config.data;
  } else {
    SLIPWAY_ASSIGN(const auto source, from.fetch(manifest.config));
    SLIPWAY_ASSIGN(bytes, io::read_all(*source, kMaxEntry));
  }
  if (bytes.size() > kMaxEntry) return fail(Errc::verification_failed, "is too large");
  if (io::digest_of(bytes) != manifest.config.digest) {
    return fail(Errc::verification_failed, "does not have the digest it claims");
  }
  return bytes;
}

std::vector<Recorded> carried_entries(const oci::Manifest& manifest) {
  for (const oci::Descriptor& layer : manifest.layers) {
    if (layer.media_type != kEntriesType || !layer.data) continue;
    auto found = read_carried(*layer.data);
    if (found) return *std::move(found);
  }
  return {};
}

Result<Recorded> recorded_from(std::string bytes) {
  SLIPWAY_ASSIGN(const Json json, Json::parse(bytes, "release entry", {.max_bytes = kMaxEntry}));
  SLIPWAY_ASSIGN(const std::string canonical, json.canonical());
  if (canonical != bytes) return fail(Errc::verification_failed, "is not canonical JSON");
  SLIPWAY_ASSIGN(Entry entry, Entry::parse(bytes));
  Digest id = io::digest_of(bytes);
  return Recorded{std::move(entry), std::move(id), std::move(bytes)};
}

std::string entry_tag(const Entry& entry, const Digest& id) {
  return fmt::format("{}.{}.v{}.{}", entry.app, entry.environment, entry.number, id.short_hex());
}

}  // namespace slipway::release
