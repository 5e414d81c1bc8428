#include "build/elf_machine.h"

#include <array>

namespace slipway::build {
namespace {

constexpr std::size_t kHeaderSize = 20;  // up to and with e_machine

struct Machine {
  unsigned number;       ///< e_machine
  unsigned char bits;    ///< EI_CLASS: 1 is 32, 2 is 64
  unsigned char endian;  ///< EI_DATA: 1 is little, 2 is big
  const char* architecture;
  const char* variant;
};

constexpr Machine kMachines[] = {
    {3, 1, 1, "386", ""},       {62, 2, 1, "amd64", ""}, {183, 2, 1, "arm64", ""}, {40, 1, 1, "arm", "v7"},
    {21, 2, 1, "ppc64le", ""},  {21, 2, 2, "ppc64", ""}, {22, 2, 2, "s390x", ""},  {243, 2, 1, "riscv64", ""},
    {8, 1, 2, "mips", ""},      {8, 1, 1, "mipsle", ""}, {8, 2, 2, "mips64", ""},  {8, 2, 1, "mips64le", ""},
    {258, 2, 1, "loong64", ""},
};

}  // namespace

std::optional<oci::Platform> elf_platform(std::string_view bytes) {
  if (bytes.size() < kHeaderSize || !bytes.starts_with("\x7f"
                                                       "ELF"))
    return std::nullopt;
  const auto byte = [bytes](std::size_t at) { return static_cast<unsigned char>(bytes[at]); };
  const bool little = byte(5) == 1;
  const auto half = [&](std::size_t at) {
    return little ? byte(at) | unsigned{byte(at + 1)} << 8 : unsigned{byte(at)} << 8 | byte(at + 1);
  };
  const unsigned type = half(16);
  if (type != 2 && type != 3) return std::nullopt;  // ET_EXEC and ET_DYN; object files say nothing about what runs
  for (const Machine& machine : kMachines) {
    if (machine.number != half(18) || machine.bits != byte(4) || machine.endian != byte(5)) continue;
    oci::Platform platform;
    platform.os = "linux";
    platform.architecture = machine.architecture;
    platform.variant = machine.variant;
    return platform;
  }
  return std::nullopt;
}

std::optional<oci::Platform> elf_platform(FileSystem& fs, const stdfs::path& path) {
  const auto file = fs.open(path);
  if (!file) return std::nullopt;
  std::array<std::byte, kHeaderSize> buffer;
  const auto n = (*file)->read_at(buffer, 0);
  if (!n) return std::nullopt;
  return elf_platform(std::string_view(reinterpret_cast<const char*>(buffer.data()), *n));
}

}  // namespace slipway::build
