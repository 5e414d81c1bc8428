#include "slipway/layer/layer_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "layer/entries_of.h"
#include "layer/tar_header.h"
#include "slipway/base/forwarding_fs.h"
#include "slipway/base/subprocess.h"
#include "slipway/io/filters.h"
#include "slipway/layer/file_tree_builder.h"
#include "slipway/layer/layer_reader.h"
#include "slipway/tar/header.h"
#include "support/temp_dir.h"

namespace slipway::layer {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

FileEntry file(std::string path, std::string content) {
  FileEntry entry;
  entry.path = std::move(path);
  entry.content = std::move(content);
  return entry;
}

/// One of everything, none of it from the disk.
FileTree sample() {
  FileTreeBuilder files(real_fs());
  const auto add = [&files](FileEntry entry) { EXPECT_TRUE(files.add_entry(std::move(entry))); };
  add(file("usr/bin/hello", "#!hello\n"));
  FileEntry tool = file("usr/bin/tool", std::string(1000, 't'));
  tool.mode = 04755;
  tool.uid = 65532;
  tool.gid = 2097152;  // one too many for seven octal digits
  tool.xattrs["security.capability"] = std::string("\x01\0\0\x02", 4);
  add(tool);
  add(file("opt/" + std::string(60, 'a') + "/" + std::string(60, 'b') + "/fits", "prefix"));
  add(file("opt/" + std::string(150, 'c'), "pax"));
  add(
      file("opt/gr\xc3\xbc\xc3\x9f"
           "e",
           "utf-8"));
  add(file("empty", ""));
  FileEntry link;
  link.type = EntryType::symlink;
  link.mode = 0777;
  link.path = "usr/lib/short";
  link.link = "../bin/hello";
  add(link);
  link.path = "usr/lib/long";
  link.link = "/" + std::string(120, 'l');
  add(link);
  FileEntry pipe;
  pipe.type = EntryType::fifo;
  pipe.path = "run/pipe";
  add(pipe);
  FileEntry gone;
  gone.type = EntryType::whiteout;
  gone.path = "usr/share/doc";
  add(gone);
  return std::move(files).finish(0).value();
}

std::string tar_of(const FileTree& tree) {
  io::StringSink sink(1u << 24);
  const Status status = write_tar(real_fs(), tree, sink);
  EXPECT_TRUE(status) << status.error().describe();
  return sink.take();
}

std::string run(std::vector<std::string> argv, const std::string& input) {
  Command command;
  command.argv = std::move(argv);
  command.input = input;
  const auto result = run_command(command);
  EXPECT_TRUE(result) << result.error().describe();
  if (!result) return {};
  EXPECT_EQ(result->status, 0) << result->err;
  return result->out;
}

// Compatibility level 1. A change here changes every image's digest: raise kCompatibility and keep the old way.
TEST(LayerWriter, GoldenTar) {
  static_assert(kCompatibility == 1);
  EXPECT_EQ(io::digest_of(tar_of(sample())).str(),
            "sha256:b9f07b2ca56d974cb6819a685ae8a16b6dc5f17f7c7c0b627e16920e90dc5009");
  EXPECT_EQ(tar_of(FileTreeBuilder(real_fs()).finish(0).value()), std::string(1024, '\0'));
}

TEST(LayerWriter, PythonReadsWhatWasMeant) {
  const char* script = R"(
import sys, tarfile, io
t = tarfile.open(fileobj=io.BytesIO(sys.stdin.buffer.read()))
for m in t:
    print(m.type.decode(), oct(m.mode), m.uid, m.gid, repr(m.uname + m.gname), m.mtime, m.size, ascii(m.name[:12]),
          len(m.name), m.linkname[:12], len(m.linkname), sorted(k for k in m.pax_headers if k != 'path'))
    if m.isfile(): print(' ', ascii(t.extractfile(m).read(8)))
)";
  const std::string out = run({"python3", "-c", script}, tar_of(sample()));
  EXPECT_EQ(out, R"(0 0o644 0 0 '' 0 0 'empty' 5  0 []
  b''
5 0o755 0 0 '' 0 0 'opt' 3  0 []
5 0o755 0 0 '' 0 0 'opt/aaaaaaaa' 64  0 []
5 0o755 0 0 '' 0 0 'opt/aaaaaaaa' 125  0 []
0 0o644 0 0 '' 0 6 'opt/aaaaaaaa' 130  0 []
  b'prefix'
0 0o644 0 0 '' 0 3 'opt/cccccccc' 154  0 []
  b'pax'
0 0o644 0 0 '' 0 5 'opt/gr\xfc\xdfe' 9  0 []
  b'utf-8'
5 0o755 0 0 '' 0 0 'run' 3  0 []
6 0o644 0 0 '' 0 0 'run/pipe' 8  0 []
5 0o755 0 0 '' 0 0 'usr' 3  0 []
5 0o755 0 0 '' 0 0 'usr/bin' 7  0 []
0 0o644 0 0 '' 0 8 'usr/bin/hell' 13  0 []
  b'#!hello\n'
0 0o4755 65532 2097152 '' 0 1000 'usr/bin/tool' 12  0 ['SCHILY.xattr.security.capability', 'gid']
  b'tttttttt'
5 0o755 0 0 '' 0 0 'usr/lib' 7  0 []
2 0o777 0 0 '' 0 0 'usr/lib/long' 12 /lllllllllll 121 ['linkpath']
2 0o777 0 0 '' 0 0 'usr/lib/shor' 13 ../bin/hello 12 []
5 0o755 0 0 '' 0 0 'usr/share' 9  0 []
0 0o644 0 0 '' 0 0 'usr/share/.w' 17  0 []
  b''
)");
}

TEST(LayerWriter, NamesThatAreNotUtf8ComeBackAsTheyWere) {
  FileTreeBuilder files(real_fs());
  const std::string name = "caf\xe9", long_name = std::string(140, 'n') + "\xff";
  FileEntry link;
  link.type = EntryType::symlink;
  link.path = "link";
  link.link = name;
  for (const FileEntry& entry : {file(name, "one"), file(long_name, "two"), link})
    ASSERT_TRUE(files.add_entry(entry));
  const FileTree tree = std::move(files).finish(0).value();
  const std::string tar = tar_of(tree);
  EXPECT_THAT(tar, HasSubstr("21 hdrcharset=BINARY\n13 path=caf\xe9\n"));
  io::TextSource source(tar);
  std::map<std::string, std::string> found;
  ASSERT_TRUE(read_tar(source, {}, [&found](const FileEntry& entry, io::Source& content) -> Status {
    SLIPWAY_ASSIGN(const std::string text, io::read_all(content, 100));
    found[entry.path] = text + entry.link;
    return {};
  }));
  EXPECT_THAT(found, ElementsAre(Pair(name, "one"), Pair("link", name), Pair(long_name, "two")));
}

TEST(LayerWriter, GnuTarReadsItWithoutComplaint) {
  Command command;
  command.argv = {"tar", "-tf", "-", "--quoting-style=literal"};
  command.input = tar_of(sample());
  const auto result = run_command(command);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->status, 0);
  EXPECT_EQ(result->err, "");
  EXPECT_EQ(std::count(result->out.begin(), result->out.end(), '\n'), 18);
  EXPECT_THAT(result->out, HasSubstr("opt/gr\xc3\xbc\xc3\x9f"
                                     "e\n"));
}

TEST(LayerWriter, OurOwnReaderGivesTheEntriesBack) {
  const FileTree tree = sample();
  const std::vector<FileEntry> listed = entries_of(tree);
  const std::string tar = tar_of(tree);
  io::TextSource source(tar);
  std::size_t at = 0;
  const Status read = read_tar(source, {}, [&](const FileEntry& got, io::Source& content) -> Status {
    EXPECT_LT(at, listed.size());
    const FileEntry& want = listed[at++];
    EXPECT_EQ(got.path, want.path);
    EXPECT_EQ(got.type, want.type) << want.path;
    EXPECT_EQ(got.mode, want.mode) << want.path;
    EXPECT_EQ(got.uid, want.uid) << want.path;
    EXPECT_EQ(got.gid, want.gid) << want.path;
    EXPECT_EQ(got.link, want.link) << want.path;
    EXPECT_EQ(got.xattrs, want.xattrs) << want.path;
    SLIPWAY_ASSIGN(const std::string text, io::read_all(content, 1u << 20));
    EXPECT_EQ(text, want.content) << want.path;
    return {};
  });
  EXPECT_TRUE(read) << read.error().describe();
  EXPECT_EQ(at, listed.size());
}

struct NameCase {
  std::size_t folder, name;  // lengths
  bool pax;
};

TEST(LayerWriter, PaxOnlyWhereUstarDoesNotSuffice) {
  for (const NameCase c : {NameCase{0, 100, false}, NameCase{0, 101, true}, NameCase{155, 100, false},
                           NameCase{156, 100, true}, NameCase{155, 101, true}, NameCase{50, 100, false}}) {
    const std::string path = (c.folder == 0 ? "" : std::string(c.folder, 'd') + "/") + std::string(c.name, 'n');
    const auto header = tar_header(file(path, ""));
    ASSERT_TRUE(header);
    EXPECT_EQ(header->size() > tar::kBlock, c.pax) << c.folder << "/" << c.name;
  }
}

TEST(LayerWriter, EdgesOfNumbers) {
  FileEntry entry = file("f", "");
  entry.source = "/elsewhere";
  entry.size = (8ull << 30) - 1;
  EXPECT_EQ(tar_header(entry)->size(), tar::kBlock);
  entry.size = 8ull << 30;
  EXPECT_THAT(*tar_header(entry), HasSubstr("19 size=8589934592\n"));
  entry.size = 0;
  entry.uid = 2097151;
  EXPECT_EQ(tar_header(entry)->size(), tar::kBlock);
  entry.uid = 2097152;
  EXPECT_THAT(*tar_header(entry), HasSubstr("15 uid=2097152\n"));
  entry.uid = 0;
  entry.mtime = -1;
  EXPECT_EQ(tar_header(entry).error().code, Errc::invalid_argument);
  entry.mtime = 0;
  entry.xattrs["user.a=b"] = "x";
  EXPECT_EQ(tar_header(entry).error().code, Errc::invalid_argument);
}

class FromDisk : public ::testing::Test {
 protected:
  FileTree listed(std::string_view text) {
    std::ofstream(path(), std::ios::binary) << text;
    FileTreeBuilder files(real_fs());
    Diagnostics diagnostics;
    EXPECT_TRUE(files.add(path(), "/f", {}, diagnostics));
    return std::move(files).finish(0).value();
  }
  void expect_failed(const FileTree& tree, const std::string& text) {
    io::NullSink sink;
    const Status status = write_tar(real_fs(), tree, sink);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, Errc::failed);
    EXPECT_THAT(status.error().describe(), HasSubstr(text));
    EXPECT_THAT(status.error().describe(), HasSubstr(path().native()));
  }
  stdfs::path path() const { return dir.path() / "file"; }
  test::TempDir dir;
};

TEST_F(FromDisk, AFileThatGrewIsNotPacked) {
  const FileTree tree = listed("short");
  std::ofstream(path(), std::ios::app) << "er than before";
  expect_failed(tree, "changed while it was being packed");
}

TEST_F(FromDisk, AFileThatHasMoreThanItsSizeIsNotPackedAsEmpty) {
  FileTreeBuilder files(real_fs());
  Diagnostics diagnostics;
  ASSERT_TRUE(files.add("/proc/sys/kernel/ostype", "/ostype", {}, diagnostics));
  const FileTree tree = std::move(files).finish(0).value();
  io::NullSink sink;
  const Status status = write_tar(real_fs(), tree, sink);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Errc::failed);
  EXPECT_THAT(status.error().describe(), HasSubstr("/proc/sys/kernel/ostype has more than the 0 bytes of its size"));
}

TEST_F(FromDisk, AFileThatWasReplacedIsNotPacked) {
  const FileTree tree = listed("one");
  std::ofstream(dir.path() / "other") << "two";
  stdfs::rename(dir.path() / "other", path());
  expect_failed(tree, "changed while it was being packed");
}

TEST_F(FromDisk, AFileThatVanishedIsAFailure) {
  const FileTree tree = listed("one");
  stdfs::remove(path());
  expect_failed(tree, "file");
}

/// Shortens the file in the middle of the copy.
class CuttingSink final : public io::Sink {
 public:
  explicit CuttingSink(stdfs::path file) : file_(std::move(file)) {}
  Status write(io::Bytes) override {
    if (++writes_ == 2) stdfs::resize_file(file_, 10);
    return {};
  }
  Status finish() override { return {}; }

 private:
  stdfs::path file_;
  int writes_ = 0;
};

TEST_F(FromDisk, AFileThatShrinksMeanwhileIsNotPacked) {
  const FileTree tree = listed(std::string(5u << 20, 'x'));
  CuttingSink sink(path());
  const Status status = write_tar(real_fs(), tree, sink);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Errc::failed);
  EXPECT_THAT(status.error().message, HasSubstr("changed"));
}

/// Writes over a file in place, with the size and the mtime that it had.
void overwrite_in_place(const stdfs::path& file) {
  std::this_thread::sleep_for(std::chrono::milliseconds(20));  // the clock of ctime has ticks
  const auto before = stdfs::last_write_time(file);
  std::fstream(file, std::ios::in | std::ios::out | std::ios::binary) << 'X';
  stdfs::last_write_time(file, before);
}

TEST_F(FromDisk, AFileOverwrittenSinceItWasListedIsNotPacked) {
  for (const std::size_t size : {10u, 5u << 20}) {
    const FileTree tree = listed(std::string(size, 'x'));
    overwrite_in_place(path());
    expect_failed(tree, "changed while it was being packed");
  }
}

/// Overwrites the file in the middle of the copy.
class OverwritingSink final : public io::Sink {
 public:
  explicit OverwritingSink(stdfs::path file) : file_(std::move(file)) {}
  Status write(io::Bytes) override {
    if (++writes_ == 3) overwrite_in_place(file_);
    return {};
  }
  Status finish() override { return {}; }

 private:
  stdfs::path file_;
  int writes_ = 0;
};

TEST_F(FromDisk, AFileOverwrittenWhileItIsReadIsNotPacked) {
  const FileTree tree = listed(std::string(5u << 20, 'x'));
  OverwritingSink sink(path());
  const Status status = write_tar(real_fs(), tree, sink);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Errc::failed);
  EXPECT_THAT(status.error().message, HasSubstr("changed while it was being packed"));
}

TEST_F(FromDisk, StopsWhenAsked) {
  const FileTree tree = listed("x");
  std::stop_source stop;
  stop.request_stop();
  io::NullSink sink;
  EXPECT_EQ(write_tar(real_fs(), tree, sink, stop.get_token()).error().code, Errc::cancelled);
}

TEST(WriteLayer, TheDiffIdIsTheTars) {
  const FileTree tree = sample();
  for (const auto format : {io::Compression::none, io::Compression::gzip, io::Compression::zstd}) {
    io::StringSink sink(1u << 24);
    const auto diff_id = write_layer(real_fs(), tree, {format, io::Level::normal, 2}, sink);
    ASSERT_TRUE(diff_id);
    const auto plain = io::decompressor(std::make_unique<io::StringSource>(sink.take()));
    const auto tar = io::read_all(*plain, 1u << 24);
    ASSERT_TRUE(tar);
    EXPECT_EQ(*diff_id, io::digest_of(*tar));
    EXPECT_EQ(*tar, tar_of(tree));
  }
  EXPECT_EQ(layer_media_type(io::Compression::zstd), "application/vnd.oci.image.layer.v1.tar+zstd");
}

TEST(WriteLayer, AFingerprintIsOfOneFormatAndOneLevel) {
  const FileTree tree = sample();
  std::set<std::string> seen;
  for (const auto format : {io::Compression::none, io::Compression::gzip, io::Compression::zstd}) {
    for (const auto level : {io::Level::fast, io::Level::normal, io::Level::best}) {
      const std::string one = fingerprint(tree, {format, level, 1}).digest.str();
      EXPECT_TRUE(seen.insert(one).second) << static_cast<int>(format) << " " << static_cast<int>(level);
      EXPECT_EQ(fingerprint(tree, {format, level, 7}).digest.str(), one) << "lanes change no byte";
    }
  }
  FileTreeBuilder others(real_fs());
  ASSERT_TRUE(others.add_entry(file("usr/bin/hello", "#!other\n")));
  const FileTree other = std::move(others).finish(0).value();
  EXPECT_TRUE(seen.insert(fingerprint(other, {}).digest.str()).second);
}

TEST(WriteLayer, GoldenDigestsAtTheEdgesOfBlocks) {
  // Files of exactly a quarter of a block, one byte less and more, and small ones behind exactly a quarter.
  const std::vector<std::pair<io::Compression, std::string>> table{{io::Compression::gzip, "11c53865fb52"},
                                                                   {io::Compression::zstd, "4f0dc20be4f5"}};
  for (const auto& [format, golden] : table) {
    io::NullSink nowhere;
    const std::size_t quarter = io::compressor({format, io::Level::fast}, nowhere).value()->block_size() / 4;
    FileTreeBuilder files(real_fs());
    int number = 0;
    const auto add = [&](std::size_t size) {
      std::string text;
      while (text.size() < size)
        text += fmt::format("line {} of {} ", text.size() * 7919 % 1009, number);
      text.resize(size);
      ASSERT_TRUE(files.add_entry(file(fmt::format("f{:03}", number++), text)));
    };
    for (const std::size_t size : {quarter, quarter - 1, quarter + 1, quarter - 512, quarter - 1024}) {
      add(100);
      add(size);
      for (int i = 0; i < 8; ++i)
        add(0);
    }
    const FileTree tree = std::move(files).finish(0).value();
    io::HashingSink blob(nowhere);
    ASSERT_TRUE(write_layer(real_fs(), tree, {format, io::Level::fast}, blob));
    EXPECT_EQ(blob.digest().short_hex(), golden) << static_cast<int>(format);
  }
}

/// A tree on disk of many small and some large files; deterministic.
class ManyFiles : public ::testing::Test {
 protected:
  ManyFiles() {
    std::uint32_t state = 7;
    for (int i = 0; i < 400; ++i) {
      state = state * 1664525u + 1013904223u;
      const std::size_t size = i % 80 == 0 ? 1'500'000 : (state >> 8) % 20'000;
      std::string text;
      while (text.size() < size)
        text += fmt::format("{} is line {} ", (state = state * 1664525u + 1013904223u) >> 12, text.size());
      text.resize(size);
      put(fmt::format("d{}/f{}", i % 13, i), text);
    }
  }
  void put(const std::string& name, const std::string& text) {
    stdfs::create_directories((dir.path() / "t" / name).parent_path());
    std::ofstream(dir.path() / "t" / name, std::ios::binary) << text;
  }
  FileTree listed() {
    FileTreeBuilder files(real_fs());
    Diagnostics diagnostics;
    EXPECT_TRUE(files.add(dir.path() / "t", "/srv", {}, diagnostics));
    return std::move(files).finish(0).value();
  }
  LayerDigests written(const LayerOptions& options) {
    io::NullSink nowhere;
    io::HashingSink blob(nowhere);
    const auto diff_id = write_layer(real_fs(), listed(), options, blob);
    EXPECT_TRUE(diff_id) << diff_id.error().describe();
    return {diff_id.value(), blob.digest(), static_cast<std::int64_t>(blob.count())};
  }
  test::TempDir dir;
};

TEST_F(ManyFiles, GoldenDigestsOfCompatibilityLevel1) {
  // A change here changes the digests of every user's layers: that needs a new compatibility level.
  const std::vector<std::pair<LayerOptions, std::string>> table{
      {{io::Compression::none, io::Level::normal}, "3984efc42e8e"},
      {{io::Compression::gzip, io::Level::fast}, "daf8982620ed"},
      {{io::Compression::gzip, io::Level::normal}, "dfe5a2b7b894"},
      {{io::Compression::gzip, io::Level::best}, "a85857a5d57e"},
      {{io::Compression::zstd, io::Level::fast}, "1be5a7db2b25"},
      {{io::Compression::zstd, io::Level::normal}, "312fda399102"},
      {{io::Compression::zstd, io::Level::best}, "ec18d9cce74b"}};
  for (const auto& [options, golden] : table)
    EXPECT_EQ(written(options).digest.short_hex(), golden);
}

TEST_F(ManyFiles, LanesDoNotChangeTheBytes) {
  for (const auto format : {io::Compression::gzip, io::Compression::zstd}) {
    const LayerDigests one = written({format, io::Level::fast, 1});
    for (const std::size_t lanes : {2u, 5u, 64u}) {
      const LayerDigests many = written({format, io::Level::fast, lanes});
      EXPECT_EQ(many.digest, one.digest) << lanes;
      EXPECT_EQ(many.diff_id, one.diff_id) << lanes;
    }
  }
}

/// Counts how often each file is opened. Thread-safe.
class Opened final : public ForwardingFileSystem {
 public:
  Opened() : ForwardingFileSystem(real_fs()) {}
  Result<std::unique_ptr<File>> open(const stdfs::path& path, bool follow) override {
    {
      const std::scoped_lock lock(mutex_);
      ++counts[path.native()];
    }
    return inner().open(path, follow);
  }
  std::map<std::string, int> counts;

 private:
  std::mutex mutex_;
};

TEST_F(ManyFiles, EachIsReadOnceOnAnyNumberOfLanes) {
  for (const std::size_t lanes : {1u, 4u}) {
    Opened fs;
    io::NullSink nowhere;
    ASSERT_TRUE(write_layer(fs, listed(), {io::Compression::none, io::Level::fast, lanes}, nowhere));
    ASSERT_FALSE(fs.counts.empty());
    for (const auto& [name, count] : fs.counts)
      EXPECT_EQ(count, 1) << name << " on " << lanes;
  }
}

TEST_F(ManyFiles, AFileThatVanishesFailsAllLanes) {
  for (const std::size_t lanes : {1u, 4u}) {
    const FileTree tree = listed();
    stdfs::rename(dir.path() / "t/d5/f200", dir.path() / "away");
    io::NullSink sink;
    const auto diff_id = write_layer(real_fs(), tree, {io::Compression::gzip, io::Level::fast, lanes}, sink);
    ASSERT_FALSE(diff_id) << lanes;
    EXPECT_EQ(diff_id.error().code, Errc::failed);
    EXPECT_THAT(diff_id.error().message, HasSubstr("d5/f200"));
    stdfs::rename(dir.path() / "away", dir.path() / "t/d5/f200");
  }
}

/// Remembers all blocks, and can lie.
class MapCache final : public io::BlockCache {
 public:
  bool find(const Digest& key, std::vector<std::byte>& out) override {
    const std::scoped_lock lock(mutex_);
    const auto at = blocks_.find(key);
    if (at == blocks_.end()) return false;
    ++found;
    out = at->second;
    return true;
  }
  void remember(const Digest& key, io::Bytes block) override {
    const std::scoped_lock lock(mutex_);
    ++remembered;
    blocks_.emplace(key, std::vector<std::byte>(block.begin(), block.end()));
  }
  int found = 0, remembered = 0;

 private:
  std::mutex mutex_;
  std::map<Digest, std::vector<std::byte>> blocks_;
};

TEST_F(ManyFiles, ACacheSparesWorkAndChangesNothing) {
  const LayerDigests without = written({io::Compression::gzip, io::Level::fast, 3});
  MapCache cache;
  const LayerOptions options{io::Compression::gzip, io::Level::fast, 3, &cache};
  EXPECT_EQ(written(options).digest, without.digest);
  const int blocks = cache.remembered;
  EXPECT_GT(blocks, 12);
  EXPECT_EQ(cache.found, 0);
  EXPECT_EQ(written(options).digest, without.digest);
  EXPECT_EQ(cache.found, blocks);
  EXPECT_EQ(cache.remembered, blocks);
  EXPECT_EQ(written({io::Compression::gzip, io::Level::normal, 3, &cache}).size,
            written({io::Compression::gzip, io::Level::normal, 3}).size)
      << "another level has blocks of its own";
}

TEST_F(ManyFiles, OnlyTheBlocksOfAChangedFileAreCompressedAgain) {
  MapCache cache;
  const LayerOptions options{io::Compression::gzip, io::Level::fast, 2, &cache};
  written(options);
  for (const char* name : {"d0/f0", "d5/f200", "d12/f12", "d3/new"}) {
    cache.remembered = 0;
    put(name, "another length than before");
    const LayerDigests digests = written(options);
    EXPECT_LE(cache.remembered, 4) << name;
    EXPECT_GE(cache.remembered, 1) << name;
    EXPECT_EQ(digests.digest, written({io::Compression::gzip, io::Level::fast, 1}).digest) << name;
  }
}

}  // namespace
}  // namespace slipway::layer
