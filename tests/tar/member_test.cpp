#include "slipway/tar/member.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "slipway/base/text.h"
#include "tar/raw_tar.h"

namespace slipway::tar {
namespace {

using namespace std::string_literals;
using test::blocks;
using test::raw_long_name;
using test::raw_member;
using test::raw_pax;
using test::raw_record;
using test::RawHeader;
using ::testing::HasSubstr;

const std::string kEnd(1024, '\0');

/// Reads a whole tar and says what it has: "PATH TYPE SIZE", and the rest of a member where it is not the usual.
std::string summary(const Member& member) {
  std::string text = fmt::format("{} {} {}", member.path, static_cast<int>(member.type), member.size);
  if (!member.link.empty()) text += " -> " + member.link;
  if (member.uid != 0 || member.gid != 0) text += fmt::format(" {}:{}", member.uid, member.gid);
  if (member.mtime != 0) text += fmt::format(" at {}", member.mtime);
  for (const auto& [name, value] : member.attributes)
    text += fmt::format(" {}={}", name, value);
  return text;
}

std::string read_all(const std::string& tar) {
  std::size_t at = 0;
  MemberReader reader([&](std::span<char> buffer) -> Result<std::size_t> {
    const std::size_t n = std::min(buffer.size(), tar.size() - std::min(at, tar.size()));
    std::copy_n(tar.begin() + static_cast<std::ptrdiff_t>(at), n, buffer.begin());
    at += n;
    return n;
  });
  std::string text;
  while (true) {
    const auto member = reader.next();
    if (!member) {
      EXPECT_EQ(member.error().code, Errc::malformed);
      return text + "refused";
    }
    if (!*member) return text + fmt::format("end {}", reader.end());
    text += summary(**member) + "; ";
    at += static_cast<std::size_t>((*member)->size + padding((*member)->size));
  }
}

struct MemberCase {
  const char* what;
  std::string headers;   ///< of one member, with its content
  const char* expected;  ///< its summary; nullptr where GNU tar, Go's archive/tar and libarchive do not agree
};

std::string header(char type, std::size_t size = 0, const std::string& name = "f") {
  return RawHeader(type, name).size(size).link("good").bytes();
}
std::string pax(const std::string& key, const std::string& value) { return raw_pax(raw_record(key, value)); }
const std::string kFile = raw_member("f", "ten bytes.");

// In comments: what disagrees, tried with GNU tar 1.34, Go 1.19's archive/tar and libarchive 3.6.2.
const std::vector<MemberCase> kTypes{
    {"a file", header('0', 10) + blocks("x"), "f 0 10 -> good"},
    {"an old file", header('\0', 10) + blocks("x"), "f 0 10 -> good"},
    {"a contiguous file", header('7', 10) + blocks("x"), "f 0 10 -> good"},
    {"a hard link", header('1'), "f 1 0 -> good"},
    {"a hard link with its file's size", header('1', 10), "f 1 0 -> good"},
    {"a symlink", header('2'), "f 2 0 -> good"},
    {"a symlink with a size", header('2', 10), "f 2 0 -> good"},
    {"a folder", header('5'), "f 5 0 -> good"},
    {"a folder with a size", header('5', 10), "f 5 0 -> good"},
    {"a fifo", header('6'), "f 6 0 -> good"},
    {"an old folder", header('\0', 0, "d/"), "d/ 5 0 -> good"},
    {"an old folder with content", header('\0', 10, "d/") + blocks("x"), nullptr},  // Go: no content
    {"a file with a slash", header('0', 0, "d/"), nullptr},                         // Go: a file
    {"a contiguous file with a slash", header('7', 0, "d/"), nullptr},
    {"GNU's sparse file", header('S', 10) + blocks("x"), nullptr},
    {"Sun's pax header", raw_pax(raw_record("path", "pp"), 'X') + kFile, nullptr},  // Go: a member of its own
    {"a volume's name", header('V'), nullptr},
    {"a folder of a dump", header('D'), nullptr},
    {"a part of a file", header('M'), nullptr},
    {"Solaris ACLs", header('A'), nullptr},
    {"no type that is known", header('8'), nullptr},
    {"a blank", header(' '), nullptr},
    {"an empty name", header('0', 0, ""), nullptr},
};

const std::vector<MemberCase> kExtensions{
    {"a path", pax("path", "pp") + kFile, "pp 0 10"},
    {"a path with a slash", pax("path", "pp/") + header('0'), nullptr},  // Go: a file
    {"the last of two paths", raw_pax("12 path=one\n12 path=two\n") + kFile, "two 0 10"},
    {"an owner", pax("uid", "4294967295") + kFile, "f 0 10 4294967295:0"},
    {"an owner out of range", pax("uid", "4294967296") + kFile, nullptr},  // GNU tar
    {"an owner below zero", pax("gid", "-10") + kFile, nullptr},
    {"an owner with plus", pax("uid", "+10") + kFile, nullptr},
    {"an owner behind a blank", pax("uid", " 10") + kFile, nullptr},
    {"an owner before junk", pax("uid", "10x") + kFile, nullptr},
    {"an owner with a leading zero", pax("uid", "010") + kFile, "f 0 10 10:0"},
    {"a time", pax("mtime", "12") + kFile, "f 0 10 at 12"},
    {"a time with a fraction", pax("mtime", "12.999999999999") + kFile, "f 0 10 at 12"},
    {"a time with a point", pax("mtime", "12.") + kFile, "f 0 10 at 12"},
    {"a time before 1970", pax("mtime", "-12") + kFile, "f 0 10 at -12"},
    {"a fraction before 1970", pax("mtime", "-12.5") + kFile, nullptr},  // rounded up and down
    {"no digit before the point", pax("mtime", ".5") + kFile, nullptr},
    {"two points", pax("mtime", "1.2.3") + kFile, nullptr},
    {"a time with junk", pax("mtime", "1.2x") + kFile, nullptr},
    {"a time with a comma", pax("mtime", "1,2") + kFile, nullptr},
    {"a time with plus", pax("mtime", "+10") + kFile, nullptr},
    {"a time beyond 64 bits", pax("mtime", "99999999999999999999") + kFile, nullptr},
    {"another time that is none", pax("atime", "nan") + kFile, nullptr},
    {"a size", pax("size", "10") + kFile, "f 0 10"},
    {"a size beside none", pax("size", "10") + header('0') + blocks("x"), "f 0 10 -> good"},
    {"a size beside another", pax("size", "10") + header('0', 520) + blocks("x"), nullptr},
    {"a size of nothing", pax("size", "0") + header('0', 10), nullptr},
    {"a size below zero", pax("size", "-10") + header('0'), nullptr},
    {"a size with junk", pax("size", "10x") + header('0') + blocks("x"), nullptr},
    {"a size with a blank", pax("size", "10 ") + header('0') + blocks("x"), nullptr},
    {"a hexadecimal size", pax("size", "0xa") + header('0') + blocks("x"), nullptr},
    {"a size beyond 63 bits", pax("size", "9223372036854775808") + header('0'), nullptr},
    {"a size of a symlink", pax("size", "10") + header('2'), nullptr},  // libarchive reads on
    {"a size of a hard link in a pax archive", pax("uid", "0") + header('1', 10), nullptr},
    {"an attribute", pax("SCHILY.xattr.user.x", "y") + kFile, "f 0 10 user.x=y"},
    {"GNU's sparse file", pax("GNU.sparse.major", "1") + kFile, nullptr},
    {"star's sparse file", pax("SCHILY.realsize", "20") + kFile, nullptr},
    {"a device's number", pax("SCHILY.devmajor", "7") + header('3'), nullptr},  // libarchive knows it
    {"two pax headers", pax("path", "one") + pax("path", "two") + kFile, nullptr},
    {"a global comment", raw_pax(raw_record("comment", "c"), 'g') + kFile, "f 0 10"},
    {"a global path", raw_pax(raw_record("path", "pp"), 'g') + kFile, nullptr},  // GNU tar: of every member
    {"a global owner", raw_pax(raw_record("uid", "7"), 'g') + kFile, nullptr},
    {"a global header between", pax("path", "two") + raw_pax(raw_record("comment", "c"), 'g') + kFile, nullptr},
    {"a long name", raw_long_name("long\0"s) + kFile, "long 0 10"},
    {"a long name without NUL", raw_long_name("long") + kFile, "long 0 10"},
    {"a long name with a NUL", raw_long_name("lo\0ng\0"s) + kFile, "lo 0 10"},
    {"the last of two long names", raw_long_name("one\0"s) + raw_long_name("two\0"s) + kFile, "two 0 10"},
    {"a long name and an owner", raw_long_name("one\0"s) + pax("uid", "7") + kFile, "one 0 10 7:0"},
    {"a long name and a path", raw_long_name("one\0"s) + pax("path", "two") + kFile, nullptr},
    {"a path and a long name", pax("path", "two") + raw_long_name("one\0"s) + kFile, nullptr},
    {"a long link", raw_long_name("there\0"s, 'K') + header('2'), "f 2 0 -> there"},
    {"a long link and a link", raw_long_name("there\0"s, 'K') + pax("linkpath", "x") + header('2'), nullptr},
    {"an empty long name", raw_long_name("\0"s) + kFile, nullptr},
    {"no long name", raw_long_name("") + kFile, nullptr},
    {"a long name of a folder", raw_long_name("long/\0"s) + header('5'), "long/ 5 0 -> good"},
    {"bytes that are not UTF-8", raw_long_name("l\xff\xfe\0"s) + kFile, "l\xff\xfe 0 10"},
    {"records that are none", raw_pax("99 path=x\n") + kFile, nullptr},
    {"an owner of the pax header that is none",
     RawHeader('x', "x").put(108, "xxxxxxxx").size(10).bytes() + blocks("10 path=p\n") + kFile, nullptr},  // Go
    {"an owner of the pax header that is blank",
     RawHeader('x', "x").put(108, "        ").size(10).bytes() + blocks("10 path=p\n") + kFile, "p 0 10"},
    {"a pax header beyond measure", RawHeader('x', "x").size((1u << 20) + 1).bytes() + kFile, nullptr},
};

// The answer may not depend on what came before: as the first member, and behind another one.
void agree(const std::vector<MemberCase>& cases) {
  const std::string good = raw_member("good", "");
  for (const MemberCase& one : cases) {
    const std::string expected = one.expected == nullptr ? "refused" : one.expected + "; good 0 0; end "s;
    EXPECT_THAT(read_all(one.headers + good + kEnd), HasSubstr(expected)) << one.what;
    EXPECT_THAT(read_all(good + one.headers + good + kEnd), HasSubstr("good 0 0; " + expected)) << one.what;
  }
}

TEST(TarMember, OfEveryType) { agree(kTypes); }

TEST(TarMember, WithWhatExtensionsSay) { agree(kExtensions); }

TEST(TarMember, AHardLinksSizeCountsInPaxArchivesOnly) {
  EXPECT_EQ(read_all(kFile + header('1', 10) + kEnd), "f 0 10; f 1 0 -> good; end 1536");
  EXPECT_THAT(read_all(pax("comment", "c") + kFile + header('1', 10) + kEnd), HasSubstr("refused"));
}

TEST(TarMember, EndsAtZerosOrAtTheEndOfTheInput) {
  EXPECT_EQ(read_all(""), "end 0");
  EXPECT_EQ(read_all(kFile), "f 0 10; end 1024");
  EXPECT_EQ(read_all(kFile + kEnd + kFile), "f 0 10; end 1024") << "what follows is the caller's to judge";
  EXPECT_EQ(read_all(kFile + std::string(100, '\0')), "f 0 10; end 1024");
  EXPECT_EQ(read_all(kFile + kFile.substr(0, 200)), "f 0 10; refused");
  EXPECT_EQ(read_all(pax("path", "p") + kEnd), "refused") << "a pax header of nothing";
  EXPECT_EQ(read_all(raw_long_name("p\0"s)), "refused");
  EXPECT_EQ(read_all(raw_pax(std::string(600, 'x')).substr(0, 700)), "refused") << "cut in a pax header";
}

TEST(TarMember, KeepsItsHeadersAsTheyStand) {
  const std::string tar = pax("path", "pp") + kFile + kEnd;
  std::size_t at = 0;
  MemberReader reader([&](std::span<char> buffer) -> Result<std::size_t> {
    at += tar.copy(buffer.data(), buffer.size(), at);
    return buffer.size();
  });
  const Member member = reader.next().value().value();
  EXPECT_EQ(member.block, kFile.substr(0, 512));
  ASSERT_EQ(member.extensions.size(), 1u);
  EXPECT_EQ(member.extensions[0].body, "11 path=pp\n");
}

TEST(TarMember, TheInputsErrorComesBack) {
  MemberReader reader([](std::span<char>) -> Result<std::size_t> { return fail(Errc::network, "the line went dead"); });
  EXPECT_EQ(reader.next().error().code, Errc::network);
}

Member written(std::string path) {
  Member member;
  member.path = std::move(path);
  member.mode = 0644;
  return member;
}

TEST(TarMember, WhatIsWrittenIsReadBack) {
  std::vector<Member> all{written("f"),
                          written(std::string(100, 'n')),
                          written(std::string(101, 'n')),
                          written(std::string(155, 'p') + "/" + std::string(100, 'n')),
                          written(std::string(156, 'p') + "/" + std::string(100, 'n')),
                          written("\xc3\xa4"),
                          written("n\xff")};
  all.push_back(written("d/"));
  all.back().type = MemberType::folder;
  all.push_back(written("l"));
  all.back().type = MemberType::symlink;
  all.back().link = std::string(101, 't');
  all.push_back(written("big"));
  all.back().size = 1ull << 33;
  all.back().uid = 1u << 21;
  all.back().gid = 0xffffffff;
  all.back().mtime = 1ll << 33;
  all.back().attributes = {{"user.x", "a\0\n=b"s}};
  for (const Member& member : all) {
    const std::string bytes = encode_member(member).value();
    ASSERT_EQ(bytes.size() % kBlock, 0u);
    EXPECT_THAT(read_all(bytes), ::testing::StartsWith(summary(member) + "; ")) << printable(member.path);
  }
}

struct Encoded {
  Member member;
  std::size_t blocks;        ///< one, or three with a pax header
  std::string name, prefix;  ///< as they stand in the member's own header
  std::vector<std::string> records;
};

Member of_path(std::string path) { return {.path = std::move(path)}; }

TEST(TarMember, NeedsPaxRecordsOnlyForWhatAHeaderCannotSay) {
  const std::string a100(100, 'a'), p155(155, 'p'), p156(156, 'p');
  Member widest = of_path("w"), beyond = of_path("b");
  widest.uid = widest.gid = (1u << 21) - 1;
  widest.mtime = (1ll << 33) - 1;
  beyond.uid = beyond.gid = 1u << 21;
  beyond.mtime = 1ll << 33;
  for (const Encoded& c :
       {Encoded{of_path(a100), 1, a100, "", {}}, Encoded{of_path(a100 + "a"), 3, a100, "", {" path=" + a100 + "a\n"}},
        Encoded{of_path("p/" + a100), 1, a100, "p", {}}, Encoded{of_path(p155 + "/" + a100), 1, a100, p155, {}},
        Encoded{of_path(p156 + "/" + a100), 3, p156.substr(0, 100), "", {" path=" + p156 + "/"}},
        Encoded{of_path("a\x1f\x7f"), 3, "a__", "", {" path=a\x1f\x7f\n"}},
        Encoded{of_path("\u00fc"), 3, "", "", {" path=\u00fc\n"}},
        Encoded{of_path("\xff"), 3, "", "", {" path=\xff\n", " hdrcharset=BINARY\n"}}, Encoded{widest, 1, "w", "", {}},
        Encoded{beyond, 3, "b", "", {" uid=2097152\n", " gid=2097152\n", " mtime=8589934592\n"}}}) {
    const std::string bytes = encode_member(c.member).value();
    ASSERT_EQ(bytes.size(), c.blocks * kBlock) << c.member.path;
    const std::string own = bytes.substr(bytes.size() - kBlock);
    if (!c.name.empty()) EXPECT_EQ(std::string(own.substr(0, 100).c_str()), c.name);
    EXPECT_EQ(std::string(own.substr(345, 155).c_str()), c.prefix);
    for (const std::string& record : c.records)
      EXPECT_THAT(bytes, HasSubstr(record));
    EXPECT_EQ(bytes.find("hdrcharset") != std::string::npos, c.records.size() == 2) << c.member.path;
  }
}

TEST(TarMember, WhatNoTarCanSayIsRefused) {
  Member early = written("f");
  early.mtime = -1;
  EXPECT_EQ(encode_member(early).error().code, Errc::invalid_argument);
  for (const std::string& name : {""s, "a=b"s, "a\nb"s, "a\0b"s}) {
    Member member = written("f");
    member.attributes[name] = "x";
    EXPECT_EQ(encode_member(member).error().code, Errc::invalid_argument) << printable(name);
  }
}

}  // namespace
}  // namespace slipway::tar
