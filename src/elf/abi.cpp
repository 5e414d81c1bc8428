#include "slipway/elf/abi.h"

#include <array>

#include "elf/byte_order.h"

namespace slipway::elf {
namespace {

struct Machine {
  unsigned number;  ///< e_machine
  unsigned bits;
  bool little;
  const char* architecture;
  const char* variant;
};

constexpr Machine kMachines[] = {
    {kI386, 32, true, "386", ""},          {kAmd64, 64, true, "amd64", ""}, {kArm64, 64, true, "arm64", ""},
    {kArm, 32, true, "arm", "v7"},         {21, 64, true, "ppc64le", ""},   {21, 64, false, "ppc64", ""},
    {22, 64, false, "s390x", ""},          {243, 64, true, "riscv64", ""},  {8, 32, false, "mips", ""},
    {8, 32, true, "mipsle", ""},           {8, 64, false, "mips64", ""},    {8, 64, true, "mips64le", ""},
    {kLoongArch, 64, true, "loong64", ""},
};

/// The part of e_flags that two objects of one process share; 0 where an object leaves it open.
unsigned convention(const Abi& abi) {
  constexpr unsigned kHardFloat = 0x400, kSoftFloat = 0x200;
  if (abi.machine == kArm) return abi.flags & (kHardFloat | kSoftFloat);
  return 0;
}

}  // namespace

bool Abi::fits(const Abi& other) const {
  if (bits != other.bits || little != other.little || machine != other.machine) return false;
  const unsigned mine = convention(*this), theirs = convention(other);
  return mine == 0 || theirs == 0 || mine == theirs;
}

std::optional<oci::Platform> Abi::platform() const {
  for (const Machine& known : kMachines) {
    if (known.number != machine || known.bits != bits || known.little != little) continue;
    oci::Platform platform;
    platform.os = "linux";
    platform.architecture = known.architecture;
    platform.variant = known.variant;
    return platform;
  }
  return std::nullopt;
}

std::optional<oci::Platform> elf_platform(std::string_view bytes) {
  const auto ident = read_ident(bytes);
  if (!ident) return std::nullopt;
  const ByteOrder order(ident->little);
  const std::uint64_t type = order.number(bytes, 16, 2);
  if (type != kExecutable && type != kSharedObject) return std::nullopt;  // object files say nothing about what runs
  Abi abi = *ident;
  abi.machine = static_cast<unsigned>(order.number(bytes, 18, 2));
  return abi.platform();
}

std::optional<oci::Platform> elf_platform(FileSystem& fs, const stdfs::path& path) {
  const auto file = fs.open(path);
  if (!file) return std::nullopt;
  std::array<std::byte, kIdentSize> buffer;
  const auto n = (*file)->read_at(buffer, 0);
  if (!n) return std::nullopt;
  return elf_platform(std::string_view(reinterpret_cast<const char*>(buffer.data()), *n));
}

}  // namespace slipway::elf
