#pragma once

#include <compare>
#include <functional>
#include <string>
#include <string_view>

#include "slipway/base/result.h"

namespace slipway {

/// A content digest, valid by construction (image-spec descriptor.md "Digests"). A value; io::Hasher computes them.
/// Only sha256 and sha512 exist, because slipway could not verify others. Ordered by text.
class Digest {
 public:
  /// Parses "sha256:<64 lower-case hex>" or "sha512:<128>"; Errc::invalid_argument otherwise.
  static Result<Digest> parse(std::string_view text);

  /// Returns the digest of raw hash bytes. The caller passes an algorithm of parse() and as many bytes as it has.
  static Digest from_bytes(std::string_view algorithm, std::string_view raw);

  /// Parts of str(); valid as long as this value.
  std::string_view algorithm() const { return std::string_view(text_).substr(0, colon_); }
  std::string_view hex() const { return std::string_view(text_).substr(colon_ + 1); }
  /// Returns the first 12 hex characters, for tags and people.
  std::string short_hex() const { return std::string(hex().substr(0, 12)); }
  /// Returns "ALGORITHM:HEX".
  const std::string& str() const { return text_; }

  auto operator<=>(const Digest& other) const { return text_ <=> other.text_; }
  bool operator==(const Digest& other) const { return text_ == other.text_; }

 private:
  Digest(std::string text, std::size_t colon) : text_(std::move(text)), colon_(colon) {}
  std::string text_;
  std::size_t colon_;
};

}  // namespace slipway

template <>
struct std::hash<slipway::Digest> {
  std::size_t operator()(const slipway::Digest& d) const noexcept { return std::hash<std::string>()(d.str()); }
};
