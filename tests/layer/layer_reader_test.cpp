#include "slipway/layer/layer_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "layer/tar_header.h"
#include "slipway/io/filters.h"

namespace slipway::layer {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// A ustar header with nothing checked, so that tests can lie.
std::string header(const std::string& name, char type, const std::string& size = "00000000000",
                   const std::string& link = "") {
  std::string block(512, '\0');
  const auto put = [&block](std::size_t at, const std::string& text) { block.replace(at, text.size(), text); };
  put(0, name);
  put(100, "0000644");
  put(108, "0000000");
  put(116, "0000000");
  put(124, size);
  put(136, "00000000000");
  block[156] = type;
  put(157, link);
  put(257, std::string("ustar\0"
                       "00",
                       8));
  put(148, "        ");
  unsigned sum = 0;
  for (const char c : block)
    sum += static_cast<unsigned char>(c);
  put(148, fmt::format("{:06o}", sum));
  block[154] = '\0';
  return block;
}

std::string block(std::string text) {
  text.resize((text.size() + 511) / 512 * 512, '\0');
  return text;
}

std::string octal(std::size_t n) { return fmt::format("{:011o}", n); }
std::string with(const std::string& name, const std::string& content) {
  return header(name, '0', octal(content.size())) + block(content);
}
std::string pax(const std::string& records) { return header("pax", 'x', octal(records.size())) + block(records); }
const std::string kEnd(1024, '\0');

std::string long_name(const std::string& name) {
  return header("././@LongLink", 'L', octal(name.size() + 1)) + block(name + '\0');
}

Status read(const std::string& tar, std::vector<std::string>* names = nullptr, const ReadLimits& limits = {}) {
  io::TextSource source(tar);
  return read_tar(source, limits, [&](const FileEntry& entry, io::Source&) -> Status {
    if (names != nullptr) names->push_back(tar_name(entry));
    return {};
  });
}

struct Hostile {
  const char* what;
  std::string tar;
};

class Refuses : public ::testing::TestWithParam<Hostile> {};

TEST_P(Refuses, WithAReason) {
  std::vector<std::string> names;
  const Status status = read(GetParam().tar, &names);
  ASSERT_FALSE(status) << GetParam().what << ": read " << names.size() << " entries";
  EXPECT_TRUE(status.error().code == Errc::malformed || status.error().code == Errc::too_large)
      << status.error().describe();
  EXPECT_FALSE(status.error().message.empty());
}

INSTANTIATE_TEST_SUITE_P(
    Tar, Refuses,
    ::testing::Values(
        Hostile{"parent folder", with("../x", "x") + kEnd},
        Hostile{"inner parent folder", with("a/../../x", "x") + kEnd},
        Hostile{"parent after dot", with("./../x", "x") + kEnd}, Hostile{"only parents", header("..", '5') + kEnd},
        Hostile{"root as symlink", header(".", '2', octal(0), "/etc") + kEnd},
        Hostile{"root as symlink with slash", header("/.", '2', octal(0), "/etc") + kEnd},
        Hostile{"hard link out", header("a", '1', octal(0), "../../etc/shadow") + kEnd},
        Hostile{"symlink to nowhere", header("a", '2') + kEnd}, Hostile{"whiteout of nothing", with(".wh.", "") + kEnd},
        Hostile{"whiteout of dot", with(".wh..", "") + kEnd}, Hostile{"whiteout of dots", with("d/.wh...", "") + kEnd},
        Hostile{"below a whiteout", with(".wh.d/x", "") + kEnd}, Hostile{"no tar at all", std::string(2048, 'x')},
        Hostile{"a zip", std::string("PK\x03\x04", 4) + std::string(2044, '\0')}));

TEST(ReadTar, EntriesAreJudgedOneByOne) {
  // Only the code that lays layers over each other knows which path lies below which and whether a link's file is
  // there.
  std::vector<std::string> names;
  ASSERT_TRUE(read(header("a", '2', octal(0), "/etc") + with("a/passwd", "x") + with("f", "x") + with("f/b", "y") +
                       header("h", '1', octal(0), "lower") + header("f", '1', octal(0), "f") + kEnd,
                   &names));
  EXPECT_THAT(names, ElementsAre("a", "a/passwd", "f", "f/b", "h", "f"));
}

TEST(ReadTar, InnerDotsStayInside) {
  ReadLimits limits;
  limits.inner_dots = true;
  std::vector<std::string> names;
  ASSERT_TRUE(read(with("a/../b", "x") + with("a/b/../../c", "x") + header("h", '1', octal(0), "d/../b") + kEnd, &names,
                   limits));
  EXPECT_THAT(names, ElementsAre("b", "c", "h"));
  for (const char* out : {"../x", "a/../../x", "..", "/../x"})
    EXPECT_FALSE(read(with(out, "x") + kEnd, &names, limits)) << out;
  EXPECT_FALSE(read(header("h", '1', octal(0), "../x") + kEnd, &names, limits));
  EXPECT_FALSE(read(with("a/../b", "x") + kEnd, &names)) << "an archive that is packed";
}

TEST(ReadTar, WithinTheRootDotsLeadNoFurtherUp) {
  ReadLimits limits;
  limits.within_root = true;
  std::vector<std::string> names;
  ASSERT_TRUE(read(with("../x", "x") + with("a/../../y", "x") + with("dne/../.wh.z", "") + header("..", '5') +
                       header("/.", '2', octal(0), "/etc") + kEnd,
                   &names, limits));
  EXPECT_THAT(names, ElementsAre("x", "y", ".wh.z"));
  const std::string linked = header("h", '1', octal(0), "../../etc/shadow") + kEnd;
  io::TextSource source(linked);
  std::string link;
  ASSERT_TRUE(read_tar(source, limits, [&link](const FileEntry& entry, io::Source&) -> Status {
    link = entry.link;
    return {};
  }));
  EXPECT_EQ(link, "etc/shadow");
}

TEST(ReadTar, AMarkerIsOneWhateverItsType) {
  std::vector<std::string> names;
  ASSERT_TRUE(read(header(".wh.a", '5') + header(".wh.b", '2', octal(0), "x") + header(".wh.c", '1', octal(0), "no") +
                       header(".wh.d", '3') + header("e/.wh..wh..opq", '6') + kEnd,
                   &names));
  EXPECT_THAT(names, ElementsAre(".wh.a", ".wh.b", ".wh.c", ".wh.d", "e/.wh..wh..opq"));
}

TEST(ReadTar, NamesAreBytesInEveryDialect) {
  std::string v7 = header("n\xff\xfe", '0');
  v7.replace(257, 8, std::string(8, '\0'));
  v7.replace(148, 8, "        ");
  unsigned sum = 0;
  for (const char c : v7)
    sum += static_cast<unsigned char>(c);
  v7.replace(148, 7, fmt::format("{:06o}", sum) + std::string(1, '\0'));
  std::vector<std::string> names;
  ASSERT_TRUE(read(v7 + header("u\xff", '0') + long_name("l\xff") + header("short", '0') + pax("11 path=p\xff\n") +
                       header("short", '0') + header("Icon\r", '0') + kEnd,
                   &names));
  EXPECT_THAT(names, ElementsAre("n\xff\xfe", "u\xff", "l\xff", "p\xff", "Icon\r"));
}

// Tars that are refused, by the numbers of docs/TESTING.md.
void refused(const std::string& tar, const char* what) {
  const auto began = std::chrono::steady_clock::now();
  const Status status = read(tar);
  ASSERT_FALSE(status) << what;
  EXPECT_TRUE(status.error().code == Errc::malformed || status.error().code == Errc::too_large)
      << what << ": " << status.error().describe();
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(5)) << what;
}

/// The names and contents that a reader sees.
std::vector<std::string> contents(const std::string& tar) {
  io::TextSource source(tar);
  std::vector<std::string> seen;
  const Status status = read_tar(source, {}, [&](const FileEntry& entry, io::Source& content) -> Status {
    SLIPWAY_ASSIGN(const std::string text, io::read_all(content, 4096));
    seen.push_back(tar_name(entry) + "=" + text);
    return {};
  });
  if (!status) seen.push_back("refused");
  return seen;
}

TEST(ReadTar, Row057_TwoSizesThatDisagree) {
  refused(pax("10 size=3\n") + header("a", '0', octal(600)) + block("abc") + kEnd, "less than the header's");
  refused(pax("13 size=1024\n") + header("a", '0', octal(1)) + block("x") + header("hidden", '0') + kEnd,
          "over a hidden entry");
}

TEST(ReadTar, Row058_APaxSizeIsNotThatOfALongName) {
  const std::string tar = pax("10 size=3\n") + long_name("a/long/name") + header("short", '0', octal(0)) +
                          block("abc") + with("b", "z") + kEnd;
  EXPECT_THAT(contents(tar), ::testing::AnyOf(ElementsAre("a/long/name=abc", "b=z"), ElementsAre("refused")));
}

TEST(ReadTar, Row059_GlobalRecordsNameNoFile) {
  const std::string records = "14 path=stolen\n";
  const std::string tar =
      header("g", 'g', octal(records.size())) + block(records) + with("a", "x") + with("b", "y") + kEnd;
  EXPECT_THAT(contents(tar), ::testing::AnyOf(ElementsAre("a=x", "b=y"), ElementsAre("refused")));
  const std::string two = pax("12 path=one\n") + pax("12 path=two\n") + with("a", "x") + kEnd;
  EXPECT_THAT(contents(two), ::testing::AnyOf(ElementsAre("two=x"), ElementsAre("refused")));
}

TEST(ReadTar, Row060_PaxRecordsThatAreNone) {
  refused(pax("99 path=x\n") + with("a", "x") + kEnd, "a wrong length");
  refused(pax("10 path=xx") + with("a", "x") + kEnd, "no line end");
  refused(pax("8 pathx\n") + with("a", "x") + kEnd, "no equals sign");
  refused(pax(std::string("12 path=a\0b\n", 12)) + with("a", "x") + kEnd, "NUL in a path");
  refused(pax(std::string("16 linkpath=a\0b\n", 16)) + header("a", '2', octal(0), "x") + kEnd, "NUL in a link");
  refused(header("pax", 'x', octal(1u << 30)) + block("1073741824 path=x") + kEnd, "a gigabyte");
  refused(pax("-1 path=x\n") + with("a", "x") + kEnd, "a negative length");
  refused(pax("99999999999999999999 path=x\n") + with("a", "x") + kEnd, "an overflow");
}

TEST(ReadTar, Row061_OnlyFilesHaveContent) {
  refused(pax("12 size=512\n") + header("a", '2', octal(0), "b") + block("junk") + kEnd, "a symlink");
  refused(pax("12 size=512\n") + header("a/", '5') + block("junk") + kEnd, "a folder");
  refused(header("a", '2', octal(512), "b") + block("junk") + kEnd, "a symlink by its header");
}

TEST(ReadTar, Row062_SizesThatAreNone) {
  refused(header("a", '0', "0000000000z") + block("x") + kEnd, "no number");
  refused(header("a", '0', std::string("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12)) + kEnd, "negative");
  refused(header("a", '0', std::string("\x80\x00\x00\x00\x7f\xff\xff\xff\xff\xff\xff\xff", 12)) + kEnd, "exabytes");
  refused(pax("11 size=-1\n") + with("a", "x") + kEnd, "negative in a record");
}

TEST(ReadTar, Row063_SparseFilesAreNotTaken) {
  refused(pax("22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n20 GNU.sparse.name=a\n28 GNU.sparse.realsize=4096\n") +
              with("a", block("1\n3584\n512\n") + std::string(512, 'x')) + kEnd,
          "PAX sparse 1.0");
  refused(pax("22 GNU.sparse.size=4096\n") + with("a", "x") + kEnd, "PAX sparse 0.0");
  refused(header("a", 'S', octal(512)) + block("x") + kEnd, "old GNU sparse");
}

TEST(ReadTar, Row064_DamageAndWhatComesAfterTheEnd) {
  std::string wrong_sum = with("a", "x") + kEnd;
  wrong_sum[0] = 'b';
  refused(wrong_sum, "a wrong checksum");
  refused(header("a", '0').substr(0, 300), "cut in a header");
  refused(header("a", '0', octal(2000)) + std::string(512, 'x'), "cut in the content");
  refused(with("a", "x"), "no end");
  refused(with("a", "x") + std::string(512, '\0'), "half an end");
  refused(with("a", "x") + kEnd + "junk", "junk after the end");
  refused(with("a", "x") + kEnd + with("b", "y") + kEnd, "an archive after the end");
}

TEST(ReadTar, Row065_NamesWithoutMeasure) {
  refused(pax("266 path=" + std::string(256, 'n') + "\n") + with("a", "") + kEnd, "a component of 256 bytes");
  std::string deep;
  for (int i = 0; i < 10'000; ++i)
    deep += "d/";
  refused(long_name(deep + "x") + with("a", "") + kEnd, "10,000 components");
  refused(long_name(std::string(1u << 20, 'n')) + with("a", "") + kEnd, "a megabyte");
}

TEST(ReadTar, Row066_EntriesWithoutMeasure) {
  std::string tar;
  for (int i = 0; i < 2000; ++i)
    tar += header(std::to_string(i), '0');
  ReadLimits limits;
  limits.max_entries = 1999;
  EXPECT_EQ(read(tar + kEnd, nullptr, limits).error().code, Errc::too_large);
  limits.max_entries = 2000;
  EXPECT_TRUE(read(tar + kEnd, nullptr, limits));
}

TEST(ReadTar, Row067_NumbersOutOfRange) {
  // Nothing overflows in any case (the sanitizers judge), and names and contents stay.
  for (const char* records : {"30 mtime=4611686018427387904\n", "30 mtime=9223372036854775808\n", "12 mtime=-1\n",
                              "13 mtime=nan\n", "27 uid=9223372036854775808\n", "10 uid=-1\n", "14 mtime=1e99\n"}) {
    std::string record(records);
    const std::size_t blank = record.find(' ');
    record = std::to_string(record.size()) + record.substr(blank);
    if (record.size() != std::stoul(record)) record = std::to_string(record.size()) + record.substr(record.find(' '));
    const auto seen = contents(pax(record) + with("a", "x") + kEnd);
    EXPECT_THAT(seen, ::testing::AnyOf(ElementsAre("a=x"), ElementsAre("refused"))) << record;
  }
}

TEST(ReadTar, Row068_AttributesWithoutMeasure) {
  const auto attribute = [](const std::string& name, const std::string& value) {
    const std::string rest = " SCHILY.xattr." + name + "=" + value + "\n";
    std::size_t size = rest.size();
    while (std::to_string(size).size() + rest.size() != size)
      size = std::to_string(size).size() + rest.size();
    return pax(std::to_string(size) + rest) + with("a", "x") + kEnd;
  };
  EXPECT_THAT(contents(attribute("user.note", "y")), ElementsAre("a=x"));
  refused(attribute("user.large", std::string(2u << 20, 'v')), "a value of 2 MiB");
}

TEST(ReadTar, NothingIsAlsoCutShort) {
  const Status status = read("");
  EXPECT_FALSE(status);
}

TEST(ReadTar, DevicesHaveTheirNumbers) {
  for (const EntryType type : {EntryType::char_device, EntryType::block_device}) {
    FileEntry device;
    device.path = "device";
    device.type = type;
    device.device_major = 5;
    device.device_minor = 1;
    io::StringSource source(*tar_header(device) + with("plain", "x") + kEnd);
    std::vector<std::string> seen;
    ASSERT_TRUE(read_tar(source, {}, [&](const FileEntry& entry, io::Source&) -> Status {
      seen.push_back(fmt::format("{} {}:{}", entry.path, entry.device_major, entry.device_minor));
      return {};
    }));
    EXPECT_THAT(seen, ElementsAre("device 5:1", "plain 0:0"));
  }
}

TEST(ReadTar, CleansNamesAndSkipsTheRoot) {
  std::vector<std::string> names;
  ASSERT_TRUE(read(header("./", '5') + header("./a/", '5') + with("/a//b", "x") + kEnd, &names));
  EXPECT_THAT(names, ElementsAre("a/", "a/b"));
}

TEST(ReadTar, MarkersAreUnderstoodWhereverTheyStand) {
  std::vector<std::string> names;
  ASSERT_TRUE(read(
      with("d/x", "x") + with("d/.wh..wh..opq", "") + with(".wh.gone", "payload") + with("d/.wh..wh.plnk", "") + kEnd,
      &names));
  EXPECT_THAT(names, ElementsAre("d/x", "d/.wh..wh..opq", ".wh.gone"));
}

TEST(ReadTar, ZerosAfterTheEndAreFine) { EXPECT_TRUE(read(with("a", "x") + kEnd + std::string(9216, '\0'))); }

TEST(ReadTar, ALayerWithoutEndMarkerWhereItsDigestProvesItWhole) {
  ReadLimits limits;
  limits.require_end = false;
  EXPECT_TRUE(read(with("a", "x"), nullptr, limits));
  EXPECT_FALSE(read(with("a", "x") + kEnd + with("b", "y"), nullptr, limits));
  const std::string unfilled = header("a", '0', octal(3)) + "abc";
  std::string text;
  io::TextSource source(unfilled);
  ASSERT_TRUE(read_tar(source, limits, [&text](const FileEntry&, io::Source& content) -> Status {
    SLIPWAY_ASSIGN(text, io::read_all(content, 100));
    return {};
  }));
  EXPECT_EQ(text, "abc");
  EXPECT_TRUE(read(unfilled, nullptr, limits)) << "also when nobody reads the content";
  EXPECT_FALSE(read(unfilled.substr(0, unfilled.size() - 1), nullptr, limits)) << "a byte of content is missing";
  EXPECT_FALSE(read(unfilled)) << "where nothing proves that it is whole";
}

TEST(ReadTar, LastOneWinsWhenAPathComesTwice) {
  std::vector<std::string> names;
  EXPECT_TRUE(read(header("a", '2', octal(0), "/etc") + header("a/", '5') + with("a/b", "x") + kEnd, &names));
  EXPECT_THAT(names, ElementsAre("a", "a/", "a/b"));
}

TEST(ReadTar, PaxSizeWinsAndContentIsWhole) {
  const std::string tar = pax("10 size=3\n") + header("a", '0', octal(0)) + block("abc") + with("b", "z") + kEnd;
  io::TextSource source(tar);
  std::vector<std::string> texts;
  ASSERT_TRUE(read_tar(source, {}, [&](const FileEntry&, io::Source& content) -> Status {
    SLIPWAY_ASSIGN(std::string text, io::read_all(content, 100));
    texts.push_back(std::move(text));
    return {};
  }));
  EXPECT_THAT(texts, ElementsAre("abc", "z"));
}

TEST(ReadTar, KeepsToItsLimits) {
  const std::string tar = with("a", "x") + with("b", "y") + kEnd;
  ReadLimits limits;
  limits.max_entries = 1;
  EXPECT_EQ(read(tar, nullptr, limits).error().code, Errc::too_large);
  limits = {};
  limits.max_bytes = 1000;
  EXPECT_EQ(read(tar, nullptr, limits).error().code, Errc::too_large);
  limits = {};
  limits.max_path = 10;
  EXPECT_EQ(read(with("12345678901", "x") + kEnd, nullptr, limits).error().code, Errc::too_large);
}

/// A source that keeps the largest number of bytes that it was asked for at once.
class AskedSource final : public io::Source {
 public:
  explicit AskedSource(std::string text) : inner_(std::move(text)) {}
  Result<std::size_t> read(std::span<std::byte> buffer) override {
    largest = std::max(largest, buffer.size());
    return inner_.read(buffer);
  }
  std::size_t largest = 0;

 private:
  io::StringSource inner_;
};

TEST(ReadTar, LargeContentsAreReadStraightIntoTheReadersBuffer) {
  constexpr std::size_t kLarge = 4 * io::kBlock;
  AskedSource source(with("a", std::string(3 * kLarge, 'x')) + kEnd);
  std::vector<std::byte> buffer(kLarge);
  std::size_t total = 0;
  ASSERT_TRUE(read_tar(source, {}, [&](const FileEntry&, io::Source& content) -> Status {
    while (true) {
      SLIPWAY_ASSIGN(const std::size_t n, content.read(buffer));
      if (n == 0) return {};
      total += n;
    }
  }));
  EXPECT_EQ(total, 3 * kLarge);
  EXPECT_EQ(source.largest, kLarge);
}

TEST(ReadTar, TheVisitorsErrorComesBack) {
  const std::string tar = with("a", "x") + kEnd;
  io::TextSource source(tar);
  const Status status =
      read_tar(source, {}, [](const FileEntry&, io::Source&) -> Status { return fail(Errc::conflict, "enough"); });
  EXPECT_EQ(status.error().message, "enough");
}

class BrokenSource final : public io::Source {
 public:
  Result<std::size_t> read(std::span<std::byte>) override { return fail(Errc::network, "the line went dead"); }
};

TEST(ReadTar, TheSourcesErrorComesBack) {
  BrokenSource source;
  const Status status = read_tar(source, {}, [](const FileEntry&, io::Source&) -> Status { return {}; });
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Errc::network);
  EXPECT_EQ(status.error().message, "the line went dead");
}

TEST(ReadTar, NamesInMessagesArePrintable) {
  const Status status = read(with("../\x1b[31m", "x") + kEnd);
  ASSERT_FALSE(status);
  EXPECT_THAT(status.error().message, ::testing::Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace slipway::layer
