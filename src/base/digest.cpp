#include "slipway/base/digest.h"

#include <algorithm>

#include "slipway/base/text.h"

namespace slipway {
namespace {

std::size_t hex_length(std::string_view algorithm) {
  if (algorithm == "sha256") return 64;
  if (algorithm == "sha512") return 128;
  return 0;
}

bool is_lower_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

}  // namespace

Result<Digest> Digest::parse(std::string_view text) {
  const std::size_t colon = text.find(':');
  const auto refuse = [&](std::string_view why) {
    return fail(Error(Errc::invalid_argument, fmt::format("\"{}\" is not a digest: {}", printable(text, 160), why))
                    .with_hint("a digest looks like sha256:<64 lower-case hex digits>"));
  };
  if (colon == std::string_view::npos) return refuse("it has no algorithm");
  const std::size_t wanted = hex_length(text.substr(0, colon));
  if (wanted == 0) return refuse("only sha256 and sha512 can be verified");
  const std::string_view hex = text.substr(colon + 1);
  if (hex.size() != wanted) return refuse(fmt::format("it has {} hex digits, not {}", hex.size(), wanted));
  if (!std::all_of(hex.begin(), hex.end(), is_lower_hex)) return refuse("it has characters other than 0-9a-f");
  return Digest(std::string(text), colon);
}

Digest Digest::from_bytes(std::string_view algorithm, std::string_view raw) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text(algorithm);
  text += ':';
  for (const char c : raw) {
    const auto byte = static_cast<unsigned char>(c);
    text += kHex[byte >> 4];
    text += kHex[byte & 15];
  }
  return Digest(std::move(text), algorithm.size());
}

}  // namespace slipway
