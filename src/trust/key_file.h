#pragma once

#include <string>

#include "slipway/base/result.h"
#include "slipway/base/secret.h"

namespace slipway::trust {

/// Opens the JSON document in cosign's key file: {kdf, cipher, ciphertext}. Returns the key in PKCS #8.
/// Errc::malformed for another document; Errc::unauthorized for a wrong password.
Result<Secret> open_key_document(std::string_view document, const Secret& password);
/// Writes such a document, with N = 65,536, as cosign 3 does; salt and nonce are new.
Result<std::string> seal_key_document(const Secret& pkcs8, const Secret& password);

}  // namespace slipway::trust
