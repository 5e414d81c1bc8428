#include "trust/legacy.h"

#include <algorithm>

#include "slipway/base/json_reader.h"
#include "slipway/base/text.h"
#include "slipway/io/filters.h"
#include "slipway/io/hash.h"
#include "slipway/oci/media_type.h"
#include "slipway/store/attachment_tag.h"
#include "trust/either_name.h"
#include "trust/judged.h"

namespace slipway::trust {
namespace {

constexpr std::size_t kMostEntries = 1000;
constexpr std::size_t kMostBytes = 16u << 20;
constexpr int kTries = 4;
constexpr std::string_view kPayloadKind = "cosign container image signature";

/// The manifest behind the tag; nothing without one.
Result<std::optional<oci::Manifest>> manifest_behind(store::ReadTarget& from, const std::string& tag) {
  auto fetched = from.fetch_document(tag);
  if (!fetched && fetched.error().code == Errc::not_found) return std::optional<oci::Manifest>();
  if (!fetched) return fail(std::move(fetched).error());
  SLIPWAY_ASSIGN(oci::Manifest manifest, oci::parse_manifest(fetched->bytes, fetched->descriptor.media_type));
  if (manifest.layers.size() > kMostEntries)
    return fail(Errc::too_large, "the tag {} in {} has more than {} signatures", tag, from.name(), kMostEntries);
  return std::optional(std::move(manifest));
}

bool is_entry(const oci::Descriptor& layer) {
  return layer.media_type == kPayloadType || layer.media_type == kEnvelopeType;
}

Result<LegacyEntry> entry_of(store::ReadTarget& from, const oci::Descriptor& layer) {
  SLIPWAY_ASSIGN(const auto source, from.fetch(layer));
  SLIPWAY_ASSIGN(std::string bytes, io::read_all(*source, kMostBytes));
  return LegacyEntry{layer, std::move(bytes)};
}

/// An image config without files, whose diff IDs are the layers' digests: what cosign writes and podman reads.
std::string config_of(const std::vector<oci::Descriptor>& layers) {
  Json::Array diff_ids, history;
  for (const oci::Descriptor& layer : layers) {
    diff_ids.emplace_back(layer.digest.str());
    history.push_back(Json().set("created", "0001-01-01T00:00:00Z"));
  }
  Json rootfs;
  rootfs.set("type", "layers").set("diff_ids", std::move(diff_ids));
  Json config;
  config.set("architecture", "").set("created", "0001-01-01T00:00:00Z").set("history", std::move(history));
  config.set("os", "").set("rootfs", std::move(rootfs)).set("config", Json::Object());
  return config.compact();
}

Status push_text(store::Target& target, const oci::Descriptor& descriptor, std::string_view text,
                 const std::stop_token& stop) {
  io::TextSource source(text);
  return target.push(descriptor, source, stop);
}

oci::Descriptor described(std::string_view type, std::string_view bytes) {
  return {std::string(type), io::digest_of(bytes), static_cast<std::int64_t>(bytes.size())};
}

/// Returns true once the tag has the entry; otherwise after one write.
Result<bool> add_once(store::Target& target, const std::string& tag, const LegacyEntry& entry,
                      const std::stop_token& stop) {
  SLIPWAY_ASSIGN(auto there, manifest_behind(target, tag));
  oci::Manifest manifest = there ? *std::move(there)
                                 : oci::Manifest{.raw = {},
                                                 .media_type = std::string(oci::kManifestType),
                                                 .artifact_type = {},
                                                 .config = oci::empty_descriptor(),
                                                 .layers = {},
                                                 .subject = {},
                                                 .annotations = {}};
  if (std::find(manifest.layers.begin(), manifest.layers.end(), entry.layer) != manifest.layers.end()) return true;
  manifest.layers.push_back(entry.layer);
  SLIPWAY_TRY(push_text(target, entry.layer, entry.bytes, stop));
  const std::string config = config_of(manifest.layers);
  manifest.config = described(oci::kConfigType, config);
  SLIPWAY_TRY(push_text(target, manifest.config, config, stop));
  const std::string bytes = oci::write_manifest(manifest);
  SLIPWAY_TRY(target.push_tagged(described(manifest.media_type, bytes), bytes, tag));
  return false;
}

std::string annotation_of(const oci::Descriptor& layer, std::string_view key) {
  const auto at = layer.annotations.find(std::string(key));
  return at == layer.annotations.end() ? std::string() : at->second;
}

/// The members of a payload that a signature vouches for.
struct Payload {
  std::string digest, reference, kind;
  std::map<std::string, std::string> annotations;
};

Result<JsonReader> section(JsonReader& reader, std::string_view key, const std::string& what) {
  SLIPWAY_ASSIGN(const Json* const found, reader.object(key));
  if (found == nullptr) return fail(Errc::malformed, "{} has no {}", what, key);
  return JsonReader::of(*found, what);
}

/// containers/image is as strict beside `optional`.
Result<Payload> parse_payload(std::string_view text) {
  const std::string what = "the signature's payload";
  SLIPWAY_ASSIGN(const Json json, Json::parse(text, what));
  SLIPWAY_ASSIGN(JsonReader reader, JsonReader::of(json, what));
  SLIPWAY_ASSIGN(JsonReader critical, section(reader, "critical", what));
  SLIPWAY_ASSIGN(JsonReader identity, section(critical, "identity", what));
  SLIPWAY_ASSIGN(JsonReader image, section(critical, "image", what));
  Payload payload;
  SLIPWAY_ASSIGN(payload.kind, critical.required_string("type"));
  SLIPWAY_ASSIGN(payload.reference, identity.required_string("docker-reference"));
  SLIPWAY_ASSIGN(payload.digest, image.required_string("docker-manifest-digest"));
  SLIPWAY_ASSIGN(const Json* const optional, reader.object("optional"));
  for (const auto& [key, value] : optional == nullptr ? Json::Object() : *optional->object())
    payload.annotations.emplace(key, value.string() ? *value.string() : value.compact());
  for (JsonReader* part : {&identity, &image, &critical, &reader})
    SLIPWAY_TRY(nothing_else(*part, what));
  return payload;
}

}  // namespace

Result<std::vector<LegacyEntry>> legacy_entries(store::ReadTarget& from, const Digest& image, std::string_view suffix) {
  std::vector<LegacyEntry> entries;
  SLIPWAY_ASSIGN(const auto manifest, manifest_behind(from, store::cosign_tag(image, suffix)));
  if (!manifest) return entries;
  for (const oci::Descriptor& layer : manifest->layers) {
    if (!is_entry(layer)) continue;
    SLIPWAY_ASSIGN(LegacyEntry entry, entry_of(from, layer));
    entries.push_back(std::move(entry));
  }
  return entries;
}

Status add_legacy_entry(store::Target& target, const Digest& image, std::string_view suffix, const LegacyEntry& entry,
                        std::stop_token stop) {
  const std::string tag = store::cosign_tag(image, suffix);
  for (int i = 0; i < kTries; ++i) {
    SLIPWAY_ASSIGN(const bool done, add_once(target, tag, entry, stop));
    if (done) return {};
  }
  return fail(error(Errc::conflict, "others keep writing the tag {} in {}", tag, target.name())
                  .with_hint("run the command again: what is written stays"));
}

std::string legacy_payload(const Digest& image, const std::string& reference,
                           const std::map<std::string, std::string>& annotations) {
  Json critical;
  critical.set("identity", Json().set("docker-reference", reference));
  critical.set("image", Json().set("docker-manifest-digest", image.str())).set("type", kPayloadKind);
  Json optional;
  for (const auto& [key, value] : annotations)
    optional.set(key, value);
  return Json().set("critical", std::move(critical)).set("optional", std::move(optional)).compact();
}

Result<Proof> judge_signature(const LegacyEntry& entry, const Digest& image, const std::vector<PublicKey>& keys) {
  const Digest& document = entry.layer.digest;
  const auto signature = base64_decode(annotation_of(entry.layer, kSignatureKey));
  if (!signature) return fail(Errc::malformed, "the signature of {} is not base64", document.str());
  const PublicKey* const key = signer_among(keys, entry.bytes, {*signature});
  if (key == nullptr) return fail(Errc::verification_failed, "{} was signed by none of the keys", document.str());
  SLIPWAY_ASSIGN(Payload payload, parse_payload(entry.bytes));
  if (payload.kind != kPayloadKind || payload.digest != image.str())
    return fail(Errc::verification_failed, "{} is about another image", document.str());
  return Proof{Form::legacy,
               std::string(kSignPredicate),
               Json(),
               std::move(payload.annotations),
               std::move(payload.reference),
               key->fingerprint(),
               document};
}

Result<Proof> judge_attestation(const LegacyEntry& entry, const Digest& image, const std::vector<PublicKey>& keys) {
  SLIPWAY_ASSIGN(const Envelope envelope, parse_envelope(entry.bytes));
  return judge_envelope(envelope, Form::legacy, entry.layer.digest, image, keys);
}

}  // namespace slipway::trust
