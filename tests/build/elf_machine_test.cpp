#include "build/elf_machine.h"

#include <gtest/gtest.h>

#include "build/git_source.h"

namespace slipway::build {
namespace {

std::string header(unsigned char bits, unsigned char endian, unsigned char type, unsigned machine) {
  std::string bytes(
      "\x7f"
      "ELF",
      4);
  bytes += std::string{static_cast<char>(bits), static_cast<char>(endian), 1};
  bytes.resize(16, '\0');
  const auto half = [endian](unsigned value) {
    const char low = static_cast<char>(value & 0xff), high = static_cast<char>(value >> 8);
    return endian == 1 ? std::string{low, high} : std::string{high, low};
  };
  return bytes + half(type) + half(machine);
}

struct Case {
  unsigned char bits, endian;
  unsigned machine;
  const char* platform;
};

TEST(ElfMachine, Table) {
  for (const Case& c :
       {Case{2, 1, 62, "linux/amd64"}, Case{1, 1, 3, "linux/386"}, Case{2, 1, 183, "linux/arm64"},
        Case{1, 1, 40, "linux/arm/v7"}, Case{2, 1, 243, "linux/riscv64"}, Case{2, 2, 22, "linux/s390x"},
        Case{2, 1, 21, "linux/ppc64le"}, Case{2, 2, 21, "linux/ppc64"}, Case{2, 1, 258, "linux/loong64"}}) {
    for (const unsigned char type : {static_cast<unsigned char>(2), static_cast<unsigned char>(3)}) {
      const auto platform = elf_platform(header(c.bits, c.endian, type, c.machine));
      ASSERT_TRUE(platform) << c.platform;
      EXPECT_EQ(platform->str(), c.platform);
    }
    EXPECT_FALSE(elf_platform(header(c.bits, c.endian, 1, c.machine))) << "object files do not run";
  }
}

TEST(ElfMachine, OtherBytesTellNothing) {
  const std::string good = header(2, 1, 2, 62);
  for (std::size_t n = 0; n < good.size(); ++n)
    EXPECT_FALSE(elf_platform(std::string_view(good).substr(0, n))) << n;
  EXPECT_FALSE(elf_platform(std::string(64, 'x')));
  EXPECT_FALSE(elf_platform(header(2, 1, 2, 9999)));
  EXPECT_FALSE(elf_platform(header(1, 1, 2, 62)));
  EXPECT_FALSE(elf_platform(header(2, 9, 2, 62)));
  EXPECT_FALSE(elf_platform(real_fs(), "/nowhere/at/all"));
}

TEST(GitSource, UserInformationIsStripped) {
  for (const auto& [url, stripped] :
       std::vector<std::pair<std::string, std::string>>{{"https://u:p@h.example/x.git", "https://h.example/x.git"},
                                                        {"https://token@h.example/x.git", "https://h.example/x.git"},
                                                        {"https://h.example/a@b", "https://h.example/a@b"},
                                                        {"https://u:p@ss@h.example/x", "https://h.example/x"},
                                                        {"ssh://git@h.example:22/x.git", "ssh://h.example:22/x.git"},
                                                        {"git@h.example:team/x.git", "h.example:team/x.git"},
                                                        {"/srv/git/x.git", "/srv/git/x.git"},
                                                        {"https://h.example", "https://h.example"},
                                                        {"https://u:p@h.example", "https://h.example"}}) {
    EXPECT_EQ(strip_userinfo(url), stripped) << url;
  }
}

}  // namespace
}  // namespace slipway::build
