#include "slipway/builder/sbom.h"

#include <gmock/gmock.h>

#include "image/layered_image.h"
#include "support/elf_bytes.h"

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
  Result<Sbom> take(const std::vector<image::LayerEntries>& layers) {
    const image::Image made = images.make(layers);
    const image::FileList list = *image::merge_files(images.store, made);
    return take_sbom(images.store, made, list, "r.example/app:v1");
  }
  std::vector<std::string> owned(const Sbom& sbom, std::size_t package) {
    std::vector<std::string> paths;
    for (const std::size_t i : sbom.packages.at(package).files)
      paths.push_back(sbom.files.at(i).path);
    return paths;
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

TEST_F(SbomTest, PackagesOwnWhatTheirListsNameAlsoInMergedFolders) {
  const Sbom sbom = debian();
  ASSERT_EQ(sbom.packages.size(), 2u) << "a package that is not installed is not part of the image";
  EXPECT_EQ(sbom.packages[0].purl, "pkg:deb/debian/curl@1%3A7.88~1?arch=amd64&distro=debian-12");
  EXPECT_EQ(sbom.packages[1].purl, "pkg:deb/debian/libc6@2.36-9%2Bdeb12u4?arch=amd64&distro=debian-12");
  EXPECT_THAT(owned(sbom, 0), ElementsAre("/usr/bin/curl"));
  EXPECT_THAT(owned(sbom, 1), ElementsAre("/usr/lib/libc.so.6"));
}

TEST_F(SbomTest, FilesAreThoseOfTheMergedImageWithTheirSumsAndBuildIds) {
  const Sbom sbom = debian();
  std::map<std::string, SbomFile> files;
  for (const SbomFile& file : sbom.files)
    files[file.path] = file;
  EXPECT_EQ(files.at("/usr/lib/libc.so.6").sha1, "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(files.at("/usr/lib/libc.so.6").sha256, io::digest_of("abc").hex());
  EXPECT_EQ(files.at("/usr/bin/curl").sha256, io::digest_of("new").hex()) << "the upper layer's";
  EXPECT_EQ(files.at("/usr/bin/own").build_id, "12abcdef");
  EXPECT_EQ(files.at("/usr/bin/curl").build_id, "");
}

TEST_F(SbomTest, RemovedFilesAreNotListedAndHardLinksAreUnderEachName) {
  const Sbom sbom = *take({{file("a", "abc"), hardlink("b", "a"), file("c", "x")}, {whiteout("c")}});
  ASSERT_EQ(sbom.files.size(), 2u);
  EXPECT_EQ(sbom.files[0].path, "/a");
  EXPECT_EQ(sbom.files[1].path, "/b");
  EXPECT_EQ(sbom.files[0].sha256, sbom.files[1].sha256);
  EXPECT_THAT(sbom.packages, IsEmpty());
  EXPECT_EQ(sbom.unowned.size(), 2u);
}

TEST_F(SbomTest, StanzasOfImagesWithoutAStatusFileCountAsInstalled) {
  const Sbom sbom =
      *take({{file("var/lib/dpkg/status.d/tzdata", "Package: tzdata\nVersion: 2024a\nArchitecture: all\n"),
              file("var/lib/dpkg/status.d/tzdata.md5sums", "0123  usr/share/zoneinfo/UTC\n")}});
  ASSERT_EQ(sbom.packages.size(), 1u);
  EXPECT_EQ(sbom.packages[0].purl, "pkg:deb/debian/tzdata@2024a?arch=all");
}

TEST_F(SbomTest, ADamagedProgramIsAFileWithoutABuildId) {
  const Sbom sbom = *take({{file("bin", std::string("\x7f"
                                                    "ELF\x02\x01\x01",
                                                    7))}});
  ASSERT_EQ(sbom.files.size(), 1u);
  EXPECT_EQ(sbom.files[0].build_id, "");
}

TEST_F(SbomTest, SpdxRelatesEveryFileOnceAndProvesPackagesByTheirFiles) {
  const Sbom sbom = debian();
  const Json document = spdx_document(sbom, "slipway-1");
  EXPECT_EQ(document.pretty(), spdx_document(debian(), "slipway-1").pretty()) << "the same image, the same bytes";
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
  const Json document = cyclonedx_document(debian(), "slipway-1");
  EXPECT_EQ(*document.find("specVersion")->string(), "1.5");
  const Json::Array& components = *document.find("components")->array();
  EXPECT_EQ(*components.at(0).find("type")->string(), "library");
  const Json& curl = components.at(0).find("components")->array()->at(0);
  EXPECT_EQ(*curl.find("name")->string(), "/usr/bin/curl");
  std::set<std::string> references;
  for (const Json& component : components)
    EXPECT_TRUE(references.insert(*component.find("bom-ref")->string()).second) << component.compact();
}

}  // namespace
}  // namespace slipway::builder
