#pragma once

#include <optional>
#include <string>
#include <vector>

#include "slipway/oci/document.h"
#include "slipway/store/target.h"
#include "slipway/trust/signatures.h"

namespace slipway::trust {

inline constexpr std::string_view kPayloadType = "application/vnd.dev.cosign.simplesigning.v1+json";
inline constexpr std::string_view kEnvelopeType = "application/vnd.dsse.envelope.v1+json";
inline constexpr std::string_view kSignatureKey = "dev.cosignproject.cosign/signature";
inline constexpr std::string_view kPredicateKey = "predicateType";

/// One layer of a legacy manifest and its bytes.
struct LegacyEntry {
  oci::Descriptor layer;
  std::string bytes;
};

/// Returns the entries behind a legacy tag, `suffix` sig or att; none without the tag. Layers of other types are left
/// out. Errc::too_large beyond 1,000.
Result<std::vector<LegacyEntry>> legacy_entries(store::ReadTarget& from, const Digest& image, std::string_view suffix);
/// Adds an entry, and looks again after the write, because nothing excludes a second writer. Errc::conflict.
Status add_legacy_entry(store::Target& target, const Digest& image, std::string_view suffix, const LegacyEntry& entry,
                        std::stop_token stop);

/// Returns the payload of a legacy signature.
std::string legacy_payload(const Digest& image, const std::string& reference,
                           const std::map<std::string, std::string>& annotations);
/// Judges one entry of `.sig` or of `.att`; Errc::verification_failed or malformed where it proves nothing.
Result<Proof> judge_signature(const LegacyEntry& entry, const Digest& image, const std::vector<PublicKey>& keys);
Result<Proof> judge_attestation(const LegacyEntry& entry, const Digest& image, const std::vector<PublicKey>& keys);

}  // namespace slipway::trust
