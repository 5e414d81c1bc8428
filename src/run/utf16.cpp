#include "run/utf16.h"

#include <cstdint>

namespace slipway::run {

namespace {

constexpr std::uint32_t kReplacement = 0xFFFD;

/// Returns true for big-endian text, false for little-endian; nullopt for other text.
std::optional<bool> is_big_endian(std::string_view text) {
  if (text.size() < 2 || text.size() % 2 != 0) return std::nullopt;
  const auto a = static_cast<unsigned char>(text[0]), b = static_cast<unsigned char>(text[1]);
  if ((a == 0xFE && b == 0xFF) || (a == 0 && b != 0 && b < 0x80)) return true;
  if ((a == 0xFF && b == 0xFE) || (b == 0 && a != 0 && a < 0x80)) return false;
  return std::nullopt;
}

void append_utf8(std::uint32_t code, std::string& out) {
  const auto add = [&](std::uint32_t byte) { out += static_cast<char>(static_cast<unsigned char>(byte)); };
  if (code < 0x80) return add(code);
  if (code < 0x800) {
    add(0xC0u | code >> 6);
  } else if (code < 0x10000) {
    add(0xE0u | code >> 12);
    add(0x80u | (code >> 6 & 0x3Fu));
  } else {
    add(0xF0u | code >> 18);
    add(0x80u | (code >> 12 & 0x3Fu));
    add(0x80u | (code >> 6 & 0x3Fu));
  }
  add(0x80u | (code & 0x3Fu));
}

}  // namespace

std::optional<std::string> utf8_of_utf16(std::string_view text) {
  const auto is_big = is_big_endian(text);
  if (!is_big) return std::nullopt;
  const auto unit = [&](std::size_t at) {
    const auto first = static_cast<unsigned char>(text[at]), second = static_cast<unsigned char>(text[at + 1]);
    return *is_big ? std::uint32_t{first} << 8 | second : std::uint32_t{second} << 8 | first;
  };
  std::string out;
  for (std::size_t at = 0; at < text.size(); at += 2) {
    std::uint32_t code = unit(at);
    if (at == 0 && code == 0xFEFF) continue;
    const bool is_pair = code >= 0xD800 && code < 0xDC00 && at + 2 < text.size() && (unit(at + 2) & 0xFC00u) == 0xDC00u;
    if (is_pair) {
      at += 2;
      code = 0x10000 + ((code & 0x3FFu) << 10) + (unit(at) & 0x3FFu);
    } else if (code >= 0xD800 && code < 0xE000) {
      code = kReplacement;
    }
    append_utf8(code, out);
  }
  return out;
}

}  // namespace slipway::run
