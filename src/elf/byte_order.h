#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "slipway/elf/object.h"

namespace slipway::elf {

inline constexpr std::size_t kIdentSize = 20;  ///< up to and with e_machine
inline constexpr std::uint64_t kExecutable = 2, kSharedObject = 3;
inline constexpr unsigned kI386 = 3, kArm = 40, kAmd64 = 62, kArm64 = 183, kLoongArch = 258;

/// Numbers of a file's byte order.
class ByteOrder {
 public:
  explicit ByteOrder(bool little) : little_(little) {}
  /// `size` bytes at `at`, which must be inside.
  std::uint64_t number(std::string_view bytes, std::size_t at, std::size_t size) const {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < size; ++i) {
      const std::size_t from = little_ ? at + size - 1 - i : at + i;
      value = value << 8 | static_cast<unsigned char>(bytes[from]);
    }
    return value;
  }

 private:
  bool little_;
};

/// Class and byte order from a file's first kIdentSize bytes; nothing for other files.
inline std::optional<Abi> read_ident(std::string_view bytes) {
  constexpr std::string_view kMagic("\177ELF", 4);
  if (bytes.size() < kIdentSize || !bytes.starts_with(kMagic)) return std::nullopt;
  const auto bits = static_cast<unsigned char>(bytes[4]), order = static_cast<unsigned char>(bytes[5]);
  if (bits < 1 || bits > 2 || order < 1 || order > 2) return std::nullopt;
  Abi abi;
  abi.bits = bits * 32u;
  abi.little = order == 1;
  return abi;
}

}  // namespace slipway::elf
