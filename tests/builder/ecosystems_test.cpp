#include "builder/ecosystems.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/temp_dir.h"

namespace slipway::builder {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string counted(const std::string& text) {
  std::string out;
  for (std::size_t size = text.size();; size >>= 7) {
    out += static_cast<char>((size & 0x7f) | (size > 0x7f ? 0x80 : 0));
    if (size <= 0x7f) return out + text;
  }
}

/// A program's data with Go's build information at `offset`.
std::string go_program(const std::string& version, const std::string& modules, std::size_t offset = 64,
                       char flags = 2) {
  std::string bytes(offset, 'x');
  bytes += std::string("\xff Go buildinf:", 14) + '\x08' + flags + std::string(16, '\0');
  return bytes + counted(version) + counted(std::string(16, '<') + modules + std::string(16, '>')) + "rest";
}

std::vector<std::string> purls(const std::vector<SbomPackage>& packages) {
  std::vector<std::string> out;
  for (const SbomPackage& package : packages)
    out.push_back(package.purl);
  return out;
}

TEST(Ecosystems, GoModulesAreReadFromTheProgram) {
  const std::string modules =
      "path\texample.com/app\nmod\texample.com/app\t(devel)\t\n"
      "dep\tgithub.com/Azure/go-autorest\tv14.2.0+incompatible\th1:x=\n"
      "dep\tgolang.org/x/net\tv0.1.0\th1:y=\n=>\texample.com/fork/net\tv0.2.0\th1:z=\nbuild\t-compiler=gc\n";
  EXPECT_THAT(purls(packages_of_go_program(go_program("go1.22.1", modules))),
              ElementsAre("pkg:golang/stdlib@1.22.1", "pkg:golang/example.com/app",
                          "pkg:golang/github.com/Azure/go-autorest@v14.2.0%2Bincompatible",
                          "pkg:golang/example.com/fork/net@v0.2.0"));
  EXPECT_THAT(purls(packages_of_go_program(go_program("go1.21 X:boringcrypto", ""))),
              ElementsAre("pkg:golang/stdlib@1.21"));
}

TEST(Ecosystems, AFileIsReadLikeItsBytes) {
  const test::TempDir dir;
  const auto of_file = [&](const std::string& bytes) {
    EXPECT_TRUE(write_file_atomically(real_fs(), dir.path() / "program", bytes));
    const auto file = real_fs().open(dir.path() / "program");
    const auto packages = packages_of_go_program(**file);
    EXPECT_TRUE(packages) << packages.error().describe();
    EXPECT_THAT(packages_of_rust_program(**file), IsEmpty());
    return purls(*packages);
  };
  // The mark at the edges of the pieces that are read at a time, and behind a mark that is not aligned.
  constexpr std::size_t kPiece = 1u << 20;
  for (const std::size_t at : {std::size_t{0}, std::size_t{64}, kPiece - 32, kPiece - 16, kPiece, 3 * kPiece - 48,
                               3 * kPiece - 32, 3 * kPiece + 16}) {
    std::string bytes = go_program("go1.22.1", "mod\ta/b\tv1\t\n", at);
    if (at > 64) bytes.replace(9, 14, std::string("\xff Go buildinf:", 14));
    EXPECT_THAT(of_file(bytes), ElementsAre("pkg:golang/stdlib@1.22.1", "pkg:golang/a/b@v1")) << at;
  }
  EXPECT_THAT(of_file(""), IsEmpty());
  EXPECT_THAT(of_file(std::string(2 * kPiece - 16, 'x')), IsEmpty());
  EXPECT_THAT(of_file(go_program("go1.22.1", "mod\ta/b\tv1\t\n").substr(0, 90)), IsEmpty());
}

TEST(Ecosystems, WhatIsNoGoProgramHasNoModules) {
  EXPECT_THAT(packages_of_go_program(""), IsEmpty());
  EXPECT_THAT(packages_of_go_program(go_program("go1.22", "", 65)), IsEmpty()) << "text of a program that looks for it";
  EXPECT_THAT(packages_of_go_program(go_program("go1.17", "", 64, 0)), IsEmpty()) << "older than 1.18";
  const std::string whole = go_program("go1.22", "mod\ta\tb\n");
  for (std::size_t size = 0; size < 110; ++size)
    (void)packages_of_go_program(std::string_view(whole).substr(0, size));
  std::string long_count = go_program("go1.22", "");
  long_count[64 + 32] = '\xff';
  EXPECT_THAT(packages_of_go_program(long_count), IsEmpty());
}

TEST(Ecosystems, CratesOfCargoAuditable) {
  EXPECT_THAT(purls(crates_of(R"({"packages": [{"name": "serde", "version": "1.0.1", "source": "crates.io"},
      {"name": "cc", "version": "1.0.0", "kind": "build"}, {"version": "2"}, {"name": "app", "version": "0.1.0", "root": true}]})")),
              ElementsAre("pkg:cargo/serde@1.0.1", "pkg:cargo/app@0.1.0"));
  for (const char* bad : {"", "{}", "[]", R"({"packages": 1})"})
    EXPECT_THAT(crates_of(bad), IsEmpty()) << bad;
  EXPECT_THAT(packages_of_rust_program("not a program"), IsEmpty());
}

TEST(Ecosystems, NpmPackages) {
  EXPECT_EQ(package_of_package_json(R"({"name": "left-pad", "version": "1.3.0"})")->purl, "pkg:npm/left-pad@1.3.0");
  EXPECT_EQ(package_of_package_json(R"({"name": "@types/node", "version": "22.0.0"})")->purl,
            "pkg:npm/%40types/node@22.0.0");
  for (const char* bad : {"", "[]", "{}", R"({"name": "x"})", R"({"name": 1, "version": 2})"})
    EXPECT_FALSE(package_of_package_json(bad)) << bad;
}

TEST(Ecosystems, PythonDistributions) {
  const auto package =
      package_of_python_metadata("Metadata-Version: 2.1\r\nname: Foo_.Bar\r\nVersion: 1.0\r\n\r\nName: no\n");
  ASSERT_TRUE(package);
  EXPECT_EQ(package->purl, "pkg:pypi/foo-bar@1.0");
  EXPECT_EQ(package->name, "Foo_.Bar");
  EXPECT_FALSE(package_of_python_metadata("Name: x\n\nVersion: 1\n"));
}

TEST(Ecosystems, ManifestsByTheirPath) {
  for (const char* path : {"app/node_modules/x/package.json", "node_modules/@a/b/package.json",
                           "a/node_modules/b/node_modules/c/package.json", "usr/lib/python3/x-1.0.dist-info/METADATA",
                           "x.egg-info/PKG-INFO"})
    EXPECT_TRUE(is_package_manifest(path)) << path;
  for (const char* path : {"app/package.json", "node_modules/x/lib/package.json", "node_modules/@a/package.json",
                           "x/METADATA", "METADATA", "x.dist-info/RECORD"})
    EXPECT_FALSE(is_package_manifest(path)) << path;
}

}  // namespace
}  // namespace slipway::builder
