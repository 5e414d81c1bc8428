#include "slipway/tar/pax.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tar/raw_tar.h"

namespace slipway::tar {
namespace {

using namespace std::string_literals;
using test::raw_record;
using ::testing::ElementsAre;
using ::testing::Pair;

struct RecordCase {
  const char* what;
  std::string body;
  bool taken;  ///< GNU tar 1.34, Go 1.19's archive/tar and libarchive 3.6.2 read the same
};

const std::vector<RecordCase> kRecords{
    {"one", "10 path=p\n", true},
    {"none", "", true},
    {"a leading zero", "011 path=p\n", true},
    {"a line end and a NUL in an attribute", raw_record("SCHILY.xattr.user.x", "a\n\0b"s), true},
    {"a NUL in a comment", raw_record("comment", "a\0b"s), true},
    {"an empty comment", raw_record("comment", ""), true},
    {"two blanks", "11  path=p\n", false},
    {"a blank before", " 11 path=p\n", false},
    {"a tab for the blank", "10\tpath=p\n", false},
    {"plus", "+11 path=p\n", false},
    {"minus", "-1 path=p\n", false},
    {"no line end", "10 path=pp", false},
    {"no equals sign", "8 pathp\n", false},
    {"too short", "8 path=p\n", false},
    {"too long", "99 path=p\n", false},
    {"zero", "0 path=p\n", false},
    {"only its length", "2 ", false},
    {"more than fits", "99999999999999999999 path=p\n", false},
    {"NULs behind", "10 path=p\n\0\0"s, false},
    {"junk behind", "10 path=p\nxx", false},
    {"no keyword", "5 =x\n", false},
    {"a NUL in the keyword", raw_record("co\0m"s, "x"), false},
    {"a NUL in a path", raw_record("path", "ev\0il"s), false},
    {"a NUL in a link", raw_record("linkpath", "a\0b"s), false},
    {"a NUL in an owner's name", raw_record("uname", "a\0b"s), false},
    {"a NUL in a size", raw_record("size", "10\0"s), false},
    {"an empty path", raw_record("path", ""), false},  // GNU tar takes it, the others the header's
    {"an empty link", raw_record("linkpath", ""), false},
    {"an empty size", raw_record("size", ""), false},
    {"an empty owner", raw_record("uid", ""), false},
    {"an empty time", raw_record("mtime", ""), false},
};

TEST(PaxRecords, AreTakenWhereReadersAgree) {
  for (const RecordCase& one : kRecords)
    EXPECT_EQ(decode_records(one.body).has_value(), one.taken) << one.what;
}

TEST(PaxRecords, TheLastOfEqualKeywordsCounts) {
  EXPECT_THAT(decode_records("12 path=one\n12 path=two\n9 uid=70\n").value(),
              ElementsAre(Pair("path", "two"), Pair("uid", "70")));
}

TEST(PaxRecords, WhatIsWrittenIsReadBack) {
  // Lengths around each point where the length itself gets one digit more.
  for (std::size_t n : {0u, 1u, 88u, 89u, 90u, 91u, 92u, 985u, 986u, 987u, 988u, 989u, 9981u, 9982u, 9983u}) {
    const Records records{{"comment", std::string(n, 'v')}, {"path", "p"}};
    EXPECT_EQ(decode_records(encode_records(records)).value(), records) << n;
  }
  EXPECT_EQ(encode_records({{"path", "p"}}), "9 path=p\n");
}

TEST(PaxRecords, KnowWhatDecidesAMember) {
  for (const char* key : {"path", "linkpath", "size", "uid", "gid", "mtime", "GNU.sparse.major", "SCHILY.realsize",
                          "SCHILY.xattr.user.x", "LIBARCHIVE.xattr.user.x"}) {
    EXPECT_TRUE(decides_member(key)) << key;
  }
  for (const char* key : {"comment", "uname", "gname", "atime", "hdrcharset"})
    EXPECT_FALSE(decides_member(key)) << key;
}

}  // namespace
}  // namespace slipway::tar
