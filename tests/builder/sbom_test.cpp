#include "slipway/builder/sbom.h"

#include <gmock/gmock.h>

#include "image/layered_image.h"
#include "slipway/io/filters.h"
#include "slipway/io/hash.h"
#include "support/elf_bytes.h"
#include "support/temp_dir.h"

namespace slipway::builder {
namespace {

using image::file;
using image::hardlink;
using image::LayeredImages;
using image::symlink;
using image::whiteout;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr const char* kStatus =
    "Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nMulti-Arch: same\nVersion: 2.36-9+deb12u4\n\n"
    "Package: gone\nStatus: deinstall ok config-files\nArchitecture: amd64\nVersion: 1\n\n"
    "Package: curl\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1:7.88~1\n";

struct SbomTest : ::testing::Test {
  Result<Sbom> take(const std::vector<image::LayerEntries>& layers, const layer::SpillPlace& spill = {}) {
    const image::Image made = images.make(layers);
    const image::FileList list = *image::merge_files(images.store, made);
    return take_sbom(images.store, made, list, "r.example/app:v1", {}, spill);
  }
  static SbomFiles::Visitor into(std::vector<SbomFile>& files) {
    return [&files](std::size_t, const SbomFile& file) -> Status {
      files.push_back(file);
      return {};
    };
  }
  std::vector<SbomFile> files_of(Sbom& sbom) {
    std::vector<SbomFile> files;
    EXPECT_TRUE(sbom.files.visit(into(files)));
    return files;
  }
  std::vector<std::string> owned(Sbom& sbom, std::size_t package) {
    std::vector<SbomFile> files;
    EXPECT_TRUE(sbom.files.visit_package(package, into(files)));
    std::vector<std::string> paths;
    for (const SbomFile& file : files)
      paths.push_back(file.path);
    return paths;
  }
  std::size_t unowned(Sbom& sbom) {
    std::vector<SbomFile> files;
    EXPECT_TRUE(sbom.files.visit_unowned(into(files)));
    return files.size();
  }
  template <class Write>
  Json document(Sbom sbom, Write write, const layer::SpillPlace& spill = {}) {
    io::StringSink out(1u << 20);
    EXPECT_TRUE(write(sbom, "slipway-1", spill, out));
    const Json document = *Json::parse(out.text(), "the document");
    EXPECT_EQ(out.text(), document.pretty()) << "written piece by piece as it would be at once";
    return document;
  }
  Sbom debian() {
    test::ElfBytes elf;
    elf.notes = test::elf_note("GNU", 3, "\x12\xab\xcd\xef");
    return *take(
        {{file("etc/os-release", "ID=\"debian\"\nVERSION_ID=\"12\"\n"), symlink("lib", "usr/lib"),
          file("usr/bin/curl", "old"), file("usr/bin/own", elf.str(), 0755), file("usr/lib/libc.so.6", "abc"),
          file("var/lib/dpkg/info/curl.list", "/.\n/usr\n/usr/bin\n/usr/bin/curl\n/usr/share/doc/curl\n"),
          file("var/lib/dpkg/info/libc6:amd64.list", "/lib/libc.so.6\n"), file("var/lib/dpkg/status", kStatus)},
         {file("usr/bin/curl", "new")}});
  }
  LayeredImages images;
};

TEST_F(SbomTest, ALargeProgramIsReadFromTheDisk) {
  test::ElfBytes elf;
  elf.notes = test::elf_note("GNU", 3, "\x12\xab\xcd\xef");
  std::string program = elf.str();
  program.resize((program.size() + 100'000) / 16 * 16, 'x');
  program += std::string("\xff Go buildinf:\x08\x02", 16) + std::string(16, '\0') + "\x08go1.22.1" + '\0';
  const test::TempDir dir;
  const layer::SpillPlace spill{&real_fs(), dir.path(), 32u << 10};
  Sbom in_memory = *take({{file("app", program)}}), spilled = *take({{file("app", program)}}, spill);
  for (Sbom* sbom : {&in_memory, &spilled}) {
    EXPECT_EQ(files_of(*sbom).at(0).build_id, "12abcdef");
    ASSERT_EQ(sbom->packages.size(), 1u);
    EXPECT_EQ(sbom->packages[0].purl, "pkg:golang/stdlib@1.22.1");
  }
  EXPECT_FALSE(take({{file("app", program)}}, {&real_fs(), dir.path() / "missing", 32u << 10}));
  EXPECT_TRUE(take({{file("app", std::string(100'000, 'x'))}}, {&real_fs(), dir.path() / "missing", 32u << 10}))
      << "nothing else is kept";
}

TEST_F(SbomTest, PackagesOwnWhatTheirListsNameAlsoInMergedFolders) {
  Sbom sbom = debian();
  ASSERT_EQ(sbom.packages.size(), 2u) << "a package that is not installed is not part of the image";
  EXPECT_EQ(sbom.packages[0].purl, "pkg:deb/debian/curl@1%3A7.88~1?arch=amd64&distro=debian-12");
  EXPECT_EQ(sbom.packages[1].purl, "pkg:deb/debian/libc6@2.36-9%2Bdeb12u4?arch=amd64&distro=debian-12");
  EXPECT_THAT(owned(sbom, 0), ElementsAre("/usr/bin/curl"));
  EXPECT_THAT(owned(sbom, 1), ElementsAre("/usr/lib/libc.so.6"));
}

TEST_F(SbomTest, FilesAreThoseOfTheMergedImageWithTheirSumsAndBuildIds) {
  Sbom sbom = debian();
  std::map<std::string, SbomFile> files;
  for (const SbomFile& file : files_of(sbom))
    files[file.path] = file;
  EXPECT_EQ(files.at("/usr/lib/libc.so.6").sha1, "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(files.at("/usr/lib/libc.so.6").sha256, io::digest_of("abc").hex());
  EXPECT_EQ(files.at("/usr/bin/curl").sha256, io::digest_of("new").hex()) << "the upper layer's";
  EXPECT_EQ(files.at("/usr/bin/own").build_id, "12abcdef");
  EXPECT_EQ(files.at("/usr/bin/curl").build_id, "");
}

TEST_F(SbomTest, RemovedFilesAreNotListedAndHardLinksAreUnderEachName) {
  Sbom sbom = *take({{file("a", "abc"), hardlink("b", "a"), file("c", "x")}, {whiteout("c")}});
  const std::vector<SbomFile> files = files_of(sbom);
  ASSERT_EQ(files.size(), 2u);
  EXPECT_EQ(files[0].path, "/a");
  EXPECT_EQ(files[1].path, "/b");
  EXPECT_EQ(files[0].sha256, files[1].sha256);
  EXPECT_THAT(sbom.packages, IsEmpty());
  EXPECT_EQ(unowned(sbom), 2u);
}

TEST_F(SbomTest, StanzasOfImagesWithoutAStatusFileCountAsInstalled) {
  Sbom sbom = *take({{file("var/lib/dpkg/status.d/tzdata", "Package: tzdata\nVersion: 2024a\nArchitecture: all\n"),
                      file("var/lib/dpkg/status.d/tzdata.md5sums", "0123  usr/share/zoneinfo/UTC\n")}});
  ASSERT_EQ(sbom.packages.size(), 1u);
  EXPECT_EQ(sbom.packages[0].purl, "pkg:deb/debian/tzdata@2024a?arch=all");
}

TEST_F(SbomTest, ADamagedProgramIsAFileWithoutABuildId) {
  Sbom sbom = *take({{file("bin", std::string("\x7f"
                                              "ELF\x02\x01\x01",
                                              7))}});
  ASSERT_EQ(sbom.files.size(), 1u);
  EXPECT_EQ(files_of(sbom)[0].build_id, "");
}

TEST_F(SbomTest, SpdxRelatesEveryFileOnceAndProvesPackagesByTheirFiles) {
  Sbom sbom = debian();
  const Json document = this->document(debian(), write_spdx);
  EXPECT_EQ(document, this->document(debian(), write_spdx)) << "the same image, the same bytes";
  EXPECT_EQ(*document.find("spdxVersion")->string(), "SPDX-2.3");
  EXPECT_EQ(document.find("files")->array()->size(), sbom.files.size());
  std::set<std::string> contained;
  for (const Json& relation : *document.find("relationships")->array())
    EXPECT_TRUE(contained.insert(*relation.find("relatedSpdxElement")->string()).second) << relation.compact();
  EXPECT_EQ(contained.size(), sbom.files.size() + sbom.packages.size() + 1);
  const Json& libc = document.find("packages")->array()->at(2);
  EXPECT_EQ(*libc.find("name")->string(), "libc6");
  io::Hasher hasher("sha1");
  hasher.update(io::as_bytes("a9993e364706816aba3e25717850c26c9cd0d89d"));
  EXPECT_EQ(*libc.find("packageVerificationCode")->find("packageVerificationCodeValue")->string(), hasher.finish_hex());
}

TEST_F(SbomTest, CyclonedxNestsFilesInTheirPackagesUnderUniqueReferences) {
  const Json document = this->document(debian(), write_cyclonedx);
  EXPECT_EQ(*document.find("specVersion")->string(), "1.5");
  const Json::Array& components = *document.find("components")->array();
  EXPECT_EQ(*components.at(0).find("type")->string(), "library");
  const Json& curl = components.at(0).find("components")->array()->at(0);
  EXPECT_EQ(*curl.find("name")->string(), "/usr/bin/curl");
  std::set<std::string> references;
  for (const Json& component : components)
    EXPECT_TRUE(references.insert(*component.find("bom-ref")->string()).second) << component.compact();
}

/// Enough paths for several pages of every list, some of them hard links, in a package, or replaced.
TEST_F(SbomTest, ListsThatSpillSayTheSame) {
  image::LayerEntries lower{file("etc/os-release", "ID=debian\nVERSION_ID=\"12\"\n")}, upper;
  std::string listed;
  for (int i = 0; i < 700; ++i) {
    const std::string path = fmt::format("usr/share/{}/{:04}", i % 7, i * 37 % 700);
    lower.push_back(i % 10 == 9 ? hardlink(path, "etc/os-release") : file(path, std::to_string(i)));
    if (i % 5 == 0) upper.push_back(file(path, "new"));
    if (i % 3 == 0) listed += "/" + path + "\n";
  }
  lower.push_back(file("var/lib/dpkg/info/curl.list", listed));
  lower.push_back(file("var/lib/dpkg/status", kStatus));
  const image::Image made = images.make({lower, upper});
  const layer::SpillPlace small{&real_fs(), "/tmp", 4096};
  const auto written = [&](const layer::SpillPlace& spill, auto write) {
    const image::FileList list = *image::merge_files(images.store, made, {}, spill);
    return document(*take_sbom(images.store, made, list, "x", {}, spill), write, spill);
  };
  EXPECT_EQ(written(small, write_spdx), written({}, write_spdx));
  EXPECT_EQ(written(small, write_cyclonedx), written({}, write_cyclonedx));
}

}  // namespace
}  // namespace slipway::builder
