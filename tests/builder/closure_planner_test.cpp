#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "builder/dpkg_database.h"
#include "builder/layer_plan.h"
#include "builder/runtime_data.h"
#include "support/elf_bytes.h"
#include "support/temp_dir.h"

namespace slipway::builder {
namespace {

using test::ElfBytes;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kLoader = "/lib/ld-linux-aarch64.so.1";

/// An arm64 system in a folder, closed over from whatever machine this is.
class ClosurePlannerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    put("sys/lib/aarch64-linux-gnu/libc.so.6", library("libc.so.6"));
    put("sys" + std::string(kLoader), library("ld-linux-aarch64.so.1"));
    put("sys/usr/lib/aarch64-linux-gnu/libz.so.1.2", library("libz.so.1", {"libc.so.6"}));
    stdfs::create_symlink("libz.so.1.2", dir.path() / "sys/usr/lib/aarch64-linux-gnu/libz.so.1");
    put("hello", program({"libz.so.1", "libc.so.6"}));
  }
  void put(const std::string& path, const std::string& bytes) const {
    stdfs::create_directories((dir.path() / path).parent_path());
    std::ofstream(dir.path() / path, std::ios::binary) << bytes;
  }
  static std::string library(const std::string& soname, std::vector<std::string> needed = {}) {
    return ElfBytes{.machine = 183, .soname = soname, .needed = std::move(needed)}.str();
  }
  static std::string program(std::vector<std::string> needed, std::vector<std::string> imports = {}) {
    ElfBytes elf{.machine = 183, .interpreter = kLoader, .needed = std::move(needed)};
    elf.imports = std::move(imports);
    return elf.str();
  }
  std::vector<std::string> plan(const std::function<void(AdHocRequest&)>& change = {}) {
    AdHocRequest request;
    request.closures = {"hello"};
    request.sysroot = "sys";
    if (change) change(request);
    const auto recipe = recipe_from_flags(request, dir.path());
    EXPECT_TRUE(recipe) << recipe.error().describe();
    diagnostics = {};
    const auto layers = plan_layers(*recipe, platform, 7, real_fs(), diagnostics);
    EXPECT_TRUE(layers) << layers.error().describe();
    std::vector<std::string> out;
    for (const PlannedLayer& layer : *layers)
      list(layer, out);
    return out;
  }
  static void list(const PlannedLayer& layer, std::vector<std::string>& out) {
    const auto reader = layer.tree.read();
    for (layer::FileEntry entry; *(*reader)->next(entry);) {
      EXPECT_EQ(entry.mtime, 7);
      const bool folder = entry.type == layer::EntryType::directory;
      if (folder && entry.mode == 0755 && entry.uid == 0) continue;
      std::string line = layer.name + " " + entry.path;
      if (entry.type == layer::EntryType::symlink) line += " -> " + entry.link;
      if (folder) line += fmt::format(" {:o} {}", entry.mode, entry.uid);
      out.push_back(std::move(line));
    }
  }
  std::string errors() const {
    std::string out;
    for (const Error& error : diagnostics.errors())
      out += fmt::format("{} {}\n", exit_status(error.code), error.describe());
    return out;
  }
  std::string warnings() const {
    std::string out;
    for (const Error& warning : diagnostics.warnings())
      out += warning.message + "\n";
    return out;
  }

  test::TempDir dir;
  oci::Platform platform = *oci::Platform::parse("linux/arm64");
  Diagnostics diagnostics;
};

TEST_F(ClosurePlannerTest, AnotherMachinesProgramFromItsSysroot) {
  EXPECT_THAT(plan(), ElementsAre("closure lib/aarch64-linux-gnu/libc.so.6", "closure lib/ld-linux-aarch64.so.1",
                                  "closure usr/lib/aarch64-linux-gnu/libz.so.1 -> libz.so.1.2",
                                  "closure usr/lib/aarch64-linux-gnu/libz.so.1.2"));
  EXPECT_EQ(errors(), "");
}

TEST_F(ClosurePlannerTest, WhatTheRecipeHasItselfIsNotAddedAgain) {
  put("own/libz.so.1", library("libz.so.1"));
  const auto lines = plan([](AdHocRequest& r) {
    r.adds = {"own:/usr/lib/aarch64-linux-gnu", "hello:/bin/"};
    r.closures = {"hello", "own"};
  });
  EXPECT_THAT(lines, ElementsAre("closure lib/aarch64-linux-gnu/libc.so.6", "closure lib/ld-linux-aarch64.so.1",
                                 "add bin/hello", "add usr/lib/aarch64-linux-gnu/libz.so.1"));
  EXPECT_EQ(errors(), "");
}

TEST_F(ClosurePlannerTest, WhatPatternsLeaveOutIsNotThere) {
  put("own/libz.so.1", library("libz.so.1"));
  put("own/other", "x");
  put("ignore", "\xEF\xBB\xBF# libraries\n *.so.1 \n");
  AdHocRequest request;
  request.closures = {"hello"};
  request.sysroot = "sys";
  request.adds = {"own:/usr/lib/aarch64-linux-gnu"};
  const auto lines = [&](const std::function<void(FileRule&)>& filter) {
    Recipe recipe = *recipe_from_flags(request, dir.path());
    filter(recipe.layers[1].files[0]);
    std::vector<std::string> out;
    const auto layers = plan_layers(recipe, platform, 7, real_fs(), diagnostics);
    if (layers) list(layers->front(), out);
    return out;
  };
  const auto from_sysroot = ::testing::Contains("closure usr/lib/aarch64-linux-gnu/libz.so.1 -> libz.so.1.2");
  EXPECT_THAT(lines([](FileRule&) {}), ::testing::Not(from_sysroot));
  EXPECT_THAT(lines([](FileRule& file) { file.exclude = {"*.so.1"}; }), from_sysroot);
  EXPECT_THAT(lines([](FileRule& file) { file.include = {"other"}; }), from_sysroot);
  EXPECT_THAT(lines([](FileRule& file) { file.ignore_file = Placed{"ignore", {}}; }), from_sysroot);
  EXPECT_EQ(errors(), "");
}

TEST_F(ClosurePlannerTest, ALayerSplitByChurnHasTheRarestChangedLowest) {
  put("own/lib/libown.so.1", library("libown.so.1", {"libz.so.1"}));
  put("own/share/page.html", "hello");
  put("own/bin/tool", "#!/bin/true\n");
  stdfs::create_directories(dir.path() / "own/empty");
  AdHocRequest request;
  request.closures = {"hello", "own/lib"};
  request.sysroot = "sys";
  request.runtime = {"tmp"};
  Recipe recipe = *recipe_from_flags(request, dir.path());
  for (const char* add : {"hello:/bin/", "own:/usr"})
    recipe.layers[0].files.push_back(recipe_from_flags({.adds = {add}}, dir.path())->layers[0].files[0]);
  recipe.layers[0].split_by_churn = true;
  std::map<std::string, Digest> digests;
  const auto lines = [&] {
    const auto layers = plan_layers(recipe, platform, 7, real_fs(), diagnostics);
    std::vector<std::string> out;
    for (const PlannedLayer& layer : *layers) {
      list(layer, out);
      digests.insert_or_assign(layer.name, layer.inputs->digest);
      for (const ClosureReason& reason : layer.reasons)
        EXPECT_EQ(reason.layer, layer.name);
    }
    return out;
  };
  EXPECT_THAT(lines(), ElementsAre("closure-system lib/aarch64-linux-gnu/libc.so.6",
                                   "closure-system lib/ld-linux-aarch64.so.1", "closure-libraries tmp 1777 0",
                                   "closure-libraries usr/lib/aarch64-linux-gnu/libz.so.1 -> libz.so.1.2",
                                   "closure-libraries usr/lib/aarch64-linux-gnu/libz.so.1.2",
                                   "closure-own-libraries usr/lib/libown.so.1", "closure-assets usr/share/page.html",
                                   "closure-programs bin/hello", "closure-programs usr/bin/tool"));
  EXPECT_EQ(errors(), "");

  // Another library of the system moves nothing else.
  const auto before = digests;
  put("sys/usr/lib/aarch64-linux-gnu/libnew.so.1", library("libnew.so.1"));
  recipe.layers[0].dlopen.push_back({"libnew.so.1", {}});
  EXPECT_THAT(lines(), ::testing::Contains("closure-libraries usr/lib/aarch64-linux-gnu/libnew.so.1"));
  for (const auto& [name, digest] : digests)
    EXPECT_EQ(digest == before.at(name), name != "closure-libraries") << name;
}

TEST_F(ClosurePlannerTest, FilesThatAnybodyMayChangeOrThatLendRightsAreToldOf) {
  put("tool", "#!/bin/true\n");
  AdHocRequest request;
  request.adds = {"tool:/open:0666", "tool:/suid:4755", "tool:/sgid:2755", "tool:/plain:0755"};
  Recipe recipe = *recipe_from_flags(request, dir.path());
  ASSERT_TRUE(plan_layers(recipe, platform, 7, real_fs(), diagnostics));
  EXPECT_EQ(warnings(),
            "/open is writable by every user (mode 0666)\n/sgid runs with the rights of its group (mode 2755)\n"
            "/suid runs with the rights of its owner (mode 4755)\n");
  recipe.strict = true;
  diagnostics = {};
  ASSERT_TRUE(plan_layers(recipe, platform, 7, real_fs(), diagnostics));
  EXPECT_THAT(errors(), HasSubstr("12 "));
  EXPECT_THAT(errors(), HasSubstr("/open is writable by every user"));
}

struct ProfileRow {
  const char* name;
  const char* call;    ///< a function that tells of it
  const char* needed;  ///< or a library
  const char* file;    ///< of the profile, below the library folder
};

class Profiles : public ClosurePlannerTest, public ::testing::WithParamInterface<ProfileRow> {};

TEST_P(Profiles, AreToldOfAndTakenWithWhatTheyNeedThemselves) {
  const ProfileRow& row = GetParam();
  const std::string folder = "usr/lib/aarch64-linux-gnu/";
  put("sys/" + folder + "libinner.so.1", library("libinner.so.1"));
  put("sys/" + folder + row.file, library(stdfs::path(row.file).filename(), {"libinner.so.1"}));
  std::vector<std::string> needed = {"libc.so.6"}, imports;
  if (*row.needed != 0) {
    put("sys/" + folder + row.needed, library(row.needed));
    needed.emplace_back(row.needed);
  }
  if (*row.call != 0) imports.emplace_back(row.call);
  put("hello", program(needed, imports));
  const std::string taken = "closure " + folder + row.file;

  EXPECT_THAT(plan(), ::testing::Not(::testing::Contains(taken)));
  EXPECT_THAT(warnings(), HasSubstr(fmt::format("profiles: [{}] ", row.name)));
  for (const char* word : {row.name, "auto"}) {
    const auto lines = plan([word](AdHocRequest& request) { request.profiles = {word}; });
    EXPECT_THAT(lines, ::testing::Contains(taken)) << word;
    EXPECT_THAT(lines, ::testing::Contains("closure " + folder + "libinner.so.1")) << word;
    EXPECT_THAT(warnings(), ::testing::Not(HasSubstr("profiles:")));
  }
  EXPECT_EQ(errors(), "");
  // Nobody who does not call for it hears of it.
  put("hello", program({"libc.so.6"}));
  EXPECT_THAT(plan([](AdHocRequest& request) { request.profiles = {"auto"}; }),
              ::testing::Not(::testing::Contains(taken)));
  plan();
  EXPECT_THAT(warnings(), ::testing::Not(HasSubstr("profiles:")));
}

INSTANTIATE_TEST_SUITE_P(All, Profiles,
                         ::testing::Values(ProfileRow{"nss", "getaddrinfo", "", "libnss_dns.so.2"},
                                           ProfileRow{"iconv", "iconv_open", "", "gconv/ISO8859-15.so"},
                                           ProfileRow{"openssl", "OSSL_PROVIDER_load", "", "ossl-modules/legacy.so"},
                                           ProfileRow{"sasl", "sasl_client_init", "", "sasl2/libplain.so.2"},
                                           ProfileRow{"pam", "pam_start", "", "security/pam_unix.so"},
                                           ProfileRow{"qt", "", "libQt6Gui.so.6", "qt6/plugins/platforms/libqxcb.so"},
                                           ProfileRow{"gtk", "", "libgtk-3.so.0",
                                                      "gdk-pixbuf-2.0/2.10.0/loaders/libpixbufloader-png.so"}),
                         [](const auto& row) { return row.param.name; });

TEST_F(ClosurePlannerTest, AFolderOfSetuidProgramsLosesOrigin) {
  put("tree/bin/tool",
      ElfBytes{.machine = 183, .interpreter = kLoader, .runpath = "$ORIGIN/../lib", .needed = {"libown.so"}}.str());
  put("tree/lib/libown.so", library("libown.so"));
  const auto errors_of = [&](bool keep, const std::string& add) {
    plan([&](AdHocRequest& request) {
      request.closures = {"tree/bin/tool"};
      request.adds = {"tree/lib:/opt/lib", add};
      request.preserve_modes = keep;
    });
    return errors();
  };
  EXPECT_EQ(errors_of(false, "tree/bin:/opt/bin"), "");
  EXPECT_THAT(errors_of(false, "tree/bin:/opt/bin:4755"),
              HasSubstr("needs libown.so, which the loader would not find"));
  ::chmod((dir.path() / "tree/bin/tool").c_str(), 02755);
  EXPECT_EQ(errors_of(false, "tree/bin:/opt/bin"), "") << "modes are not kept";
  EXPECT_THAT(errors_of(true, "tree/bin:/opt/bin"), HasSubstr("needs libown.so, which the loader would not find"));
}

TEST_F(ClosurePlannerTest, AnOpensslConfigurationThatActivatesProvidersIsATrace) {
  put("sys/usr/lib/aarch64-linux-gnu/ossl-modules/legacy.so", library("legacy.so"));
  put("openssl.cnf", "[provider_sect]\ndefault = default_sect\n# legacy = legacy_sect\n");
  const auto with_config = [](AdHocRequest& request) { request.adds = {"openssl.cnf:/etc/ssl/openssl.cnf"}; };
  plan(with_config);
  EXPECT_THAT(warnings(), ::testing::Not(HasSubstr("openssl")));
  put("openssl.cnf", "[provider_sect]\ndefault = default_sect\n legacy = legacy_sect\n");
  plan(with_config);
  EXPECT_THAT(warnings(), HasSubstr("use openssl.cnf, but the image will not have OpenSSL's providers"));
  const auto lines = plan([&](AdHocRequest& request) {
    with_config(request);
    request.profiles = {"auto"};
  });
  EXPECT_THAT(lines, ::testing::Contains("closure usr/lib/aarch64-linux-gnu/ossl-modules/legacy.so"));
}

TEST_F(ClosurePlannerTest, AProfileThatTheSystemHasNothingOfIsRefused) {
  plan([](AdHocRequest& request) { request.profiles = {"pam"}; });
  EXPECT_THAT(errors(), HasSubstr("has no files of the profile \"pam\""));
}

TEST_F(ClosurePlannerTest, TheSameLibraryIsNeverTwiceInOneImage) {
  put("second", program({"libz.so.1"}));
  EXPECT_EQ(plan([](AdHocRequest& r) { r.closures = {"hello", "second", "hello"}; }).size(), 4u);
  EXPECT_EQ(errors(), "");
}

TEST_F(ClosurePlannerTest, ProblemsNameTheProgramAndItsPlace) {
  put("lost", program({"libgone.so.3"}));
  plan([](AdHocRequest& r) { r.closures = {"lost"}; });
  EXPECT_THAT(errors(), HasSubstr("12 --closure: "));
  EXPECT_THAT(errors(), HasSubstr("lost needs libgone.so.3, which the loader would not find"));
  EXPECT_THAT(errors(), HasSubstr("the sysroot " + (dir.path() / "sys").native()));
  put("data", "no program at all");
  plan([](AdHocRequest& r) { r.closures = {"data", "nowhere"}; });
  EXPECT_THAT(errors(), HasSubstr("data is neither an ELF program or library nor a script"));
  EXPECT_THAT(errors(), HasSubstr("nowhere does not exist"));
  platform = *oci::Platform::parse("linux/amd64");
  plan();
  EXPECT_THAT(errors(), HasSubstr("hello is for linux/arm64, but the image is for linux/amd64"));
}

TEST_F(ClosurePlannerTest, RunTimeDataThatIsAlwaysTheSame) {
  const auto lines = plan([](AdHocRequest& r) {
    r.closures.clear();
    r.runtime = {"minimal", "tmp"};
  });
  EXPECT_THAT(lines, ElementsAre("closure etc/group", "closure etc/nsswitch.conf", "closure etc/passwd",
                                 "closure home/nonroot 700 65532", "closure root 700 0", "closure tmp 1777 0"));
}

TEST_F(ClosurePlannerTest, RunTimeDataRecognisedFromWhatIsCalled) {
  put("tls", program({}, {"SSL_CTX_set_default_verify_paths", "localtime"}));
  const auto tls = [](AdHocRequest& r) { r.closures = {"tls"}; };
  plan(tls);
  EXPECT_THAT(warnings(), HasSubstr("call SSL_CTX_set_default_verify_paths, but the image has no CA certificates"));
  plan([&](AdHocRequest& r) {
    tls(r);
    r.runtime = {"auto"};
  });
  EXPECT_EQ(errors(), "");
  EXPECT_THAT(warnings(),
              HasSubstr("etc/ssl/certs/ca-certificates.crt for the image's ca-certificates does not exist"));
  plan([&](AdHocRequest& r) { r.runtime = {"tzdata"}; });
  EXPECT_THAT(errors(), HasSubstr("install Debian's package tzdata"));
  put("sys/etc/ssl/certs/ca-certificates.crt", "certificates");
  put("sys/usr/share/zoneinfo/Europe/Paris", "TZif");
  put("sys/usr/share/zoneinfo/right/Europe/Paris", "TZif");
  const auto lines = plan([&](AdHocRequest& r) {
    tls(r);
    r.runtime = {"auto"};
  });
  EXPECT_THAT(lines, ::testing::IsSupersetOf({"closure etc/ssl/certs/ca-certificates.crt",
                                              "closure usr/lib/ssl/cert.pem -> /etc/ssl/certs/ca-certificates.crt",
                                              "closure usr/share/zoneinfo/Europe/Paris", "closure tmp 1777 0"}));
  EXPECT_THAT(lines, ::testing::Not(::testing::Contains(HasSubstr("right"))));
  EXPECT_EQ(errors(), "");
  EXPECT_THAT(warnings(), ::testing::Not(HasSubstr("certificates")));
}

constexpr const char* kStatus =
    "Package: libc6\nStatus: install ok installed\nArchitecture: arm64\nMulti-Arch: same\nVersion: 2.36-9\n"
    "Conffiles:\n /etc/ld.so.conf 12\nDescription: the\n C library\n\n"
    "Package: zlib1g\nStatus: install ok installed\nArchitecture: arm64\nVersion: 1:1.2\n\n"
    "Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n\n"
    "Package: ../evil\nStatus: install ok installed\n\nVersion: nameless\nStatus: install ok installed\n";

TEST(DpkgDatabase, InstalledPackagesAndTheirFields) {
  const auto packages = parse_dpkg_status(kStatus);
  ASSERT_EQ(packages.size(), 2u);
  EXPECT_EQ(packages[0].name + packages[0].version + packages[0].architecture, "libc62.36-9arm64");
  EXPECT_TRUE(packages[0].several_architectures && !packages[1].several_architectures);
  EXPECT_EQ(packages[0].stanza,
            "Package: libc6\nStatus: install ok installed\nArchitecture: arm64\nMulti-Arch: same\nVersion: 2.36-9\n"
            "Description: the\n C library\n");
  EXPECT_TRUE(parse_dpkg_status("").empty());
  EXPECT_TRUE(parse_dpkg_status("no field at all\n: :\n\n\n").empty());
}

TEST_F(ClosurePlannerTest, PackagesThatTheFilesAreFrom) {
  const auto ask = [](AdHocRequest& r) { r.runtime = {"dpkg-status"}; };
  plan(ask);
  EXPECT_THAT(errors(), HasSubstr("has no dpkg database"));
  put("sys/var/lib/dpkg/status", kStatus);
  // libc6 was made before /lib was merged into /usr, or the other way round.
  put("sys/var/lib/dpkg/info/libc6:arm64.list", "/.\n/usr/lib\n/usr/lib/aarch64-linux-gnu/libc.so.6\n");
  put("sys/var/lib/dpkg/info/zlib1g.list", "/usr/share/doc/zlib1g\n");
  EXPECT_THAT(plan(ask), ::testing::Contains("closure var/lib/dpkg/status.d/libc6"));
  EXPECT_EQ(errors(), "");
  EXPECT_THAT(plan(ask), ::testing::Not(::testing::Contains(HasSubstr("status.d/zlib1g"))));
  put("sys/var/lib/dpkg/info/zlib1g.list", "/usr/lib/aarch64-linux-gnu/libz.so.1.2");
  EXPECT_THAT(plan([](AdHocRequest& r) { r.runtime = {"auto"}; }),
              ::testing::Contains("closure var/lib/dpkg/status.d/zlib1g"));
}

TEST_F(ClosurePlannerTest, WeakProgramsAreWarnedOfOrRefused) {
  plan();
  EXPECT_EQ(errors(), "");
  EXPECT_THAT(warnings(), HasSubstr("hello: its relocated data stays writable"));
  put("leaky", program({}) + (dir.path() / "src/main.c").native());
  AdHocRequest request;
  request.closures = {"leaky"};
  request.sysroot = "sys";
  Recipe recipe = *recipe_from_flags(request, dir.path());
  recipe.strict = true;
  ASSERT_TRUE(plan_layers(recipe, platform, 7, real_fs(), diagnostics));
  EXPECT_THAT(errors(), HasSubstr("12 --closure: "));
  EXPECT_THAT(errors(), HasSubstr("leaky: it has the build folder " + dir.path().native()));
}

TEST_F(ClosurePlannerTest, OneFindingIsOneLineHoweverManyProgramsHaveIt) {
  for (const char* name : {"a", "b", "c", "d", "e"})
    put(std::string("tree/") + name, program({}));
  AdHocRequest request;
  request.closures = {"tree"};
  request.sysroot = "sys";
  ASSERT_TRUE(plan_layers(*recipe_from_flags(request, dir.path()), platform, 7, real_fs(), diagnostics));
  const std::string text = warnings();
  std::size_t lines = 0;
  for (std::size_t at = text.find("stays writable"); at != std::string::npos; at = text.find("stays writable", at + 1))
    ++lines;
  EXPECT_EQ(lines, 1u) << text;
  EXPECT_THAT(text, HasSubstr("and 2 more"));
}

TEST_F(ClosurePlannerTest, SeparateDebugFilesInAFolderArePassedOver) {
  put("tree/hello", program({}));
  std::string cut = program({});
  put("tree/hello.debug", cut.substr(0, 100));
  AdHocRequest request;
  request.closures = {"tree"};
  request.sysroot = "sys";
  ASSERT_TRUE(plan_layers(*recipe_from_flags(request, dir.path()), platform, 7, real_fs(), diagnostics));
  EXPECT_EQ(errors(), "");
}

TEST_F(ClosurePlannerTest, EveryFileHasItsReason) {
  AdHocRequest request;
  request.closures = {"hello", "hello"};
  request.sysroot = "sys";
  const auto layers = plan_layers(*recipe_from_flags(request, dir.path()), platform, 7, real_fs(), diagnostics);
  ASSERT_TRUE(layers);
  std::string reasons;
  for (const ClosureReason& reason : layers->front().reasons)
    reasons += fmt::format("{} {} {}\n", reason.path, reason.name, stdfs::path(reason.needed_by).filename().native());
  EXPECT_EQ(reasons,
            "/lib/ld-linux-aarch64.so.1 /lib/ld-linux-aarch64.so.1 hello\n"
            "/usr/lib/aarch64-linux-gnu/libz.so.1 libz.so.1 hello\n"
            "/lib/aarch64-linux-gnu/libc.so.6 libc.so.6 hello\n");
}

TEST_F(ClosurePlannerTest, UnknownKindsAreRefusedWithTheList) {
  AdHocRequest request;
  request.runtime = {"certs"};
  const auto recipe = recipe_from_flags(request, dir.path());
  ASSERT_FALSE(recipe);
  EXPECT_THAT(recipe.error().describe(), HasSubstr("\"certs\" is not a kind of run-time data"));
  EXPECT_THAT(recipe.error().describe(), HasSubstr("auto, minimal, passwd"));
}

}  // namespace
}  // namespace slipway::builder
