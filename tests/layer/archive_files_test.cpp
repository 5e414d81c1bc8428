#include "slipway/layer/archive_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "layer/archive_reader.h"
#include "layer/tar_header.h"
#include "slipway/io/compress.h"
#include "slipway/io/filters.h"
#include "slipway/io/hash.h"
#include "slipway/layer/file_capabilities.h"
#include "slipway/layer/layer_writer.h"
#include "slipway/tar/header.h"
#include "support/fault_fs.h"
#include "support/temp_dir.h"

namespace slipway::layer {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

stdfs::path fixture(const std::string& name) {
  const char* folder = std::getenv("SLIPWAY_TESTDATA");
  return stdfs::path(folder == nullptr ? "testdata" : folder) / "archives" / name;
}

std::string bytes_of(const stdfs::path& file) { return *read_file(real_fs(), file); }

FileEntry entry(const std::string& path, EntryType type = EntryType::regular, std::string link = {}) {
  FileEntry out;
  out.path = path;
  out.type = type;
  out.link = std::move(link);
  return out;
}

std::string tar_of(const std::vector<FileEntry>& entries) {
  std::string tar;
  for (FileEntry one : entries) {
    one.size = one.content.size();
    tar += *tar_header(one) + one.content;
    tar.resize((tar.size() + tar::kBlock - 1) / tar::kBlock * tar::kBlock, '\0');
  }
  return tar + std::string(2 * tar::kBlock, '\0');
}

class Archives : public ::testing::Test {
 protected:
  stdfs::path put(const std::string& name, const std::string& bytes) {
    std::ofstream(dir.path() / name, std::ios::binary | std::ios::trunc) << bytes;
    return dir.path() / name;
  }
  Status add(const stdfs::path& archive) { return files.add(builder, archive, options, diagnostics); }
  /// "path type mode uid:gid mtime link content" of the layer that comes of an archive.
  std::vector<std::string> layer_of(const stdfs::path& archive) {
    const Status added = add(archive);
    EXPECT_TRUE(added) << added.error().describe();
    return lines(std::move(builder).finish(options.epoch).value());
  }
  std::vector<std::string> lines(const FileTree& tree) {
    std::vector<std::string> out;
    io::StringSink tar(1u << 24);
    const Status written = write_tar(files, tree, tar);
    EXPECT_TRUE(written) << written.error().describe();
    io::TextSource source(tar.text());
    EXPECT_TRUE(read_tar(source, {}, [&](const FileEntry& e, io::Source& content) -> Status {
      SLIPWAY_ASSIGN(const std::string bytes, io::read_all(content, 1u << 24));
      out.push_back(fmt::format("{} {:o} {}:{} {} {}{}", tar_name(e), e.mode, e.uid, e.gid, e.mtime, e.link,
                                bytes.size() > 20 ? fmt::format("{} bytes", bytes.size()) : bytes));
      return {};
    }));
    return out;
  }
  Error refused(const stdfs::path& archive, Errc code = Errc::malformed) {
    const Status added = add(archive);
    EXPECT_FALSE(added);
    if (added) return {};
    EXPECT_EQ(added.error().code, code) << added.error().describe();
    return added.error();
  }
  test::TempDir dir;
  ArchiveFiles files{real_fs(), dir.path()};
  FileTreeBuilder builder{files};
  ArchiveFilesOptions options;
  Diagnostics diagnostics;
};

class EveryTar : public Archives, public ::testing::WithParamInterface<const char*> {};

TEST_P(EveryTar, KeepsWhatItSays) {
  const std::string name = GetParam();
  const std::string owner = name.ends_with(".deb") ? "0:0" : "7:8";
  EXPECT_THAT(layer_of(fixture(name)),
              ElementsAre("bin/ 755 " + owner + " 0 ", "bin/again 4755 " + owner + " 0 #!/bin/sh\n",
                          "bin/tool 4755 " + owner + " 0 bin/again", "empty/ 1777 " + owner + " 0 ",
                          "etc/ 755 " + owner + " 0 ", "etc/conf 640 " + owner + " 0 key=value\n",
                          "etc/link 777 " + owner + " 0 ../bin/tool", "etc/none 644 " + owner + " 0 ",
                          "etc/nothing 644 " + owner + " 0 "));
}

INSTANTIATE_TEST_SUITE_P(Archive, EveryTar,
                         ::testing::Values("tree.tar.gz", "tree.tar.xz", "tree.tar.bz2", "tree.tar.zst", "tree-xz.deb",
                                           "tree-zstd.deb", "tree-none.deb"));

TEST_F(Archives, ZipHasModesButNoOwners) {
  options.clamp_times = true;
  options.epoch = 500;
  EXPECT_THAT(
      layer_of(fixture("tree.zip")),
      ElementsAre("bin/ 755 0:0 500 ", "bin/tool 4755 0:0 500 #!/bin/sh\n", "etc/ 755 0:0 500 ",
                  "etc/conf 640 0:0 500 key=value\n", "etc/link 777 0:0 500 ../bin/tool", "etc/none 644 0:0 500 ",
                  "etc/nothing 644 0:0 500 ", "etc/\u00fcml\u00e4ut 644 0:0 500 100000 bytes"));
}

TEST_F(Archives, TimesAreTheEpochOrOlder) {
  FileEntry old = entry("old"), fresh = entry("new");
  old.mtime = 100;
  fresh.mtime = 10'000;
  options.epoch = 5000;
  options.clamp_times = true;
  EXPECT_THAT(layer_of(put("a.tar", tar_of({old, fresh}))), ElementsAre("new 644 0:0 5000 ", "old 644 0:0 100 "));
}

TEST_F(Archives, AttributesOfTheirMachineStayBehind) {
  FileEntry tool = entry("tool");
  const std::string capabilities = *file_capabilities("cap_net_raw+ep");
  tool.xattrs = {{"security.capability", capabilities},
                 {"security.selinux", "s"},
                 {"system.posix_acl_access", "a"},
                 {"trusted.overlay.opaque", "y"},
                 {"user.k", "v"}};
  ASSERT_TRUE(add(put("a.tar", tar_of({tool}))));
  const FileTree tree = std::move(builder).finish(0).value();
  const auto reader = tree.read();
  FileEntry found;
  ASSERT_TRUE(*(*reader)->next(found));
  EXPECT_EQ(found.xattrs, (std::map<std::string, std::string>{{"security.capability", capabilities}, {"user.k", "v"}}));
}

TEST_F(Archives, AttributesThatNoKernelTakesAreRefused) {
  for (const auto& [name, value] : {std::pair("security.capability", "cap_net_raw=ep"), std::pair("user.", "v")}) {
    FileEntry tool = entry("tool");
    tool.xattrs = {{name, value}};
    const Error error = refused(put("a.tar", tar_of({tool})), Errc::malformed);
    EXPECT_THAT(error.message,
                testing::HasSubstr(fmt::format("/tool with the extended attribute {}, which has a", name)));
  }
}

TEST_F(Archives, DevicesAreLeftOutWithAWarning) {
  EXPECT_THAT(
      layer_of(put("a.tar",
                   tar_of({entry("null", EntryType::char_device), entry("sda", EntryType::block_device),
                           entry("again", EntryType::hardlink, "null"), entry("x"), entry("pipe", EntryType::fifo)}))),
      ElementsAre("pipe 644 0:0 0 ", "x 644 0:0 0 "));
  ASSERT_EQ(diagnostics.warnings().size(), 1u);
  EXPECT_THAT(diagnostics.warnings()[0].message, HasSubstr("a.tar has 2 device nodes, which are left out"));
}

TEST_F(Archives, BesideOtherFiles) {
  put("plain", "plain");
  ASSERT_TRUE(add(put("a.tar", tar_of({entry("a")}))));
  ASSERT_TRUE(add(fixture("tree.zip")));
  ASSERT_TRUE(builder.add(dir.path() / "plain", "/etc/plain", {}, diagnostics));
  // The same file twice is one file, wherever it comes from.
  std::ofstream(dir.path() / "conf") << "key=value\n";
  TreeOptions same;
  same.mode = 0640;
  ASSERT_TRUE(builder.add(dir.path() / "conf", "/etc/conf", same, diagnostics));
  const auto tree = std::move(builder).finish(0);
  ASSERT_TRUE(tree) << "identical";
  EXPECT_THAT(lines(*tree), AllOf(::testing::Contains("etc/plain 644 0:0 0 plain"),
                                  ::testing::Contains("etc/conf 640 0:0 0 key=value\n"),
                                  ::testing::Contains("a 644 0:0 0 "), ::testing::SizeIs(10)));
}

TEST_F(Archives, OfEqualPathsTheLastOneCounts) {
  FileEntry one = entry("a"), other = entry("a");
  one.content = "1";
  other.content = "22";
  EXPECT_THAT(layer_of(put("a.tar", tar_of({one, entry("d", EntryType::directory), entry("d/x"), other,
                                            entry("l", EntryType::symlink, "a"), entry("l"), entry("d")}))),
              ElementsAre("a 644 0:0 0 22", "d 644 0:0 0 ", "l 644 0:0 0 "));
}

TEST_F(Archives, AHardLinkToItselfIsTheFile) {
  FileEntry one = entry("a");
  one.content = "1";
  EXPECT_THAT(
      layer_of(put("a.tar", tar_of({one, entry("a", EntryType::hardlink, "a"), entry("l", EntryType::symlink, "a"),
                                    entry("l", EntryType::hardlink, "l")}))),
      ElementsAre("a 644 0:0 0 1", "l 777 0:0 0 a"));
}

TEST_F(Archives, ATwinOfAnotherInputIsRefused) {
  std::ofstream(dir.path() / "a") << "plain";
  ASSERT_TRUE(builder.add(dir.path() / "a", "/a", {}, diagnostics));
  ASSERT_TRUE(add(put("a.tar", tar_of({entry("a")}))));
  const auto finished = std::move(builder).finish(0);
  ASSERT_FALSE(finished);
  EXPECT_THAT(finished.error().message, HasSubstr("/a is given twice in one layer"));
}

TEST_F(Archives, EntriesBelowSymlinksLandWhereTheyLead) {
  EXPECT_THAT(layer_of(put("a.tar", tar_of({entry("opt", EntryType::directory), entry("bin", EntryType::symlink, "opt"),
                                            entry("bin/prog"), entry("again", EntryType::hardlink, "bin/prog"),
                                            entry("up", EntryType::symlink, "../../var"), entry("up/log")}))),
              ElementsAre("again 644 0:0 0 ", "bin 777 0:0 0 opt", "opt/ 644 0:0 0 ", "opt/prog 644 0:0 0 again",
                          "up 777 0:0 0 ../../var", "var/ 755 0:0 0 ", "var/log 644 0:0 0 "));
}

TEST_F(Archives, NamesAreBytesInEveryDialect) {
  // GNU's magic, whose names libarchive would take for UTF-8.
  std::string gnu = tar_of({entry("n")});
  const std::string header = gnu.substr(0, 512);
  std::string renamed = header;
  renamed.replace(0, 3, "n\xff\r");
  renamed.replace(257, 8, std::string("ustar  \0", 8));
  renamed.replace(148, 8, "        ");
  unsigned sum = 0;
  for (const char c : renamed)
    sum += static_cast<unsigned char>(c);
  renamed.replace(148, 7, fmt::format("{:06o}", sum) + std::string(1, '\0'));
  gnu.replace(0, 512, renamed);
  EXPECT_THAT(layer_of(put("a.tar", gnu)), ElementsAre("n\xff\r 644 0:0 0 "));
}

TEST_F(Archives, BigContentsAndManyLanes) {
  FileEntry big = entry("big");
  for (int i = 0; i < 400'000; ++i)
    big.content += std::to_string(i);
  std::vector<FileEntry> entries{big};
  for (int i = 0; i < 300; ++i) {
    entries.push_back(entry(fmt::format("small{:03}", i)));
    entries.back().content = std::to_string(i);
  }
  ASSERT_TRUE(add(put("a.tar", tar_of(entries))));
  const FileTree tree = std::move(builder).finish(0).value();
  LayerOptions how;
  std::optional<Digest> first;
  for (const std::size_t lanes : {1u, 4u}) {
    how.lanes = lanes;
    io::NullSink nowhere;
    const auto diff_id = write_layer(files, tree, how, nowhere);
    ASSERT_TRUE(diff_id) << diff_id.error().describe();
    EXPECT_EQ(*diff_id, first.value_or(*diff_id));
    first = *diff_id;
  }
  EXPECT_EQ(*first, io::digest_of(tar_of(entries)));
}

TEST_F(Archives, WhatNoHonestArchiveHasIsRefused) {
  EXPECT_THAT(
      refused(put("a.tar", tar_of({entry("../x")}))).describe(),
      AllOf(HasSubstr("\"../x\" has \"..\""), HasSubstr("a.tar"), HasSubstr("check where the archive comes from")));
  EXPECT_THAT(refused(put("b.tar", tar_of({entry("x", EntryType::whiteout)}))).describe(),
              AllOf(HasSubstr("whiteout /.wh.x"), HasSubstr("'remove'")));
  refused(put("c.tar", tar_of({entry("f"), entry("f/below")})));
  refused(put("l.tar", tar_of({entry("s", EntryType::symlink, "s"), entry("s/below")})));
  refused(put("k.tar", tar_of({entry("h", EntryType::hardlink, "h")})));
  refused(put("m.tar", tar_of({entry("d", EntryType::directory), entry("h", EntryType::hardlink, "d")})));
  refused(put("d.tar", tar_of({entry("h", EntryType::hardlink, "/etc/passwd")})));
  refused(put("e", "neither this nor that"));
  refused(put("empty", ""));
  EXPECT_THAT(
      refused(put("f.7z", "7z\xbc\xaf\x27\x1c and more that is longer than a block of tar is" + std::string(1024, 'x')))
          .describe(),
      HasSubstr("archives may be tar"));
  EXPECT_THAT(
      refused(put("g.a", "!<arch>\nx.o/            0           0     0     644     2         `\nab")).describe(),
      HasSubstr("not a Debian package"));
  refused(dir.path() / "missing", Errc::not_found);
}

TEST_F(Archives, DamageIsFoundInEveryFormat) {
  for (const char* name : {"tree.tar.gz", "tree.tar.xz", "tree.tar.bz2", "tree.tar.zst", "tree-xz.deb", "tree.zip"}) {
    const std::string sound = bytes_of(fixture(name));
    std::string flipped = sound;
    // Of a package only the data counts, which comes last; of a zip the contents have checksums.
    std::size_t at = std::string_view(name).ends_with(".deb") ? sound.size() - 100 : sound.size() / 2;
    if (sound.starts_with("PK")) at = sound.find("etc/conf") + 10;
    flipped[at] = static_cast<char>(flipped[at] ^ 0x55);
    for (const std::string& broken : {sound.substr(0, sound.size() * 2 / 3), flipped}) {
      builder = FileTreeBuilder(files);
      const Status added = add(put("broken", broken));
      ASSERT_FALSE(added) << name << (broken.size() == sound.size() ? " flipped" : " cut");
      EXPECT_EQ(added.error().code, Errc::malformed) << name << added.error().describe();
    }
  }
}

/// A zip of empty files.
std::string zip_of(const std::vector<std::string>& names) {
  const auto number = [](std::size_t value, int bytes) {
    std::string out;
    for (int i = 0; i < bytes; ++i)
      out += static_cast<char>(value >> (8 * i) & 0xff);
    return out;
  };
  std::string files, directory;
  for (const std::string& name : names) {
    const std::string common = number(20, 2) + std::string(20, '\0') + number(name.size(), 2) + number(0, 2);
    directory += "PK\1\2" + number(0x0314, 2) + common + std::string(6, '\0') +
                 number(name.ends_with('/') ? 040755u << 16 : 0100644u << 16, 4) + number(files.size(), 4) + name;
    files += "PK\3\4" + common + name;
  }
  return files + directory + "PK\5\6" + std::string(4, '\0') + number(names.size(), 2) + number(names.size(), 2) +
         number(directory.size(), 4) + number(files.size(), 4) + number(0, 2);
}

TEST_F(Archives, AZipMayHoldItsOwnFolderAndHelpersOfDrivers) {
  EXPECT_THAT(layer_of(put("a.zip", zip_of({"./", "./a", "d/.wh..wh.plnk", "d/b"}))),
              ElementsAre("a 644 0:0 0 ", "d/ 755 0:0 0 ", "d/b 644 0:0 0 "));
}

TEST_F(Archives, AZipWithoutItsDirectoryIsDamaged) {
  std::string zip = zip_of({"a", "b"});
  ASSERT_TRUE(add(put("sound.zip", zip)));
  for (std::size_t at = zip.find("PK\3\4"); at != std::string::npos; at = zip.find("PK\3\4", at))
    zip[at + 3] = '\5';
  builder = FileTreeBuilder(files);
  EXPECT_THAT(refused(put("broken.zip", zip)).describe(), HasSubstr("cannot read "));
}

TEST_F(Archives, ATimeOfAZipIsTheEpochWhateverItSays) {
  options.clamp_times = true;
  options.epoch = 4'000'000'000;
  const auto lines = layer_of(fixture("tree.zip"));
  EXPECT_THAT(lines, ::testing::Each(HasSubstr(" 0:0 4000000000 "))) << "it has no zone";
}

TEST_F(Archives, APackageSaysSoFirst) {
  const std::string deb = bytes_of(fixture("tree-none.deb"));
  const std::size_t name = deb.find("debian-binary"), version = deb.find("2.0\n");
  ASSERT_NE(name, std::string::npos);
  ASSERT_NE(version, std::string::npos);
  std::string renamed = deb, newer = deb;
  renamed.replace(name, 13, "debian-binarz");
  newer[version] = '3';
  for (const std::string& other : {renamed, newer})
    EXPECT_THAT(refused(put("other.deb", other)).describe(), HasSubstr("not a Debian package"));
}

TEST_F(Archives, NamesThatLookLikeTheirEntriesAreOtherFiles) {
  const std::string archive = put("a.tar", tar_of({entry("a")})).native();
  ASSERT_TRUE(add(archive));
  EXPECT_TRUE(files.stat(archive + "!0+0#1:a", true));
  EXPECT_TRUE(files.open(archive + "!0+0#1:a", true));
  for (const char* other : {"!0-0#1:a", "!0+0+1:a", "!0+0#1;a", "!+0#1:a", "!0+#1:a", "!0+0#:a", "?0+0#1:a"})
    EXPECT_EQ(files.stat(archive + other, true).error().code, Errc::not_found) << other;
}

TEST_F(Archives, AZipThatUnpacksToMoreThanAllowed) {
  ReadLimits limits;
  limits.max_bytes = 50'000;
  auto file = real_fs().open(fixture("tree.zip"));
  const Status read =
      read_archive(*std::move(file), "tree.zip", limits, [](const FileEntry&, io::Source&) { return Status(); });
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Errc::too_large);
  auto tar = real_fs().open(fixture("tree.tar.xz"));
  limits.max_bytes = 2000;
  EXPECT_EQ(
      read_archive(*std::move(tar), "x", limits, [](const FileEntry&, io::Source&) { return Status(); }).error().code,
      Errc::too_large);
}

TEST_F(Archives, NoTemporaryFileStays) {
  layer_of(fixture("tree.tar.xz"));
  EXPECT_TRUE(stdfs::is_empty(dir.path()));
}

TEST_F(Archives, AnArchiveThatChangesIsAnotherInput) {
  const stdfs::path archive = put("a.tar", tar_of({entry("a")}));
  const auto print = [&] {
    ArchiveFiles fresh(real_fs(), dir.path());
    FileTreeBuilder one(fresh);
    EXPECT_TRUE(fresh.add(one, archive, options, diagnostics));
    return fingerprint(std::move(one).finish(0).value(), {}).digest;
  };
  const Digest before = print();
  EXPECT_EQ(print(), before);
  put("a.tar", tar_of({entry("a"), entry("b")}));
  EXPECT_NE(print(), before);
}

}  // namespace
}  // namespace slipway::layer
