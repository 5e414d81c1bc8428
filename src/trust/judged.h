#pragma once

#include <string_view>
#include <vector>

#include "slipway/trust/bundle.h"
#include "slipway/trust/signatures.h"

namespace slipway::trust {

/// Returns the key that made one of the signatures; nullptr when none did.
const PublicKey* signer_among(const std::vector<PublicKey>& keys, std::string_view message,
                              const std::vector<std::string>& signatures);
/// Judges an envelope's signature, type and subject. `form` and `document` go into the proof.
Result<Proof> judge_envelope(const Envelope& envelope, Form form, const Digest& document, const Digest& image,
                             const std::vector<PublicKey>& keys);

}  // namespace slipway::trust
