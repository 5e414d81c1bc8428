#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace slipway::release {

/// Why a plain value is probably a secret: its form is that of a key somebody issues, it has a password in a URL, it
/// is random, or its name says so. Nothing when it looks harmless. Never quotes the value.
std::optional<std::string> looks_secret(std::string_view name, std::string_view value);

/// Why a file's text looks as if a secret were in it: a private key, a key that its issuer made recognisable, a URL
/// with a password. A value that is only long and random passes: files have hashes and samples.
std::optional<std::string> holds_secret(std::string_view text);

}  // namespace slipway::release
