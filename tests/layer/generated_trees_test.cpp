#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <random>

#include "slipway/io/compress.h"
#include "slipway/io/filters.h"
#include "slipway/layer/file_tree_builder.h"
#include "slipway/layer/layer_reader.h"
#include "slipway/layer/layer_writer.h"
#include "support/temp_dir.h"

namespace slipway::layer {
namespace {

/// The file at a path, on the disk or in a layer; comparable.
struct Thing {
  EntryType type = EntryType::directory;
  std::uint32_t mode = 0;
  std::int64_t mtime = 0;
  std::string text;  ///< a file's content, a symlink's target

  friend bool operator==(const Thing&, const Thing&) = default;
};

void PrintTo(const Thing& thing, std::ostream* out) {
  *out << static_cast<int>(thing.type) << ' ' << std::oct << thing.mode << std::dec << ' ' << thing.mtime << ' '
       << thing.text.size() << " B " << thing.text.substr(0, 20);
}

using Tree = std::map<std::string, Thing>;  ///< by path, with no slash at either end

constexpr std::int64_t kEpoch = 1'600'000'000;

class Generator {
 public:
  explicit Generator(unsigned seed) : random_(seed) {}

  Tree tree() {
    std::vector<std::string> folders{""};
    Tree out;
    const int count = 20 + number(60);
    for (int i = 0; i < count; ++i) {
      const std::string parent = folders[static_cast<std::size_t>(number(static_cast<int>(folders.size())))];
      const std::string path = parent + (parent.empty() ? "" : "/") + name();
      if (path.size() > 1000 || out.contains(path)) continue;
      Thing& thing = out[path];
      thing = any();
      if (thing.type == EntryType::directory) folders.push_back(path);
    }
    return out;
  }
  std::vector<std::pair<std::string, Thing>> shuffled(const Tree& tree) {
    std::vector<std::pair<std::string, Thing>> out(tree.begin(), tree.end());
    std::shuffle(out.begin(), out.end(), random_);
    return out;
  }

 private:
  int number(int below) { return std::uniform_int_distribution<int>(0, below - 1)(random_); }

  std::string name() {
    static const std::vector<std::string> kParts{"a",        "A",    "lib",          ".",   "-",    "=",       " ",
                                                 "\xc3\xa9", "\xff", "\xe2\x82\xac", "so",  "long", "*",       "[x]",
                                                 "\\",       "!",    "#tag",         "%41", "~",    "\xc2\x80"};
    std::string out;
    for (int parts = 1 + number(4); parts > 0; --parts)
      out += kParts[static_cast<std::size_t>(number(static_cast<int>(kParts.size())))];
    if (number(6) == 0) out += std::string(static_cast<std::size_t>(number(240 - static_cast<int>(out.size()))), 'n');
    if (out == "." || out == "..") out += "x";
    return out;
  }

  Thing any() {
    Thing thing;
    thing.mtime = number(3) == 0 ? kEpoch + 5 : number(static_cast<int>(kEpoch));
    switch (number(10)) {
      case 0:
      case 1:
      case 2:
        thing.type = EntryType::directory;
        thing.mode = 0700 | static_cast<std::uint32_t>(number(02000));
        break;
      case 3:
        thing.type = EntryType::symlink;
        thing.mode = 0777;
        thing.text = (number(2) == 0 ? "/" : "../") + name() + (number(4) == 0 ? std::string(200, 'l') : "");
        break;
      case 4:
        thing.type = EntryType::fifo;
        thing.mode = 0600;
        break;
      default:
        thing.type = EntryType::regular;
        thing.mode = 0400 | static_cast<std::uint32_t>(number(010000));
        thing.text = content();
    }
    return thing;
  }

  std::string content() {
    static const std::vector<std::size_t> kSizes{
        0, 1, 511, 512, 513, 1000, 262143, 262144, (1u << 20) - 1, (1u << 20) + 1, 3u << 20};
    std::string out(kSizes[static_cast<std::size_t>(number(number(4) == 0 ? 11 : 6))], '\0');
    const int kind = number(3);
    for (char& c : out)
      c = kind == 0 ? 'x' : static_cast<char>(kind == 1 ? random_() : 'a' + random_() % 4);
    return out;
  }

  std::mt19937 random_;
};

void put(const stdfs::path& path, const Thing& thing) {
  stdfs::create_directories(path.parent_path());
  if (thing.type == EntryType::directory) {
    stdfs::create_directories(path);
  } else if (thing.type == EntryType::symlink) {
    stdfs::create_symlink(thing.text, path);
  } else if (thing.type == EntryType::fifo) {
    ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  } else {
    std::ofstream(path, std::ios::binary) << thing.text;
  }
}

/// Writes the tree below a folder in that order; modes and times last, deepest first.
void put_all(const stdfs::path& root, const std::vector<std::pair<std::string, Thing>>& things, const Tree& tree) {
  for (const auto& [path, thing] : things)
    put(root / path, thing);
  for (auto it = tree.rbegin(); it != tree.rend(); ++it) {
    const stdfs::path path = root / it->first;
    if (it->second.type != EntryType::symlink) {
      ASSERT_EQ(chmod(path.c_str(), it->second.mode), 0);
    }
    const timespec times[2] = {{it->second.mtime, 0}, {it->second.mtime, 0}};
    ASSERT_EQ(utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW), 0);
  }
}

std::string layer_of(const stdfs::path& root, const LayerOptions& how) {
  TreeOptions options;
  options.epoch = kEpoch;
  options.clamp_times = options.keep_modes = true;
  Diagnostics diagnostics;
  FileTreeBuilder files(real_fs());
  Status done = files.add(root, "/", options, diagnostics);
  io::StringSink blob(1u << 30);
  if (done) {
    const auto tree = std::move(files).finish(kEpoch);
    EXPECT_TRUE(tree) << tree.error().describe();
    const auto diff_id = write_layer(real_fs(), tree.value(), how, blob);
    if (!diff_id) done = fail(diff_id.error());
  }
  EXPECT_TRUE(done) << done.error().describe();
  return blob.take();
}

Tree read_back(const std::string& blob) {
  Tree found;
  const auto plain = io::decompressor(std::make_unique<io::TextSource>(blob));
  const Status read = read_tar(*plain, {}, [&found](const FileEntry& entry, io::Source& content) -> Status {
    EXPECT_FALSE(found.contains(entry.path)) << entry.path << " comes twice";
    SLIPWAY_ASSIGN(const std::string text, io::read_all(content, 1u << 30));
    found[entry.path] = {entry.type, entry.mode, entry.mtime, entry.type == EntryType::symlink ? entry.link : text};
    return {};
  });
  EXPECT_TRUE(read) << read.error().describe();
  return found;
}

class GeneratedTrees : public ::testing::TestWithParam<unsigned> {};

TEST_P(GeneratedTrees, ComeBackAsTheyWereAndAsTheSameBytesFromAnyOrderAndAnyNumberOfThreads) {
  Generator generator(GetParam());
  const Tree tree = generator.tree();
  const test::TempDir dir;
  put_all(dir.path() / "one", generator.shuffled(tree), tree);
  put_all(dir.path() / "two", generator.shuffled(tree), tree);
  Tree wanted = tree;
  for (auto& [path, thing] : wanted)
    thing.mtime = std::min(thing.mtime, kEpoch);
  for (const auto compression : {io::Compression::gzip, io::Compression::zstd, io::Compression::none}) {
    const std::string blob = layer_of(dir.path() / "one", {compression, io::Level::fast, 1});
    EXPECT_EQ(read_back(blob), wanted);
    for (const std::size_t lanes : {2u, 64u})
      EXPECT_TRUE(layer_of(dir.path() / "two", {compression, io::Level::fast, lanes}) == blob) << lanes << " lanes";
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, GeneratedTrees, ::testing::Range(1u, 9u));

}  // namespace
}  // namespace slipway::layer
