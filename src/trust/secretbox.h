#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "slipway/base/secret.h"

namespace slipway::trust {

inline constexpr std::size_t kBoxKey = 32;    // bytes
inline constexpr std::size_t kBoxNonce = 24;  // bytes
inline constexpr std::size_t kBoxTag = 16;    // bytes, before the cipher text

/// NaCl's secretbox: XSalsa20 and Poly1305, the tag first (https://nacl.cr.yp.to/secretbox.html). `key` has kBoxKey
/// bytes, `nonce` kBoxNonce; the caller never uses a nonce twice with one key.
std::string seal_box(const Secret& key, std::string_view nonce, const Secret& plain);
/// Returns the plain text; nullopt for a wrong key or altered bytes.
std::optional<Secret> open_box(const Secret& key, std::string_view nonce, std::string_view box);

/// HSalsa20: the key of a stream with a long nonce, from the key and the first 16 bytes of that nonce.
std::string hsalsa20(std::string_view key, std::string_view input);
/// Returns `size` bytes of the Salsa20 stream of a key and a nonce of 8 bytes.
std::string salsa20_stream(std::string_view key, std::string_view nonce, std::size_t size);
/// Returns the Poly1305 tag of a message under a one-time key of 32 bytes.
std::string poly1305(std::string_view key, std::string_view message);

}  // namespace slipway::trust
