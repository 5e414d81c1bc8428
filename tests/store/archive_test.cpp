#include "slipway/store/archive.h"

#include <gtest/gtest.h>

#include <fstream>

#include "slipway/base/forwarding_fs.h"
#include "slipway/io/compress.h"
#include "slipway/io/filters.h"
#include "slipway/io/hash.h"
#include "slipway/oci/media_type.h"
#include "slipway/store/blob_finder.h"
#include "store/tar_index.h"
#include "support/fault_fs.h"
#include "support/target_conformance.h"
#include "support/temp_dir.h"

namespace slipway::test {
namespace {

using store::ArchiveKind;
using store::ArchiveTarget;

void write_file(const stdfs::path& path, std::string_view bytes) { std::ofstream(path, std::ios::binary) << bytes; }

std::string bytes_of(const stdfs::path& path) { return read_file(real_fs(), path).value(); }

/// A member of a hand-made tar: everything that a hostile archive may say.
struct Member {
  std::string name;
  std::string content;
  char type = '0';
  std::string link;
  std::string size;  // octal; the content's when empty
};

std::string tar_of(const std::vector<Member>& members, bool with_end = true) {
  std::string tar;
  for (const Member& member : members) {
    std::string block(512, '\0');
    const auto put = [&](std::size_t at, std::string_view text) { block.replace(at, text.size(), text); };
    put(0, member.name);
    put(100, "0000644");
    put(124, member.size.empty() ? fmt::format("{:011o}", member.content.size()) : member.size);
    put(148, "        ");
    block[156] = member.type;
    put(157, member.link);
    put(257, std::string_view("ustar\00000", 8));
    unsigned sum = 0;
    for (const char c : block)
      sum += static_cast<unsigned char>(c);
    put(148, fmt::format("{:06o}", sum));
    block[154] = '\0';
    tar += block + member.content + std::string((512 - member.content.size() % 512) % 512, '\0');
  }
  return with_end ? tar + std::string(1024, '\0') : tar;
}

class Archive : public testing::Test {
 protected:
  store::ArchiveOptions options(ArchiveKind kind = ArchiveKind::oci) const {
    return {.kind = kind, .spool_folder = root_.path()};
  }
  stdfs::path file(const std::string& name = "image.tar") const { return root_.path() / name; }

  std::shared_ptr<ArchiveTarget> written(const stdfs::path& path, ArchiveKind kind = ArchiveKind::oci) const {
    return ArchiveTarget::open_or_create(path, options(kind)).value();
  }
  /// Why a hand-made archive is refused.
  Error refused(const std::vector<Member>& members, ArchiveKind kind = ArchiveKind::oci, bool with_end = true) const {
    write_file(file("bad.tar"), tar_of(members, with_end));
    const auto opened = ArchiveTarget::open(file("bad.tar"), options(kind));
    if (!opened) return opened.error();
    ADD_FAILURE() << "the archive was taken";
    return Error(Errc::internal, "");
  }
  std::vector<std::string> names_in_folder() const { return real_fs().list(root_.path()).value(); }

  TempDir root_;
};

TEST_F(Archive, NothingIsThereBeforeTheTag) {
  const auto archive = written(file());
  const Blob image = push_image(*archive, {"one", "two"});
  EXPECT_TRUE(names_in_folder().empty()) << "what is on its way has no name";
  ASSERT_TRUE(archive->tag(image.descriptor, "v1").has_value());
  EXPECT_EQ(names_in_folder(), std::vector<std::string>{"image.tar"});
  const auto again = ArchiveTarget::open(file(), options()).value();
  EXPECT_EQ(again->resolve(std::string("v1"))->digest, image.descriptor.digest);
  EXPECT_EQ(read(*again, image.descriptor).value(), image.bytes);
}

TEST_F(Archive, TheSameImageGivesTheSameBytes) {
  const auto first = written(file("a.tar"));
  const Blob image = push_image(*first, {"one", "two", "three"});
  ASSERT_TRUE(first->tag(image.descriptor, "v1").has_value());
  const auto second = written(file("b.tar"));
  ASSERT_TRUE(push(*second, make_blob("belongs to nothing")).has_value());
  push_image(*second, {"three"});
  push_image(*second, {"one", "two", "three"});
  ASSERT_TRUE(second->tag(image.descriptor, "v1").has_value());
  EXPECT_EQ(bytes_of(file("a.tar")), bytes_of(file("b.tar"))) << "order and leftovers leave no trace";
}

TEST_F(Archive, AnotherTagKeepsTheFirstImageAndAMovedTagDropsTheOld) {
  const Blob one = push_image(*written(file()), {"one"});
  {
    const auto archive = written(file());
    push_image(*archive, {"one"});
    ASSERT_TRUE(archive->tag(one.descriptor, "v1").has_value());
  }
  const auto archive = written(file());
  const Blob two = push_image(*archive, {"two"});
  ASSERT_TRUE(archive->tag(two.descriptor, "v2").has_value());
  EXPECT_EQ(ArchiveTarget::open(file(), options()).value()->list_tags().value(),
            (std::vector<std::string>{"v1", "v2"}));
  ASSERT_TRUE(archive->tag(two.descriptor, "v1").has_value());
  const auto again = ArchiveTarget::open(file(), options()).value();
  EXPECT_EQ(again->resolve(std::string("v1"))->digest, two.descriptor.digest);
  EXPECT_FALSE(again->exists(one.descriptor).value()) << "an archive does not grow by what nothing names";
}

TEST_F(Archive, AReferrerIsWrittenWithItsImage) {
  const auto archive = written(file());
  const Blob image = push_image(*archive, {"one"});
  ASSERT_TRUE(archive->tag(image.descriptor, "v1").has_value());
  const Blob referrer = make_manifest({}, image.descriptor);
  ASSERT_TRUE(push(*archive, referrer).has_value());
  ASSERT_TRUE(archive->tag(image.descriptor, "v1").has_value());
  const auto again = ArchiveTarget::open(file(), options()).value();
  ASSERT_EQ(again->referrers(image.descriptor.digest, "")->size(), 1u);
}

TEST_F(Archive, TwoWritersDoNotLoseEachOthersImages) {
  const auto mine = written(file());
  const auto theirs = written(file());
  const Blob one = push_image(*mine, {"one"});
  const Blob two = push_image(*theirs, {"two"});
  ASSERT_TRUE(theirs->tag(two.descriptor, "v2").has_value());
  const Status late = mine->tag(one.descriptor, "v1");
  ASSERT_FALSE(late.has_value());
  EXPECT_EQ(late.error().code, Errc::conflict);
  EXPECT_EQ(ArchiveTarget::open(file(), options()).value()->list_tags().value(), std::vector<std::string>{"v2"});
}

TEST_F(Archive, AWriteThatFailsChangesNothingAndLeavesNothing) {
  test::FaultFs fs;
  store::ArchiveOptions faulty = options();
  faulty.fs = &fs;
  const auto archive = ArchiveTarget::open_or_create(file(), faulty).value();
  const Blob image = push_image(*archive, {"one"});
  ASSERT_TRUE(archive->tag(image.descriptor, "v1").has_value());
  const std::string before = bytes_of(file());
  int failures = 0;
  for (std::uint64_t step = 1;; ++step) {
    fs.fail_at(fs.steps() + step, Error(Errc::failed, "No space left on device"));
    const bool wrote = archive->tag(image.descriptor, "v2").has_value();
    if (wrote) break;
    ++failures;
    EXPECT_EQ(names_in_folder(), std::vector<std::string>{"image.tar"}) << step;
    EXPECT_FALSE(archive->resolve(std::string("v2")).has_value()) << step;
    EXPECT_TRUE(archive->resolve(std::string("v1")).has_value()) << step;
    // A step after the rename has the new archive there already; the next try writes it once more.
    if (bytes_of(file()) == before) continue;
    EXPECT_EQ(ArchiveTarget::open(file(), options()).value()->list_tags().value().size(), 2u) << step;
  }
  EXPECT_GT(failures, 4);
  EXPECT_TRUE(archive->resolve(std::string("v2")).has_value());
}

TEST_F(Archive, AMemberOfAnotherSizeIsNotTheBlob) {
  const auto archive = written(file());
  const Blob image = push_image(*archive, {"one"});
  ASSERT_TRUE(archive->tag(image.descriptor, "v1").has_value());
  const auto again = ArchiveTarget::open(file(), options()).value();
  oci::Descriptor other = make_blob("one").descriptor;
  EXPECT_TRUE(again->exists(other).value());
  ++other.size;
  EXPECT_FALSE(again->exists(other).value());
}

TEST_F(Archive, CompressedAndPipedOnesAreRead) {
  const auto archive = written(file());
  const Blob image = push_image(*archive, {"one"});
  ASSERT_TRUE(archive->tag(image.descriptor, "v1").has_value());
  for (const auto format : {io::Compression::gzip, io::Compression::zstd, io::Compression::none}) {
    io::StringSink packed(1u << 20);
    const auto compressor =
        io::compressor({.format = format, .codec = io::installed_codec(format, io::Level::normal).value()}, packed)
            .value();
    ASSERT_TRUE(compressor->write(io::as_bytes(bytes_of(file()))).has_value());
    ASSERT_TRUE(compressor->finish().has_value());
    write_file(file("packed"), packed.text());
    EXPECT_EQ(read(*ArchiveTarget::open(file("packed"), options()).value(), image.descriptor).value(), image.bytes);
    io::TextSource input(packed.text());
    auto piped = options();
    piped.standard_input = &input;
    EXPECT_EQ(read(*ArchiveTarget::open("-", piped).value(), image.descriptor).value(), image.bytes);
  }
  EXPECT_EQ(names_in_folder(), (std::vector<std::string>{"image.tar", "packed"})) << "spools have no name";
}

TEST_F(Archive, StandardOutputTakesOneArchiveOnce) {
  io::StringSink output(1u << 20);
  auto piped = options();
  piped.standard_output = &output;
  const auto archive = ArchiveTarget::open_or_create("-", piped).value();
  const Blob image = push_image(*archive, {"one"});
  EXPECT_TRUE(output.text().empty());
  ASSERT_TRUE(archive->tag(image.descriptor, "v1").has_value());
  const auto filed = written(file());
  push_image(*filed, {"one"});
  ASSERT_TRUE(filed->tag(image.descriptor, "v1").has_value());
  EXPECT_EQ(output.text(), bytes_of(file()));
  EXPECT_EQ(archive->tag(image.descriptor, "v2").error().code, Errc::unsupported);
}

TEST_F(Archive, Row107_HostileTarsAreRefused) {
  const Member layout{"oci-layout", R"({"imageLayoutVersion":"1.0.0"})"};
  const Member index{"index.json", R"({"schemaVersion":2,"manifests":[]})"};
  const std::vector<std::pair<const char*, std::vector<Member>>> cases{
      {"a name that climbs", {layout, index, {"blobs/../../etc/passwd", "x"}}},
      {"an absolute name", {layout, index, {"/etc/passwd", "x"}}},
      {"a link that leads out", {layout, {"index.json", "", '2', "../../etc/passwd"}}},
      {"a device", {layout, index, {"null", "", '3'}}},
      {"a name twice", {layout, index, index}},
      {"a size that is not a number", {layout, index, {"x", "x", '0', "", "12345678x"}}},
      {"a size beyond the end", {layout, index, {"x", "x", '0', "", "77777777777"}}},
      {"a damaged pax header", {layout, index, {"p", "999 path=x\n", 'x'}, {"x", "x"}}},
      {"a pax size that is not a number", {layout, index, {"p", "13 size=1e99\n", 'x'}, {"x", "x"}}},
      {"a sparse file", {layout, index, {"p", "22 GNU.sparse.major=1\n", 'x'}, {"x", "x"}}},
      {"no layout file", {index}},
      {"no index", {layout}},
      {"two entries of one name",
       {layout,
        {"index.json",
         R"({"schemaVersion":2,"manifests":[)"
         R"({"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","size":1,"annotations":{"org.opencontainers.image.ref.name":"v1"}},)"
         R"({"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb","size":1,"annotations":{"org.opencontainers.image.ref.name":"v1"}}]})"}}},
      {"another version", {{"oci-layout", R"({"imageLayoutVersion":"2.0.0"})"}, index}},
  };
  for (const auto& [what, members] : cases) {
    const Error error = refused(members);
    EXPECT_TRUE(error.code == Errc::malformed || error.code == Errc::verification_failed) << what << error.describe();
  }
  for (const auto& lone : {layout, index})
    EXPECT_NE(refused({lone}).message.find("is not an image archive"), std::string::npos) << lone.name;
  EXPECT_EQ(refused({layout, index}, ArchiveKind::oci, false).code, Errc::malformed) << "no end";
  std::string damaged = tar_of({layout, index});
  damaged[3] ^= 1;
  write_file(file("bad.tar"), damaged);
  EXPECT_EQ(ArchiveTarget::open(file("bad.tar"), options()).error().code, Errc::malformed) << "a wrong checksum";
  EXPECT_EQ(ArchiveTarget::open(file("none.tar"), options()).error().code, Errc::not_found);
}

TEST_F(Archive, ABlobThatIsNotItsNameIsNeitherReadNorWrittenOn) {
  const auto archive = written(file());
  const Blob image = push_image(*archive, {"layer one"});
  ASSERT_TRUE(archive->tag(image.descriptor, "v1").has_value());
  std::string bytes = bytes_of(file());
  bytes.replace(bytes.find("layer one"), 5, "LAYER");
  write_file(file(), bytes);
  const auto damaged = written(file());
  EXPECT_EQ(read(*damaged, make_blob("layer one").descriptor).error().code, Errc::verification_failed);
  const Blob other = push_image(*damaged, {"two"});
  EXPECT_EQ(damaged->tag(other.descriptor, "v2").error().code, Errc::verification_failed);
  EXPECT_EQ(bytes_of(file()), bytes) << "the file stays as it was";
}

TEST_F(Archive, LongNamesOfGnuAndPaxAreRead) {
  const Blob layer = make_blob("bytes");
  const std::string path = "./blobs/sha256/" + std::string(layer.descriptor.digest.hex());
  const std::string record = fmt::format("{} path={}\n", path.size() + 9, path);
  const Member layout{"./oci-layout", R"({"imageLayoutVersion":"1.0.0"})"};
  const Member index{"./index.json", R"({"schemaVersion":2,"manifests":[]})"};
  for (const Member& longer : {Member{"././@LongLink", path + '\0', 'L'}, Member{"PaxHeaders/x", record, 'x'}}) {
    write_file(file(), tar_of({layout, index, longer, {"cut", "bytes"}}));
    EXPECT_EQ(read(*ArchiveTarget::open(file(), options()).value(), layer.descriptor).value(), "bytes");
  }
}

TEST_F(Archive, DockersNamesAreWholeReferences) {
  const auto archive = written(file(), ArchiveKind::docker);
  const Blob layer = make_blob("layer");
  const Blob config = make_blob(R"({"architecture":"amd64","os":"linux"})", std::string(oci::kConfigType));
  oci::Manifest manifest{.raw = {},
                         .media_type = {},
                         .artifact_type = {},
                         .config = config.descriptor,
                         .layers = {layer.descriptor},
                         .subject = {},
                         .annotations = {}};
  const Blob image = make_blob(oci::write_manifest(manifest), std::string(oci::kManifestType));
  for (const Blob& blob : {layer, config, image})
    ASSERT_TRUE(push(*archive, blob).has_value());
  ASSERT_TRUE(archive->tag(image.descriptor, "team/app:v1").has_value());
  const auto again = ArchiveTarget::open(file(), options(ArchiveKind::docker)).value();
  EXPECT_FALSE(again->is_computed());
  EXPECT_EQ(again->list_tags().value(), std::vector<std::string>{"docker.io/team/app:v1"});
  EXPECT_EQ(again->resolve(std::string("docker.io/team/app:v1"))->digest, image.descriptor.digest);
  EXPECT_EQ(again->resolve(std::string("team/app:v1"))->digest, image.descriptor.digest);
  const std::string tar = bytes_of(file());
  EXPECT_NE(tar.find(R"("RepoTags":["docker.io/team/app:v1"])"), std::string::npos);
  EXPECT_NE(tar.find(R"("Config":"blobs/sha256/)" + std::string(config.descriptor.digest.hex())), std::string::npos);
  EXPECT_EQ(again->tag(image.descriptor, "no:such/name").error().code, Errc::invalid_argument);
}

/// The names and types of a tar's members, in their order; names of pax headers as they are.
std::vector<std::string> members_of(const std::string& tar) {
  std::vector<std::string> names;
  for (std::size_t at = 0; at + 512 <= tar.size() && tar[at] != '\0';) {
    names.push_back(fmt::format("{} {}", tar[at + 156], tar.c_str() + at));
    const std::size_t size = std::stoul(tar.substr(at + 124, 11), nullptr, 8);
    at += 512 + (size + 511) / 512 * 512;
  }
  return names;
}

TEST_F(Archive, FoldersComeOnceAndLongNamesAlone) {
  const auto archive = written(file());
  const Blob image = push_image(*archive, {"one"});
  ASSERT_TRUE(archive->tag(image.descriptor, "v1").has_value());
  std::vector<std::string> blobs;
  for (const oci::Descriptor& each :
       {image.descriptor, make_blob("one").descriptor, make_blob("{}", std::string(oci::kEmptyType)).descriptor})
    blobs.push_back("0 blobs/sha256/" + std::string(each.digest.hex()));
  std::sort(blobs.begin(), blobs.end());
  std::vector<std::string> expected{"5 blobs/", "5 blobs/sha256/"};
  expected.insert(expected.end(), blobs.begin(), blobs.end());
  expected.insert(expected.end(), {"0 index.json", "0 oci-layout"});
  EXPECT_EQ(members_of(bytes_of(file())), expected);
}

TEST_F(Archive, NamesLongerThanAHeaderHoldsAreWrittenWhole) {
  const auto archive = written(file());
  io::Hasher hasher("sha512");
  hasher.update(io::as_bytes(std::string_view("long")));
  const Blob layer{oci::Descriptor(std::string(oci::kLayerType), hasher.finish(), 4), "long"};
  const Blob image = make_manifest({layer});
  for (const Blob& blob : {layer, make_blob("{}", std::string(oci::kEmptyType)), image})
    ASSERT_TRUE(push(*archive, blob).has_value());
  ASSERT_TRUE(archive->tag(image.descriptor, "v1").has_value());
  EXPECT_EQ(read(*ArchiveTarget::open(file(), options()).value(), layer.descriptor).value(), "long");
}

TEST_F(Archive, AMemberOfAnotherLengthThanItsHeaderSaysIsNotWritten) {
  io::StringSink to(1u << 20);
  store::TarWriter writer(to);
  io::StringSource bytes("four");
  EXPECT_EQ(writer.file("name", 5, bytes).error().code, Errc::verification_failed);
}

TEST_F(Archive, AtMost65536MembersAreRead) {
  const std::string end(1024, '\0');
  const std::string folder = tar_of({{"folder/", "", '5'}}, false);
  std::string tar;
  for (int i = 0; i < 65'536; ++i)
    tar += folder;
  const auto index = [&](const std::string& bytes) {
    write_file(file(), bytes);
    const store::Extent whole{std::make_shared<store::SharedFile>(real_fs().open(file()).value()), 0, bytes.size()};
    return store::index_tar(whole, "it");
  };
  EXPECT_TRUE(index(tar + end));
  EXPECT_EQ(index(tar + folder + end).error().code, Errc::too_large);
}

/// A disk whose files open and then cannot be read.
class BrokenDisk final : public ForwardingFileSystem {
 public:
  BrokenDisk() : ForwardingFileSystem(real_fs()) {}
  Result<std::unique_ptr<File>> open(const stdfs::path& path, bool follow) override {
    SLIPWAY_ASSIGN(auto file, inner().open(path, follow));
    return std::unique_ptr<File>(std::make_unique<BrokenFile>(std::move(file)));
  }

 private:
  class BrokenFile final : public File {
   public:
    explicit BrokenFile(std::unique_ptr<File> file) : file_(std::move(file)) {}
    Result<std::size_t> read(std::span<std::byte> buffer) override { return file_->read(buffer); }
    Result<std::size_t> read_at(std::span<std::byte> buffer, std::uint64_t offset) override {
      if (buffer.size() < 512) return file_->read_at(buffer, offset);  // the first bytes, which tell the compression
      return fail(Errc::failed, "Input/output error");
    }
    Status write(std::span<const std::byte> bytes) override { return file_->write(bytes); }
    Status seek(std::uint64_t offset) override { return file_->seek(offset); }
    Status sync() override { return file_->sync(); }
    Result<FileStat> stat() override { return file_->stat(); }

   private:
    std::unique_ptr<File> file_;
  };
};

TEST_F(Archive, ADiskThatCannotBeReadIsNotADamagedArchive) {
  ASSERT_TRUE(written(file())->keep_untagged(push_image(*written(file()), {"one"}).descriptor).has_value());
  BrokenDisk disk;
  auto broken = options();
  broken.fs = &disk;
  const auto opened = ArchiveTarget::open(file(), broken);
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code, Errc::failed);
  EXPECT_EQ(opened.error().message, "Input/output error");
}

TEST_F(Archive, OnlyACompressedOneIsDecompressed) {
  const auto archive = written(file());
  ASSERT_TRUE(archive->tag(push_image(*archive, {"one"}).descriptor, "v1").has_value());
  int asked = 0;
  auto counting = options();
  counting.decompress = [&](std::unique_ptr<io::Source> packed, const std::string&) {
    ++asked;
    return Result<std::unique_ptr<io::Source>>(std::move(packed));
  };
  EXPECT_TRUE(ArchiveTarget::open(file(), counting).has_value());
  EXPECT_EQ(asked, 0) << "a plain tar is read in place";
  for (const std::string_view start : {"\x1f\x8b", "\x28\xb5\x2f\xfd", "BZh",
                                       "\xfd"
                                       "7zXZ"}) {
    write_file(file("packed"), std::string(start) + "rest");
    EXPECT_FALSE(ArchiveTarget::open(file("packed"), counting).has_value());
  }
  EXPECT_EQ(asked, 4);
}

TEST_F(Archive, KeptImagesAreListedWithoutAName) {
  const auto archive = written(file());
  const Blob image = push_image(*archive, {"one"});
  ASSERT_TRUE(archive->keep_untagged(image.descriptor).has_value());
  const auto again = ArchiveTarget::open(file(), options()).value();
  ASSERT_EQ(again->roots()->size(), 1u);
  EXPECT_EQ(again->roots()->front().digest, image.descriptor.digest);
  EXPECT_TRUE(again->list_tags()->empty());
  EXPECT_EQ(read(*again, image.descriptor).value(), image.bytes);
}

TEST_F(Archive, BlobsHaveTheirSizes) {
  const auto archive = written(file());
  ASSERT_TRUE(push(*archive, make_blob("four")).has_value());
  auto* finder = store::as<store::BlobFinder>(*archive);
  ASSERT_NE(finder, nullptr);
  EXPECT_EQ(finder->blob_size(make_blob("four").descriptor.digest).value(), 4);
  EXPECT_EQ(finder->blob_size(make_blob("five").descriptor.digest).error().code, Errc::not_found);
}

/// An archive for docker, and the image that it runs.
class DockerArchive : public Archive {
 protected:
  Blob push_runnable(store::Target& to, const std::string& content) {
    const Blob layer = make_blob(content);
    const Blob config = make_blob(R"({"architecture":"amd64","os":"linux"})", std::string(oci::kConfigType));
    const oci::Manifest manifest{.raw = {},
                                 .media_type = {},
                                 .artifact_type = {},
                                 .config = config.descriptor,
                                 .layers = {layer.descriptor},
                                 .subject = {},
                                 .annotations = {}};
    const Blob image = make_blob(oci::write_manifest(manifest), std::string(oci::kManifestType));
    for (const Blob& blob : {layer, config, image})
      EXPECT_TRUE(push(to, blob).has_value());
    return image;
  }
  /// The bytes of a member of the archive.
  std::string member(const std::string& name) const {
    const std::string tar = bytes_of(file());
    const store::Extent whole{std::make_shared<store::SharedFile>(real_fs().open(file()).value()), 0, tar.size()};
    const auto index = store::index_tar(whole, "it").value();
    const auto at = index.find(name);
    return at == index.end() ? "" : tar.substr(at->second.offset, at->second.size);
  }
};

TEST_F(DockerArchive, NamesAreForContainerdToo) {
  for (const ArchiveKind kind : {ArchiveKind::docker, ArchiveKind::oci}) {
    const std::string name = kind == ArchiveKind::docker ? "team/app:v1" : "v1";
    const auto archive = written(file(), kind);
    ASSERT_TRUE(archive->tag(push_runnable(*archive, "layer").descriptor, name).has_value());
    const bool named =
        member("index.json").find(R"("io.containerd.image.name":"docker.io/team/app:v1")") != std::string::npos;
    EXPECT_EQ(named, kind == ArchiveKind::docker);
    stdfs::remove(file());
  }
}

TEST_F(DockerArchive, AnImageOfTwoNamesIsListedOnce) {
  const auto archive = written(file(), ArchiveKind::docker);
  const Blob image = push_runnable(*archive, "layer");
  const Blob other = push_runnable(*archive, "other");
  for (const char* name : {"team/app:v1", "team/app:v2"})
    ASSERT_TRUE(archive->tag(image.descriptor, name).has_value());
  ASSERT_TRUE(archive->tag(other.descriptor, "team/other:v1").has_value());
  const Json json = Json::parse(member("manifest.json"), "it").value();
  ASSERT_EQ(json.array()->size(), 2u);
  EXPECT_EQ(json.array()->at(0).find("RepoTags")->compact(), R"(["docker.io/team/app:v1","docker.io/team/app:v2"])");
  EXPECT_EQ(json.array()->at(1).find("RepoTags")->compact(), R"(["docker.io/team/other:v1"])");
  EXPECT_EQ(json.array()->at(1).find("Layers")->compact(),
            R"(["blobs/sha256/)" + std::string(make_blob("other").descriptor.digest.hex()) + R"("])");
}

TEST_F(DockerArchive, WhatDockerCannotRunIsNotListed) {
  const auto archive = written(file(), ArchiveKind::docker);
  const Blob artifact = push_image(*archive, {"one"});
  ASSERT_TRUE(archive->tag(artifact.descriptor, "team/artifact:v1").has_value());
  EXPECT_EQ(member("manifest.json"), "[]");
  Blob foreign = push_runnable(*archive, "foreign");
  foreign.descriptor.platform = oci::Platform::parse("plan9/amd64").value();
  const Blob index = make_index({foreign});
  ASSERT_TRUE(push(*archive, index).has_value());
  ASSERT_TRUE(archive->tag(index.descriptor, "team/foreign:v1").has_value());
  EXPECT_EQ(member("manifest.json"), "[]");
  Blob native = push_runnable(*archive, "native");
  native.descriptor.platform = oci::host_platform();
  const Blob both = make_index({foreign, native});
  ASSERT_TRUE(push(*archive, both).has_value());
  ASSERT_TRUE(archive->tag(both.descriptor, "team/both:v1").has_value());
  EXPECT_NE(member("manifest.json").find(make_blob("native").descriptor.digest.hex()), std::string::npos);
  EXPECT_EQ(member("manifest.json").find(make_blob("foreign").descriptor.digest.hex()), std::string::npos);
}

TEST_F(DockerArchive, AnIndexWithoutAListIsMalformed) {
  const Member layout{"oci-layout", R"({"imageLayoutVersion":"1.0.0"})"};
  for (const char* text : {R"({"schemaVersion":2})", R"({"schemaVersion":2,"manifests":{}})",
                           R"({"schemaVersion":2,"manifests":[],"Manifests":[]})"})
    EXPECT_EQ(refused({layout, {"index.json", text}}, ArchiveKind::docker).code, Errc::malformed) << text;
}

/// An archive as docker wrote it before version 25.
std::vector<Member> old_docker(const std::string& layer, const std::string& diff_id) {
  return {{"config.json",
           R"({"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[")" + diff_id + R"("]}})"},
          {"real/layer.tar", layer},
          {"id/layer.tar", "", '2', "../real/layer.tar"},
          {"manifest.json", R"([{"Config":"config.json","RepoTags":["team/app:v1"],"Layers":["id/layer.tar"]}])"}};
}

TEST_F(Archive, AnOldDockersImageGetsAComputedManifestAndIsOnlyRead) {
  const std::string layer = tar_of({{"hello", "world"}});
  write_file(file(), tar_of(old_docker(layer, io::digest_of(layer).str())));
  const auto archive = ArchiveTarget::open(file(), options(ArchiveKind::docker)).value();
  EXPECT_TRUE(archive->is_computed());
  const auto root = archive->resolve(std::string("team/app:v1"));
  ASSERT_TRUE(root.has_value()) << root.error().describe();
  const auto document = oci::parse_document(read(*archive, *root).value(), root->media_type);
  ASSERT_EQ(oci::children(*document).size(), 2u);
  EXPECT_EQ(read(*archive, oci::children(*document).front()).value(), layer);
  EXPECT_EQ(read(*archive, oci::children(*document).back()).value(),
            old_docker(layer, io::digest_of(layer).str())[0].content);
  EXPECT_EQ(archive->tag(*root, "team/app:v2").error().code, Errc::unsupported);
  EXPECT_EQ(refused(old_docker(layer, io::digest_of("x").str()), ArchiveKind::docker).code, Errc::verification_failed);
  EXPECT_EQ(refused({{"manifest.json", R"([{"Config":"gone.json","Layers":[]}])"}}, ArchiveKind::docker).code,
            Errc::malformed);
  EXPECT_EQ(refused({{"manifest.json", R"({"Config":"config.json"})"}}, ArchiveKind::docker).code, Errc::malformed);
  EXPECT_EQ(refused(old_docker(layer, io::digest_of(layer).str()), ArchiveKind::oci).code, Errc::malformed);
}

TEST_F(Archive, LayersOfAnOldDockerHaveTheTypeOfTheirBytes) {
  const std::string layer = tar_of({{"hello", "world"}});
  for (const auto& [format, type] :
       std::vector<std::pair<io::Compression, std::string_view>>{{io::Compression::none, oci::kLayerType},
                                                                 {io::Compression::gzip, oci::kLayerGzipType},
                                                                 {io::Compression::zstd, oci::kLayerZstdType}}) {
    io::StringSink packed(1u << 20);
    const auto compressor =
        io::compressor({.format = format, .codec = io::installed_codec(format, io::Level::normal).value()}, packed)
            .value();
    ASSERT_TRUE(compressor->write(io::as_bytes(layer)).has_value());
    ASSERT_TRUE(compressor->finish().has_value());
    write_file(file(), tar_of(old_docker(packed.text(), io::digest_of(layer).str())));
    const auto archive = ArchiveTarget::open(file(), options(ArchiveKind::docker));
    ASSERT_TRUE(archive.has_value()) << archive.error().describe();
    const auto root = (*archive)->resolve(std::string("team/app:v1")).value();
    const auto document = oci::parse_document(read(**archive, root).value(), root.media_type);
    EXPECT_EQ(oci::children(*document).front().media_type, type);
  }
}

TEST_F(Archive, AnOldDockersImageWithoutANameIsListed) {
  const std::string layer = tar_of({{"hello", "world"}});
  auto members = old_docker(layer, io::digest_of(layer).str());
  members[3].content = R"([{"Config":"config.json","RepoTags":null,"Layers":["id/layer.tar"]}])";
  write_file(file(), tar_of(members));
  const auto archive = ArchiveTarget::open(file(), options(ArchiveKind::docker)).value();
  EXPECT_TRUE(archive->list_tags()->empty());
  ASSERT_EQ(archive->roots()->size(), 1u);
  EXPECT_TRUE(archive->resolve(archive->roots()->front().digest));
}

}  // namespace
}  // namespace slipway::test
