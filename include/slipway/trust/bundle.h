#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "slipway/base/result.h"

namespace slipway::trust {

/// The media type of a sigstore bundle as it is written, and what all versions begin with.
inline constexpr std::string_view kBundleType = "application/vnd.dev.sigstore.bundle.v0.3+json";
inline constexpr std::string_view kBundlePrefix = "application/vnd.dev.sigstore.bundle";
/// Larger bundles are not read: Kyverno's limit.
inline constexpr std::size_t kMaxBundle = 10'000'000;

/// A DSSE envelope (https://github.com/secure-systems-lab/dsse), decoded.
struct Envelope {
  std::string payload_type;
  std::string payload;
  std::vector<std::string> signatures;
};

/// Returns the bytes that are signed: DSSE's pre-authentication encoding, "DSSEv1 LENGTH TYPE LENGTH PAYLOAD".
std::string signed_bytes(std::string_view payload_type, std::string_view payload);
std::string write_envelope(const Envelope& envelope);
/// Errc::malformed; at most 32 signatures.
Result<Envelope> parse_envelope(std::string_view text);

/// A sigstore bundle of version 0.3 with an envelope.
struct Bundle {
  Envelope envelope;
  std::string hint;          ///< PublicKey::hint() of the signer; empty where a certificate stands in its place
  bool certificate = false;  ///< signed without a key: the certificate is not checked here
  bool log = false;          ///< has log entries or time stamps, which are not checked here
};

/// Returns the bundle with its key's hint and one signature, without log entries.
std::string write_bundle(const Bundle& bundle);
/// Unknown members are refused, as protobuf's readers do. Errc::malformed; Errc::unsupported for a bundle of a plain
/// message, which says nothing of an image; Errc::too_large beyond kMaxBundle.
Result<Bundle> parse_bundle(std::string_view text);

}  // namespace slipway::trust
