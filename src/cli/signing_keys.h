#pragma once

#include <memory>
#include <optional>
#include <string>

#include "cli/context.h"
#include "slipway/trust/key.h"

namespace slipway::cli {

/// The help text of an option that names a private key.
inline constexpr const char* kKeyHelp = "private key: a file, env://VAR, or exec:PROGRAM with --public-key";

/// Opens a private key: a file, `env://VAR` with the key's text, or `exec:PROGRAM`, which gets the bytes to sign on
/// standard input and prints a DER signature within 60 s; its public half stands in `public_key`.
Result<std::unique_ptr<trust::Signer>> open_signer(Context& context, const std::string& name,
                                                   const std::optional<std::string>& public_key);
/// Opens a private key that is a file or a variable.
Result<trust::PrivateKey> open_private_key(Context& context, const std::string& name);
/// Opens a public key: a file or `env://VAR`.
Result<trust::PublicKey> open_public_key(Context& context, const std::string& name);

/// Returns the password of private keys: SLIPWAY_KEY_PASSWORD (or fd:N there), COSIGN_PASSWORD, else from the terminal,
/// where `twice` asks again and compares. Both variables are then gone from the environment of children.
/// Errc::invalid_argument without any of them.
Result<Secret> key_password(Context& context, bool twice);

}  // namespace slipway::cli
