#include "slipway/tar/header.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tar/raw_tar.h"

namespace slipway::tar {
namespace {

using namespace std::string_literals;
using test::RawHeader;
using ::testing::HasSubstr;

constexpr std::int64_t kRefused = -99;

struct NumberCase {
  const char* what;
  std::string field;
  std::int64_t value;  ///< kRefused where GNU tar 1.34, Go 1.19's archive/tar and libarchive 3.6.2 do not agree
};

// Each field was tried in the first and in a later header of an archive. In comments: what which reader makes of it.
const std::vector<NumberCase> kNumbers{
    {"digits to the end", "000000000012", 10},
    {"a final NUL", "00000000012\0"s, 10},
    {"blanks before", "         12\0"s, 10},
    {"blanks behind", "12          ", 10},
    {"a blank and NULs behind", "12 \0\0\0\0\0\0\0\0\0"s, 10},
    {"a NUL and blanks behind", "12\0         "s, 10},
    {"blanks before and behind", "   0000012 \0"s, 10},
    {"NULs", std::string(12, '\0'), 0},
    {"blanks and a NUL", "           \0"s, 0},
    {"two NULs and blanks", "\0\0          "s, 0},
    {"all 12 digits", "777777777777", 68719476735},
    {"blanks", std::string(12, ' '), kRefused},        // 0 but for GNU tar
    {"a NUL and blanks", "\0           "s, kRefused},  // 0 but for GNU tar
    {"a NUL before digits",
     "\0"
     "0000000012"s,
     kRefused},                                                  // 10, libarchive 0
    {"junk behind", "0000000012x\0"s, kRefused},                 // libarchive 10
    {"junk behind a NUL", "12\0junkjunk\0"s, kRefused},          // 10; libarchive not in the first header
    {"two numbers", "    17 9    ", kRefused},                   // 15, not for Go
    {"a digit that is not octal", "00000000019\0"s, kRefused},   // libarchive 1
    {"a tab before", "\t000000012\0\0"s, kRefused},              // 10, not for Go
    {"a tab behind", "12\t\0\0\0\0\0\0\0\0\0"s, kRefused},       // 10, not for Go
    {"a line end behind", "12\n\0\0\0\0\0\0\0\0\0"s, kRefused},  // 10, not for Go
    {"minus", "-0000000012\0"s, kRefused},                       // GNU tar reads base-64, libarchive -10
    {"plus", "+0000000012\0"s, kRefused},                        // GNU tar reads base-64, libarchive 0
    {"base-256", "\x80\0\0\0\0\0\0\0\0\0\0\x0a"s, 10},
    {"base-256 of 63 bits", "\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff"s, INT64_MAX},
    {"base-256 below zero", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe"s, -2},
    {"the least base-256", "\xff\xff\xff\xff\x80\0\0\0\0\0\0\0"s, INT64_MIN},
    {"base-256 of 64 bits", "\x80\0\0\0\x80\0\0\0\0\0\0\0"s, kRefused},
    {"base-256 of more than 64 bits", "\x80\0\0\1\0\0\0\0\0\0\0\0"s, kRefused},
    {"base-256 below 64 bits", "\xff\xff\xff\xff\x7f\xff\xff\xff\xff\xff\xff\xff"s, kRefused},
    {"base-256 with more bits in the first byte", "\x81\0\0\0\0\0\0\0\0\0\0\x05"s, kRefused},  // Go takes it in 8 bytes
    {"base-256 with the sign in the first byte", "\xc0\0\0\0\0\0\0\0\0\0\0\x0a"s, kRefused},
    {"base-256 behind a blank", " \x80\0\0\0\0\0\0\0\0\0\x0a"s, kRefused},  // GNU tar 10, libarchive 0
};

TEST(TarNumber, HasTheAnswerOnWhichReadersAgree) {
  for (const NumberCase& one : kNumbers)
    EXPECT_EQ(decode_number(one.field).value_or(kRefused), one.value) << one.what;
  EXPECT_FALSE(decode_number(""));
  EXPECT_EQ(decode_number("\x80\xff\xff\xff\xff\xff\xff\xff"s), 0xffffffffffffff) << "8 bytes have 56 bits";
}

TEST(TarHeader, EveryNumberFieldIsReadByTheSameRule) {
  for (const NumberCase& one : kNumbers) {
    const bool refused = one.value == kRefused;
    const auto size = decode_header(RawHeader().put(124, one.field).bytes());
    EXPECT_EQ(size.has_value(), !refused && one.value >= 0) << "size: " << one.what;
    if (size) EXPECT_EQ(size->size, static_cast<std::uint64_t>(one.value)) << one.what;
    const auto mtime = decode_header(RawHeader().put(136, one.field).bytes());
    EXPECT_EQ(mtime.has_value(), !refused) << "time: " << one.what;
    if (mtime) EXPECT_EQ(mtime->mtime, one.value) << one.what;
  }
}

TEST(TarHeader, OwnersAndModesAreInTheRangeThatEveryReaderHas) {
  const std::string max = "\x80\0\0\0\xff\xff\xff\xff"s, more = "\x80\0\0\1\0\0\0\0"s,
                    less = std::string(7, '\xff') + "\xfe";
  for (const std::size_t at : {108u, 116u}) {
    EXPECT_TRUE(decode_header(RawHeader().put(at, max).bytes())) << at;
    EXPECT_FALSE(decode_header(RawHeader().put(at, more).bytes())) << at;
    EXPECT_FALSE(decode_header(RawHeader().put(at, less).bytes())) << at;
    EXPECT_FALSE(decode_header(RawHeader().put(at, "        ").bytes())) << at;
  }
  EXPECT_EQ(decode_header(RawHeader().put(100, "0100755\0"s).bytes())->mode, 0755u) << "bits of the type are dropped";
  EXPECT_EQ(decode_header(RawHeader().put(100, "0006755\0"s).bytes())->mode, 06755u);
  EXPECT_FALSE(decode_header(RawHeader().put(100, "000075x\0"s).bytes()));
}

TEST(TarHeader, DeviceNumbersMatterWhereThereIsADevice) {
  const auto device = [](const std::string& major) { return decode_header(RawHeader('3').put(329, major).bytes()); };
  EXPECT_EQ(device("0000012\0"s)->major, 10u);
  EXPECT_EQ(device("\x80\0\0\0\x7f\xff\xff\xff"s)->major, 0x7fffffffu);
  EXPECT_FALSE(device("\x80\0\0\0\xff\xff\xff\xff"s)) << "GNU tar's end at 31 bits";
  EXPECT_FALSE(device("        "));
  EXPECT_TRUE(decode_header(RawHeader('0').put(329, "        ").bytes())) << "nobody reads it";
  EXPECT_FALSE(decode_header(RawHeader('0').put(329, "12x\0\0\0\0\0"s).bytes())) << "Go stops at it";
  EXPECT_TRUE(decode_header(RawHeader('0').put(329, "12x").put(257, std::string(8, '\0')).bytes())) << "no field of v7";
}

TEST(TarHeader, ChecksumsOfSignedAndUnsignedBytesAreRight) {
  EXPECT_TRUE(decode_header(RawHeader().put(0, "n\xe9\xe9").bytes()));
  EXPECT_TRUE(decode_header(RawHeader().put(0, "n\xe9\xe9").bytes_with_signed_sum()));
  std::string wrong = RawHeader().bytes();
  wrong[0] ^= 1;
  EXPECT_THAT(decode_header(wrong).error().message, HasSubstr("checksum"));
  struct Written {
    const char* what;
    std::string format;
    bool taken;
  };
  const std::vector<Written> all{{"blanks before", "  {:o} \0"s, true}, {"7 digits", "{:07o}\0"s, true},
                                 {"8 digits", "{:08o}", true},          {"a NUL before", "\0{:06o}\0"s, false},
                                 {"junk behind", "{:06o}\0x"s, false},  {"a tab before", "\t{:06o}\0"s, false}};
  for (const Written& one : all)
    EXPECT_EQ(decode_header(RawHeader().bytes_with_sum(one.format)).has_value(), one.taken) << one.what;
}

TEST(TarHeader, APrefixIsUstars) {
  struct Magic {
    const char* what;
    std::string magic;
    const char* path;  ///< nullptr: refused
  };
  const std::vector<Magic> all{{"ustar", "ustar\00000"s, "pre/f"},      {"no version", "ustar\0\0\0"s, "pre/f"},
                               {"version 11", "ustar\00011"s, "pre/f"}, {"v7", std::string(8, '\0'), "f"},
                               {"a blank", "ustar 00", nullptr},  // libarchive takes it for ustar
                               {"blanks", "ustar   ", nullptr},         {"another letter", "ustarX00", nullptr},
                               {"GNU's", "ustar  \0"s, nullptr}};  // times there; Go takes text for a prefix
  for (const Magic& one : all) {
    const auto header = decode_header(RawHeader().put(345, "pre").put(257, one.magic).bytes());
    ASSERT_EQ(header.has_value(), one.path != nullptr) << one.what;
    if (header) EXPECT_EQ(header->path(), one.path) << one.what;
    EXPECT_TRUE(decode_header(RawHeader().put(257, one.magic).bytes())) << one.what << ", no prefix";
  }
  const std::string times = "00000000012\00000000000013\0"s;
  EXPECT_EQ(decode_header(RawHeader().put(257, "ustar  \0"s).put(345, times).bytes())->path(), "f");
  EXPECT_EQ(decode_header(RawHeader().put(345, std::string(155, 'p')).bytes())->path(), std::string(155, 'p') + "/f");
  const auto star = [](std::size_t n) {
    return decode_header(RawHeader().put(345, std::string(n, 'p')).put(508, "tar\0"s).bytes());
  };
  EXPECT_TRUE(star(130));
  EXPECT_FALSE(star(131)) << "star's prefix ends there";
}

TEST(TarHeader, IsWholeOrRefused) {
  EXPECT_FALSE(decode_header(RawHeader().bytes().substr(0, 511)));
  EXPECT_FALSE(decode_header(std::string(512, 'x')));
  EXPECT_EQ(decode_header(RawHeader().put(0, std::string(100, 'n')).bytes())->name, std::string(100, 'n'));
  EXPECT_EQ(decode_header(RawHeader().put(0, "a\0b"s).bytes())->name, "a") << "every reader ends a field at NUL";
}

TEST(TarHeader, WhatIsWrittenIsReadBack) {
  Header header;
  header.name = "usr/bin/tool";
  header.prefix = "opt";
  header.type = '3';
  header.mode = 04755;
  header.uid = 1u << 21;  // one more than octal digits hold
  header.gid = 7;
  header.size = 1ull << 33;
  header.mtime = 1700000000;
  header.link = "x";
  header.major = 5;
  header.minor = 6;
  const auto read = decode_header(encode_header(header)).value();
  EXPECT_EQ(read.path(), "opt/usr/bin/tool");
  EXPECT_EQ(
      std::tie(read.type, read.mode, read.uid, read.gid, read.size, read.mtime, read.link, read.major, read.minor),
      std::tie(header.type, header.mode, header.uid, header.gid, header.size, header.mtime, header.link, header.major,
               header.minor));
}

TEST(TarHeader, StylesDifferWhereNobodyReads) {
  Header header;
  header.name = "f";
  const std::string plain = encode_header(header, {.devices = false});
  EXPECT_EQ(plain.substr(329, 16), std::string(16, '\0'));
  EXPECT_EQ(encode_header(header).substr(329, 16),
            "0000000\0"
            "0000000\0"s);
  EXPECT_EQ(encode_header(header, {.gnu_sizes = true}).substr(257, 8), "ustar\00000"s);
  header.size = 1ull << 33;
  EXPECT_EQ(encode_header(header, {.gnu_sizes = true}).substr(257, 8), "ustar  \0"s);
  EXPECT_EQ(encode_header(header).substr(257, 8), "ustar\00000"s);
}

TEST(TarPadding, FillsTheLastBlock) {
  EXPECT_EQ(padding(0), 0u);
  EXPECT_EQ(padding(1), 511u);
  EXPECT_EQ(padding(512), 0u);
  EXPECT_EQ(padding(513), 511u);
}

}  // namespace
}  // namespace slipway::tar
