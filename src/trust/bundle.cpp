#include "slipway/trust/bundle.h"

#include "slipway/base/json_reader.h"
#include "slipway/base/text.h"
#include "trust/either_name.h"

namespace slipway::trust {
namespace {

constexpr std::size_t kMostSignatures = 32;
constexpr JsonLimits kLimits{.max_bytes = 64u << 20, .max_depth = 32};
const std::string kEnvelope = "the envelope";
const std::string kBundle = "the bundle";

Result<std::string> decoded(std::string_view what, const std::string& text) {
  auto bytes = base64_decode(text);
  if (bytes) return *std::move(bytes);
  return fail(Errc::malformed, "{} has a member that is not base64", what);
}

Result<std::string> signature_of(const Json& json) {
  SLIPWAY_ASSIGN(JsonReader reader, JsonReader::of(json, kEnvelope + "'s signature"));
  SLIPWAY_ASSIGN(const std::string text, reader.required_string("sig"));
  reader.peek("keyid");
  SLIPWAY_TRY(nothing_else(reader, kEnvelope + "'s signature"));
  return decoded(kEnvelope, text);
}

Json json_of(const Envelope& envelope, bool with_key_ids) {
  Json::Array signatures;
  for (const std::string& signature : envelope.signatures) {
    Json entry;
    if (with_key_ids) entry.set("keyid", "");
    signatures.push_back(entry.set("sig", base64_encode(signature)));
  }
  Json json;
  json.set("payload", base64_encode(envelope.payload)).set("payloadType", envelope.payload_type);
  json.set("signatures", std::move(signatures));
  return json;
}

Result<Envelope> envelope_of(const Json& json) {
  SLIPWAY_ASSIGN(JsonReader reader, JsonReader::of(json, kEnvelope));
  Envelope envelope;
  SLIPWAY_ASSIGN(envelope.payload_type, reader.required_string(either_name(json, "payloadType", "payload_type")));
  SLIPWAY_ASSIGN(const std::string payload, reader.required_string("payload"));
  SLIPWAY_ASSIGN(envelope.payload, decoded(kEnvelope, payload));
  SLIPWAY_ASSIGN(const Json* const signatures, reader.array("signatures"));
  if (signatures == nullptr || signatures->array()->empty())
    return fail(Errc::malformed, "{} has no signature", kEnvelope);
  if (signatures->array()->size() > kMostSignatures)
    return fail(Errc::too_large, "{} has more than {} signatures", kEnvelope, kMostSignatures);
  for (const Json& item : *signatures->array()) {
    SLIPWAY_ASSIGN(std::string signature, signature_of(item));
    envelope.signatures.push_back(std::move(signature));
  }
  SLIPWAY_TRY(nothing_else(reader, kEnvelope));
  return envelope;
}

bool is_read(std::string_view media_type) {
  return media_type == kBundleType || media_type == "application/vnd.dev.sigstore.bundle+json;version=0.3";
}

Status read_material(const Json& json, Bundle& bundle) {
  const std::string what = kBundle + "'s verification material";
  SLIPWAY_ASSIGN(JsonReader reader, JsonReader::of(json, what));
  SLIPWAY_ASSIGN(const Json* const key, reader.object(either_name(json, "publicKey", "public_key")));
  if (key != nullptr) {
    SLIPWAY_ASSIGN(JsonReader members, JsonReader::of(*key, what));
    SLIPWAY_ASSIGN(auto hint, members.string("hint"));
    bundle.hint = std::move(hint).value_or("");
    SLIPWAY_TRY(nothing_else(members, what));
  }
  const bool single = reader.peek("certificate") != nullptr;
  const bool chain = reader.peek(either_name(json, "x509CertificateChain", "x509_certificate_chain")) != nullptr;
  bundle.certificate = single || chain;
  const Json* entries = reader.peek(either_name(json, "tlogEntries", "tlog_entries"));
  const Json* stamps = reader.peek(either_name(json, "timestampVerificationData", "timestamp_verification_data"));
  bundle.log = (entries != nullptr && entries->array() != nullptr && !entries->array()->empty()) || stamps != nullptr;
  SLIPWAY_TRY(nothing_else(reader, what));
  if (key != nullptr || bundle.certificate) return {};
  return fail(Errc::malformed, "{} has neither a key nor a certificate", kBundle);
}

}  // namespace

std::string signed_bytes(std::string_view payload_type, std::string_view payload) {
  return fmt::format("DSSEv1 {} {} {} {}", payload_type.size(), payload_type, payload.size(), payload);
}

std::string write_envelope(const Envelope& envelope) { return json_of(envelope, true).compact(); }

Result<Envelope> parse_envelope(std::string_view text) {
  SLIPWAY_ASSIGN(const Json json, Json::parse(text, kEnvelope, kLimits));
  return envelope_of(json);
}

std::string write_bundle(const Bundle& bundle) {
  Json material;
  material.set("publicKey", Json().set("hint", bundle.hint));
  Json json;
  json.set("mediaType", kBundleType).set("verificationMaterial", std::move(material));
  json.set("dsseEnvelope", json_of(bundle.envelope, false));
  return json.compact();
}

Result<Bundle> parse_bundle(std::string_view text) {
  SLIPWAY_ASSIGN(const Json json, Json::parse(text, kBundle, {.max_bytes = kMaxBundle, .max_depth = 32}));
  SLIPWAY_ASSIGN(JsonReader reader, JsonReader::of(json, kBundle));
  SLIPWAY_ASSIGN(const std::string type, reader.required_string(either_name(json, "mediaType", "media_type")));
  if (!is_read(type))
    return fail(Errc::malformed, "{} is of type \"{}\", and version 0.3 is read", kBundle, printable(type, 120));
  Bundle bundle;
  SLIPWAY_ASSIGN(const Json* const material,
                 reader.object(either_name(json, "verificationMaterial", "verification_material")));
  if (material == nullptr) return fail(Errc::malformed, "{} has no verification material", kBundle);
  SLIPWAY_TRY(read_material(*material, bundle));
  SLIPWAY_ASSIGN(const Json* const envelope, reader.object(either_name(json, "dsseEnvelope", "dsse_envelope")));
  const bool message = reader.peek(either_name(json, "messageSignature", "message_signature")) != nullptr;
  SLIPWAY_TRY(nothing_else(reader, kBundle));
  if (envelope == nullptr && message)
    return fail(Errc::unsupported, "{} signs a file, not a statement about an image", kBundle);
  if (envelope == nullptr || message) return fail(Errc::malformed, "{} has not exactly one content", kBundle);
  SLIPWAY_ASSIGN(bundle.envelope, envelope_of(*envelope));
  if (bundle.envelope.signatures.size() != 1)
    return fail(Errc::malformed, "{} has an envelope of {} signatures, and one belongs there", kBundle,
                bundle.envelope.signatures.size());
  return bundle;
}

}  // namespace slipway::trust
