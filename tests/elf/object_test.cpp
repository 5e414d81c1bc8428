#include "slipway/elf/object.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "slipway/elf/lint.h"
#include "support/elf_bytes.h"
#include "support/temp_dir.h"

namespace slipway::elf {
namespace {

using test::ElfBytes;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Object must_read(const std::string& bytes) {
  const auto object = read_object(bytes, "the file");
  EXPECT_TRUE(object) << object.error().describe();
  EXPECT_TRUE(*object);
  return **object;
}

ElfBytes full() {
  ElfBytes elf;
  elf.interpreter = "/lib64/ld.so";
  elf.soname = "libown.so.1";
  elf.runpath = "$ORIGIN/../lib:/opt/x";
  elf.needed = {"libc.so.6", "libm.so.6"};
  elf.version_needs = {{"libc.so.6", "GLIBC_2.36"}, {"libm.so.6", "GLIBC_2.29"}};
  elf.versions = {"OWN_1", "OWN_2"};
  elf.imports = {"getaddrinfo", "dlopen"};
  elf.flags_1 = 0x801;
  elf.notes =
      test::elf_note("GNU", 3, "\x01\xab") +
      test::elf_note("FDO", 0x407c0c0a,
                     R"([{"soname":["liba.so.1","liba.so.2"],"feature":"f","priority":"required"},{"soname":[]}])");
  return elf;
}

TEST(ElfObject, EverythingIsReadInEveryClassAndByteOrder) {
  for (const unsigned bits : {32u, 64u}) {
    ElfBytes elf = full();
    elf.bits = bits;
    const Object object = must_read(elf.str());
    EXPECT_EQ(object.abi.bits, bits);
    EXPECT_EQ(object.abi.machine, 62u);
    EXPECT_TRUE(object.dynamic && object.no_default_folders && object.bind_now && !object.fixed);
    EXPECT_EQ(object.interpreter, "/lib64/ld.so");
    EXPECT_EQ(object.soname, "libown.so.1");
    EXPECT_EQ(object.runpath, "$ORIGIN/../lib:/opt/x");
    EXPECT_THAT(object.needed, ElementsAre("libc.so.6", "libm.so.6"));
    ASSERT_EQ(object.version_needs.size(), 2u);
    EXPECT_EQ(object.version_needs[1].library + object.version_needs[1].version, "libm.so.6GLIBC_2.29");
    EXPECT_THAT(object.versions, ElementsAre("OWN_1", "OWN_2"));
    EXPECT_THAT(object.imports, ElementsAre("getaddrinfo", "dlopen"));
    EXPECT_EQ(object.build_id, "01ab");
    ASSERT_EQ(object.dlopens.size(), 1u);
    EXPECT_THAT(object.dlopens[0].sonames, ElementsAre("liba.so.1", "liba.so.2"));
    EXPECT_EQ(object.dlopens[0].priority, "required");
    elf.little = false;
    elf.notes.clear();
    const Object other = must_read(elf.str());
    EXPECT_EQ(other.needed, object.needed);
    EXPECT_EQ(other.versions, object.versions);
    EXPECT_FALSE(other.abi.fits(object.abi));
  }
}

TEST(ElfObject, ARunpathOverridesTheRpath) {
  ElfBytes elf;
  elf.rpath = "/old";
  EXPECT_EQ(must_read(elf.str()).rpath, "/old");
  elf.runpath = "/new";
  EXPECT_EQ(must_read(elf.str()).rpath, "");
}

TEST(ElfObject, FloatConventionsOfArmDoNotMix) {
  const auto arm = [](unsigned flags) { return Abi{32, true, 40, flags}; };
  EXPECT_FALSE(arm(0x5000400).fits(arm(0x5000200)));
  EXPECT_TRUE(arm(0x5000400).fits(arm(0x5000000)));
  EXPECT_TRUE(arm(0x5000400).fits(arm(0x5000400)));
  EXPECT_EQ(arm(0).platform()->str(), "linux/arm/v7");
}

TEST(ElfObject, OtherFilesAreNone) {
  for (const std::string& bytes : {std::string(), std::string("#!/bin/sh\n"), std::string(200, 'x')}) {
    const auto object = read_object(bytes, "f");
    ASSERT_TRUE(object);
    EXPECT_FALSE(*object);
  }
  std::string relocatable = full().str();
  relocatable[16] = 1;
  EXPECT_FALSE(*read_object(relocatable, "f"));
}

// Each of these would make a reader that trusts the file read outside, allocate without bound or never end.
TEST(ElfObject, DamageIsAnErrorThatNamesTheFile) {
  const std::string good = full().str();
  for (std::size_t size = 20; size < good.size(); size += 3) {
    const auto object = read_object(std::string_view(good).substr(0, size), "cut\n");
    ASSERT_FALSE(object) << size;
    EXPECT_EQ(object.error().code, Errc::malformed);
    EXPECT_THAT(object.error().message, HasSubstr("cut\\n is a damaged ELF file"));
  }
}

TEST(ElfObject, NoByteCanHarm) {
  const std::string good = full().str();
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (const char value : {'\0', '\1', '\x7f', '\xff'}) {
      std::string bytes = good;
      bytes[at] = value;
      const auto object = read_object(bytes, "f");
      EXPECT_TRUE(object || object.error().code == Errc::malformed) << at;
    }
  }
}

TEST(ElfObject, HostileCountsAndLoopsEnd) {
  ElfBytes elf = full();
  std::string bytes = elf.str();
  bytes[56] = '\xfe';  // e_phnum
  bytes[57] = '\xff';
  EXPECT_FALSE(read_object(bytes, "f"));
  bytes[56] = bytes[57] = '\0';
  EXPECT_FALSE(read_object(bytes, "f"));
  // A chain of needed versions whose records overlap: each step still goes forward, and the table is not endless.
  elf = full();
  elf.version_needs.assign(3000, {"libc.so.6", "GLIBC_2.36"});
  EXPECT_EQ(must_read(elf.str()).version_needs.size(), 3000u);
}

TEST(ElfLint, EveryFindingHasItsWayOut) {
  Object good;
  good.dynamic = good.relro = good.bind_now = true;
  good.interpreter = "/lib/ld.so";
  good.runpath = "$ORIGIN/../lib:/opt/x:/srv/buildings";
  EXPECT_THAT(lint(good, {"/srv/build", false, false}), ::testing::IsEmpty());
  Object bad = good;
  bad.fixed = bad.executable_stack = true;
  bad.bind_now = false;
  bad.runpath = "/srv/build/lib:relative:$ORIGIN";
  const auto findings = lint(bad, {"/srv/build", true, true});
  EXPECT_THAT(findings,
              ElementsAre(HasSubstr("-fPIE"), HasSubstr("noexecstack"), HasSubstr("-z,now"),
                          HasSubstr("RUNPATH names the build folder /srv/build/lib"), HasSubstr(R"("relative")"),
                          HasSubstr("capabilities"), HasSubstr("-ffile-prefix-map=/srv/build=.")));
  bad = good;
  bad.relro = false;
  EXPECT_THAT(lint(bad, {}), ElementsAre(HasSubstr("-z,relro,-z,now")));
  Object fixed;
  fixed.fixed = true;
  EXPECT_EQ(lint(fixed, {}).size(), 1u) << "a static program has no tables to protect";
}

TEST(ElfLint, TextIsFoundWhereverPiecesEnd) {
  const test::TempDir dir;
  for (const std::size_t before : {0u, 1u, (1u << 20) - 3, (1u << 20), (2u << 20) - 1}) {
    std::ofstream(dir.path() / "f", std::ios::binary) << std::string(before, 'x') << "/srv/build/"
                                                      << "end";
    const auto file = real_fs().open(dir.path() / "f");
    EXPECT_TRUE(*holds_text(**file, "/srv/build/")) << before;
    EXPECT_FALSE(*holds_text(**file, "/srv/build2")) << before;
  }
}

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

TEST(ElfPlatform, Table) {
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

TEST(ElfPlatform, OtherBytesTellNothing) {
  const std::string good = header(2, 1, 2, 62);
  for (std::size_t n = 0; n < good.size(); ++n)
    EXPECT_FALSE(elf_platform(std::string_view(good).substr(0, n))) << n;
  EXPECT_FALSE(elf_platform(std::string(64, 'x')));
  EXPECT_FALSE(elf_platform(header(2, 1, 2, 9999)));
  EXPECT_FALSE(elf_platform(header(1, 1, 2, 62)));
  EXPECT_FALSE(elf_platform(header(2, 9, 2, 62)));
  EXPECT_FALSE(elf_platform(real_fs(), "/nowhere/at/all"));
}

}  // namespace
}  // namespace slipway::elf
