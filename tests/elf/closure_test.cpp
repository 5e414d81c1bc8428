#include "slipway/elf/closure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "support/elf_bytes.h"
#include "support/temp_dir.h"

namespace slipway::elf {
namespace {

using test::ElfBytes;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kLoader = "/lib64/ld-linux-x86-64.so.2";

/// A system on disk.
class System {
 public:
  explicit System(const std::string& name) : root_(real_fs(), dir_.path(), name) {}

  void put(const std::string& path, const std::string& bytes) const {
    const stdfs::path file = dir_.path() / path.substr(1);
    stdfs::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << bytes;
  }
  void link(const std::string& path, const std::string& text) const {
    const stdfs::path file = dir_.path() / path.substr(1);
    stdfs::create_directories(file.parent_path());
    stdfs::create_symlink(text, file);
  }
  void library(const std::string& path, std::vector<std::string> needed = {}, ElfBytes elf = {}) const {
    elf.needed = std::move(needed);
    if (elf.soname.empty()) elf.soname = name_in(path);
    put(path, elf.str());
  }
  void program(const std::string& path, std::vector<std::string> needed, ElfBytes elf = {}) const {
    elf.needed = std::move(needed);
    if (elf.interpreter.empty()) elf.interpreter = kLoader;
    put(path, elf.str());
  }
  /// Loader and C library where Debian has them.
  void libc(const std::string& newest = "GLIBC_2.36") const {
    ElfBytes loader;
    loader.soname = "ld-linux-x86-64.so.2";
    put(kLoader, loader.str());
    ElfBytes c;
    c.versions = {"GLIBC_2.2.5", "GLIBC_2.9", newest};
    library("/lib/x86_64-linux-gnu/libc.so.6", {"ld-linux-x86-64.so.2"}, c);
  }
  DiskRoot& root() { return root_; }
  stdfs::path path() const { return dir_.path(); }

 private:
  test::TempDir dir_;
  DiskRoot root_;
};

class ClosureTest : public ::testing::Test {
 protected:
  Closure closure(const std::string& path, const std::vector<std::string>& extra = {}) {
    auto found = host.root().find(path);
    EXPECT_TRUE(found && *found) << path;
    return closure_of({**found, {}}, extra);
  }
  Closure closure_of(const Input& input, const std::vector<std::string>& extra = {}) {
    auto closure = find_closure(roots, input, extra);
    EXPECT_TRUE(closure) << closure.error().describe();
    return closure ? *std::move(closure) : Closure();
  }
  static std::vector<std::string> paths(const Closure& closure) {
    std::vector<std::string> out;
    for (const ClosureFile& file : closure.files)
      out.push_back(file.file.path);
    return out;
  }
  static std::string problems(const Closure& closure) {
    std::string out;
    for (const Error& error : closure.problems)
      out += error.describe() + "\n";
    return out;
  }

  System host{"this machine"}, base{"the base debian:12"};
  Roots roots{{}, &host.root(), nullptr};
};

TEST_F(ClosureTest, BreadthFirstOnceEachWithTheLinksKept) {
  host.libc();
  host.library("/usr/lib/x86_64-linux-gnu/libb.so.1.2.3", {"libc.so.6", "liba.so.1"}, {.soname = "libb.so.1"});
  host.link("/usr/lib/x86_64-linux-gnu/libb.so.1", "libb.so.1.2");
  host.link("/usr/lib/x86_64-linux-gnu/libb.so.1.2", "libb.so.1.2.3");
  host.library("/lib/x86_64-linux-gnu/liba.so.1", {"libb.so.1"});
  host.program("/bin/p", {"libb.so.1", "libc.so.6"});
  const Closure c = closure("/bin/p");
  EXPECT_THAT(paths(c), ElementsAre(kLoader, "/usr/lib/x86_64-linux-gnu/libb.so.1", "/lib/x86_64-linux-gnu/libc.so.6",
                                    "/lib/x86_64-linux-gnu/liba.so.1"));
  const FoundFile& b = c.files[1].file;
  ASSERT_EQ(b.links.size(), 2u);
  EXPECT_EQ(b.links[1].path + " " + b.links[1].text, "/usr/lib/x86_64-linux-gnu/libb.so.1.2 libb.so.1.2.3");
  EXPECT_EQ(b.target, "/usr/lib/x86_64-linux-gnu/libb.so.1.2.3");
  EXPECT_EQ(c.files[3].needed_by, "/usr/lib/x86_64-linux-gnu/libb.so.1");
  EXPECT_EQ(problems(c), "");
}

TEST_F(ClosureTest, AnRpathReachesTheWholeChainARunpathOneObject) {
  host.libc();
  host.library("/opt/x/liba.so", {"libb.so"});
  host.library("/opt/x/libb.so");
  host.program("/bin/rpath", {"liba.so"}, {.rpath = "/opt/x"});
  host.program("/bin/runpath", {"liba.so"}, {.runpath = "/opt/x"});
  EXPECT_THAT(paths(closure("/bin/rpath")), ElementsAre(kLoader, "/opt/x/liba.so", "/opt/x/libb.so"));
  const Closure c = closure("/bin/runpath");
  EXPECT_THAT(paths(c), ElementsAre(kLoader, "/opt/x/liba.so"));
  EXPECT_THAT(problems(c), HasSubstr("/opt/x/liba.so needs libb.so, which the loader would not find"));
  // An object's own RUNPATH silences the RPATHs above it.
  host.library("/opt/y/liba.so", {"libb.so"}, {.runpath = "/nowhere"});
  host.program("/bin/both", {"liba.so"}, {.rpath = "/opt/y:/opt/x"});
  EXPECT_THAT(problems(closure("/bin/both")), HasSubstr("/opt/y/liba.so needs libb.so"));
}

TEST_F(ClosureTest, TheImagesLibraryPathComesBetweenRpathAndRunpath) {
  host.libc();
  for (const char* folder : {"/rpath", "/env", "/runpath"})
    host.library(std::string(folder) + "/liba.so");
  host.library("/env/libb.so");
  host.library("/runpath/libb.so");
  host.program("/bin/p", {"liba.so", "libb.so"}, {.runpath = "/runpath"});
  host.program("/bin/q", {"liba.so"}, {.rpath = "/rpath"});
  roots.rules.library_path = {"/env"};
  EXPECT_THAT(paths(closure("/bin/p")), ElementsAre(kLoader, "/env/liba.so", "/env/libb.so"));
  EXPECT_THAT(paths(closure("/bin/q")), ElementsAre(kLoader, "/rpath/liba.so"));
  roots.rules.library_path = {"env"};
  EXPECT_THAT(paths(closure("/bin/p")), ElementsAre(kLoader, "/env/liba.so", "/env/libb.so")) << "from the workdir";
}

TEST_F(ClosureTest, PrivilegedProgramsLoseLibraryPathAndOrigin) {
  host.libc();
  host.library("/opt/lib/liba.so");
  host.program("/opt/bin/p", {"liba.so"}, {.runpath = "$ORIGIN/../lib"});
  auto found = host.root().find("/opt/bin/p");
  Input input{**found, {}};
  EXPECT_EQ(problems(closure_of(input)), "");
  input.privileged = true;
  roots.rules.library_path = {"/opt/lib"};
  EXPECT_THAT(problems(closure_of(input)), HasSubstr("needs liba.so"));
}

TEST_F(ClosureTest, RelativeNamesStartFromTheWorkdir) {
  host.libc();
  host.library("/srv/lib/x.so");
  host.program("/bin/p", {"./lib/x.so"});
  EXPECT_THAT(problems(closure("/bin/p")), HasSubstr("needs ./lib/x.so"));
  roots.rules.workdir = "/srv";
  EXPECT_THAT(paths(closure("/bin/p")), ElementsAre(kLoader, "/srv/lib/x.so"));
}

TEST_F(ClosureTest, AVariantForNewerProcessorsIsBetterThanNone) {
  host.libc();
  host.library("/usr/lib/x86_64-linux-gnu/glibc-hwcaps/x86-64-v3/liba.so");
  host.library("/usr/lib/x86_64-linux-gnu/glibc-hwcaps/x86-64-v2/liba.so");
  host.program("/bin/p", {"liba.so"});
  const Closure c = closure("/bin/p");
  EXPECT_THAT(paths(c), ElementsAre(kLoader, "/usr/lib/x86_64-linux-gnu/glibc-hwcaps/x86-64-v2/liba.so"));
  ASSERT_EQ(c.warnings.size(), 1u);
  EXPECT_THAT(c.warnings[0].message, HasSubstr("exists for x86-64-v2 processors only"));
  host.library("/usr/lib/x86_64-linux-gnu/glibc-hwcaps/x86-64-v2/libb.so");
  host.library("/usr/lib/x86_64-linux-gnu/libb.so");
  host.program("/bin/q", {"libb.so"});
  EXPECT_THAT(paths(closure("/bin/q")), ElementsAre(kLoader, "/usr/lib/x86_64-linux-gnu/libb.so"));
}

TEST_F(ClosureTest, LibrariesThatComeOtherwiseAreNotLookedFor) {
  host.libc();
  host.program("/bin/p", {"libdriver.so.1", "libc.so.6"});
  EXPECT_THAT(problems(closure("/bin/p")), HasSubstr("needs libdriver.so.1"));
  roots.rules.without = {"libdriver.so.1"};
  EXPECT_EQ(problems(closure("/bin/p")), "");
}

TEST_F(ClosureTest, TheCLibraryOpensWhatAnyObjectAsksItFor) {
  host.libc();
  host.library("/usr/lib/x86_64-linux-gnu/libgcc_s.so.1");
  host.library("/usr/lib/x86_64-linux-gnu/libt.so", {}, {.imports = {"pthread_cancel"}});
  host.program("/bin/p", {"libt.so"});
  EXPECT_THAT(paths(closure("/bin/p")),
              ElementsAre(kLoader, "/usr/lib/x86_64-linux-gnu/libt.so", "/usr/lib/x86_64-linux-gnu/libgcc_s.so.1"));
}

TEST_F(ClosureTest, EnvFindsInterpretersInTheImagesPath) {
  host.libc();
  host.program("/opt/py/bin/python3", {"libc.so.6"});
  host.program("/usr/bin/env", {"libc.so.6"});
  host.put("/bin/s", "#!/usr/bin/env python3\n");
  EXPECT_THAT(problems(closure("/bin/s")), HasSubstr("a script for python3"));
  roots.rules.program_folders = {"/opt/py/bin"};
  EXPECT_EQ(problems(closure("/bin/s")), "");
}

TEST_F(ClosureTest, TokensOfARunpath) {
  host.libc();
  host.library("/opt/lib/libo.so");
  host.library("/opt/lib/x86_64-linux-gnu/libl.so");
  host.library("/opt/x86_64/libp.so");
  host.library("/opt/bin/relative/libr.so");
  host.program("/opt/bin/p", {"libo.so", "libl.so", "libp.so"},
               {.runpath = "$ORIGINAL:relative::${ORIGIN}/../lib:$ORIGIN/../$LIB:/opt/$PLATFORM"});
  const Closure c = closure("/opt/bin/p");
  EXPECT_THAT(paths(c),
              ElementsAre(kLoader, "/opt/lib/libo.so", "/opt/lib/x86_64-linux-gnu/libl.so", "/opt/x86_64/libp.so"));
  host.link("/usr/bin/linked", "/opt/bin/p");
  EXPECT_EQ(paths(closure("/usr/bin/linked")).size(), 4u) << "the kernel tells where the program really is";
}

TEST_F(ClosureTest, LdSoConfAndWhatBridgesIt) {
  host.libc();
  host.put("/etc/ld.so.conf", "# c\ninclude ld.so.conf.d/*.conf /etc/more\n/opt/late\nhwcap 1 x\n");
  host.put("/etc/ld.so.conf.d/b.conf", "/opt/b\n");
  host.put("/etc/ld.so.conf.d/a.conf", "/opt/a=libc6, /opt/a2\ninclude /etc/ld.so.conf\n");
  host.put("/etc/ld.so.conf.d/ignored", "/opt/ignored\n");
  for (const char* folder : {"/opt/b", "/opt/a2", "/opt/late", "/opt/ignored"})
    host.library(std::string(folder) + "/libx.so.1");
  host.program("/bin/p", {"libx.so.1", "libc.so.6"});
  const Closure c = closure("/bin/p");
  EXPECT_THAT(paths(c), ElementsAre(kLoader, "/opt/a2/libx.so.1", "/lib/x86_64-linux-gnu/libc.so.6"));
  ASSERT_EQ(c.bridges.size(), 1u) << "a scratch image has no ld.so.conf";
  EXPECT_EQ(c.bridges[0].path + " " + c.bridges[0].text, "/lib/x86_64-linux-gnu/libx.so.1 /opt/a2/libx.so.1");
}

TEST_F(ClosureTest, OtherMachinesAndOtherFilesArePassedOver) {
  host.libc();
  host.library("/lib/x86_64-linux-gnu/libx.so", {}, {.bits = 32, .machine = 3});
  host.library("/usr/lib/x86_64-linux-gnu/libx.so", {}, {.machine = 183});
  host.put("/lib/libx.so", "/* GNU ld script */");
  host.library("/usr/lib/libx.so");
  host.program("/bin/p", {"libx.so"});
  EXPECT_THAT(paths(closure("/bin/p")), ElementsAre(kLoader, "/usr/lib/libx.so"));
  host.program("/bin/nodefault", {"libx.so"}, {.flags_1 = 0x800});
  EXPECT_THAT(problems(closure("/bin/nodefault")), HasSubstr("needs libx.so"));
}

TEST_F(ClosureTest, MuslHasItsOwnFoldersAndInheritsEveryRunpath) {
  for (const char* path : {"/etc/passwd", "/there/is"})
    host.put(path, "something, since folders are looked at once");
  host.put("/lib/ld-musl-x86_64.so.1", ElfBytes{}.str());
  host.library("/usr/local/lib/liba.so", {"libb.so", "libc.musl-x86_64.so.1"});
  host.library("/opt/x/libb.so");
  host.program("/bin/p", {"liba.so", "libc.musl-x86_64.so.1"},
               {.interpreter = "/lib/ld-musl-x86_64.so.1", .runpath = "/opt/x"});
  EXPECT_THAT(paths(closure("/bin/p")),
              ElementsAre("/lib/ld-musl-x86_64.so.1", "/usr/local/lib/liba.so", "/opt/x/libb.so"));
  host.put("/etc/ld-musl-x86_64.path", "/only\n/here:/there\n");
  EXPECT_THAT(problems(closure("/bin/p")), HasSubstr("/bin/p needs liba.so"));
  host.library("/there/liba.so");
  EXPECT_THAT(paths(closure("/bin/p")), ElementsAre("/lib/ld-musl-x86_64.so.1", "/there/liba.so"));
}

TEST_F(ClosureTest, WhatTheImageHasComesFirstAndIsProved) {
  host.libc("GLIBC_2.38");
  base.libc("GLIBC_2.36");
  host.library("/usr/lib/x86_64-linux-gnu/libonly.so", {"libc.so.6"});
  host.program("/bin/p", {"libonly.so", "libc.so.6"}, {.version_needs = {{"libc.so.6", "GLIBC_2.38"}}});
  EXPECT_EQ(problems(closure("/bin/p")), "") << "its own libc comes along";
  roots.image = {&base.root()};
  const Closure c = closure("/bin/p");
  ASSERT_EQ(c.files.size(), 3u);
  EXPECT_EQ(c.files[0].file.root, &base.root());
  EXPECT_EQ(c.files[1].file.root, &host.root());
  EXPECT_EQ(c.files[2].file.root, &base.root());
  ASSERT_EQ(c.problems.size(), 1u);
  EXPECT_EQ(c.problems[0].code, Errc::verification_failed);
  EXPECT_EQ(
      c.problems[0].message,
      "/bin/p needs GLIBC_2.38 of libc.so.6, but /lib/x86_64-linux-gnu/libc.so.6 (the base debian:12) has nothing "
      "newer than GLIBC_2.36");
  EXPECT_THAT(c.problems[0].hint, HasSubstr("choose a base with glibc >= 2.38"));
}

TEST_F(ClosureTest, VersionsAreComparedAsNumbers) {
  host.libc("GLIBC_2.10");
  ElfBytes cxx;
  cxx.versions = {"GLIBCXX_3.4.9", "GLIBCXX_3.4.30", "CXXABI_1.3"};
  host.library("/usr/lib/x86_64-linux-gnu/libstdc++.so.6", {}, cxx);
  host.library("/usr/lib/x86_64-linux-gnu/libplain.so");
  host.program("/bin/p", {"libstdc++.so.6", "libplain.so"},
               {.version_needs = {{"libstdc++.so.6", "GLIBCXX_3.4.32"}, {"libplain.so", "V1"}, {"libgone.so", "V1"}}});
  const Closure c = closure("/bin/p");
  ASSERT_EQ(c.problems.size(), 1u);
  EXPECT_THAT(c.problems[0].describe(), HasSubstr("nothing newer than GLIBCXX_3.4.30"));
  EXPECT_THAT(c.problems[0].describe(), HasSubstr("a base with GLIBCXX >= 3.4.32"));
  ASSERT_EQ(c.warnings.size(), 1u);
  EXPECT_THAT(c.warnings[0].message, HasSubstr("libplain.so has no version information"));
}

TEST_F(ClosureTest, AWeakVersionNeedThatNobodyDefinesIsNotAProblem) {
  host.libc("GLIBC_2.10");
  for (const bool weak : {true, false}) {
    host.program(weak ? "/bin/weak" : "/bin/strong", {"libc.so.6"},
                 {.version_needs = {{"libc.so.6", "GLIBC_ABI_DT_RELR"}}, .weak_needs = weak});
  }
  EXPECT_EQ(problems(closure("/bin/weak")), "");
  EXPECT_THAT(problems(closure("/bin/strong")), HasSubstr("GLIBC_ABI_DT_RELR"));
}

TEST_F(ClosureTest, ASuggestedLibraryIsNotLoadedThoughItIsThere) {
  host.libc();
  host.library("/lib/x86_64-linux-gnu/libsuggested.so");
  host.library("/lib/x86_64-linux-gnu/librecommended.so");
  ElfBytes elf;
  elf.notes = test::elf_note("FDO", 0x407c0c0a,
                             R"([{"soname":["libsuggested.so"],"priority":"suggested"},)"
                             R"({"soname":["librecommended.so"],"priority":"recommended"}])");
  host.program("/bin/p", {}, elf);
  EXPECT_THAT(paths(closure("/bin/p")), ElementsAre(kLoader, "/lib/x86_64-linux-gnu/librecommended.so"));
}

TEST_F(ClosureTest, WhatIsNotThereIsNamed) {
  host.program("/bin/p", {});
  EXPECT_THAT(problems(closure("/bin/p")), HasSubstr("its loader /lib64/ld-linux-x86-64.so.2 does not exist"));
  host.put(kLoader, ElfBytes{.machine = 183}.str());
  System fresh("x");
  roots.supply = &fresh.root();
  fresh.put(kLoader, ElfBytes{.machine = 183}.str());
  EXPECT_THAT(problems(closure("/bin/p")), HasSubstr("is for another machine"));
}

TEST_F(ClosureTest, OriginOfAProgramThatLiesElsewhereUntilThen) {
  host.libc();
  System build("the build");
  build.library("/out/lib/libown.so", {"libpeer.so"}, {.runpath = "$ORIGIN"});
  build.library("/out/lib/libpeer.so");
  build.program("/out/bin/p", {"libown.so"}, {.runpath = "$ORIGIN/../lib"});
  roots.local = &build.root();
  FoundFile program = **build.root().find("/out/bin/p");
  program.path = program.target = "/usr/bin/p";
  EXPECT_THAT(problems(closure_of({program, {}})), HasSubstr("needs libown.so"));
  const Closure c = closure_of({program, "/out/bin"});
  EXPECT_EQ(problems(c), "");
  ASSERT_EQ(c.files.size(), 3u);
  EXPECT_EQ(c.files[1].file.target, "/usr/lib/libown.so");
  EXPECT_EQ(c.files[1].file.source, build.path() / "out/lib/libown.so");
}

TEST_F(ClosureTest, ScriptsStaticProgramsAndRunTimeLibraries) {
  host.libc();
  host.library("/lib/x86_64-linux-gnu/libwish.so.2");
  host.library("/lib/x86_64-linux-gnu/libplugin.so");
  host.library("/lib/x86_64-linux-gnu/libgcc_s.so.1", {"libc.so.6"});
  const std::string notes =
      R"([{"soname":["libwish.so.1","libwish.so.2"],"priority":"recommended"},)"
      R"({"soname":["libno.so"],"priority":"suggested"},{"soname":["libgone.so"],"priority":"required"}])";
  ElfBytes elf;
  elf.notes = test::elf_note("FDO", 0x407c0c0a, notes);
  elf.imports = {"pthread_cancel"};
  host.program("/usr/bin/python", {}, elf);
  host.program("/usr/bin/env", {});
  host.put("/bin/script", "#! /usr/bin/env -S python -u\nprint()\n");
  const Closure c = closure("/bin/script");
  EXPECT_THAT(paths(c),
              ElementsAre("/usr/bin/env", kLoader, "/usr/bin/python", kLoader, "/lib/x86_64-linux-gnu/libwish.so.2",
                          "/lib/x86_64-linux-gnu/libgcc_s.so.1", "/lib/x86_64-linux-gnu/libc.so.6"));
  EXPECT_TRUE(c.files[4].at_run_time);
  ASSERT_EQ(c.warnings.size(), 1u);
  EXPECT_THAT(c.warnings[0].message, HasSubstr("libgone.so"));
  EXPECT_THAT(paths(closure("/usr/bin/env", {"libplugin.so"})),
              ElementsAre(kLoader, "/lib/x86_64-linux-gnu/libplugin.so"));
  EXPECT_THAT(problems(closure("/usr/bin/env", {"libtypo.so"})), HasSubstr("libtypo.so"));
  ElfBytes fixed;
  fixed.fixed = true;
  host.put("/bin/static-pie", fixed.str());
  EXPECT_THAT(paths(closure("/bin/static-pie")), IsEmpty());
  host.put("/bin/lost", "#!/bin/nowhere\n");
  EXPECT_THAT(problems(closure("/bin/lost")), HasSubstr("script for /bin/nowhere"));
}

TEST_F(ClosureTest, RunTimeLibrariesBringWhatTheyNeed) {
  host.libc();
  host.program("/usr/bin/p", {});
  host.library("/lib/x86_64-linux-gnu/libplugin.so", {"libmiddle.so"});
  host.library("/lib/x86_64-linux-gnu/libmiddle.so", {"libdeep.so"});
  host.library("/lib/x86_64-linux-gnu/libdeep.so");
  host.library("/lib/x86_64-linux-gnu/libbroken.so", {"libnowhere.so"});
  const Closure c = closure("/usr/bin/p", {"libplugin.so"});
  EXPECT_THAT(paths(c), ElementsAre(kLoader, "/lib/x86_64-linux-gnu/libplugin.so", "/lib/x86_64-linux-gnu/libmiddle.so",
                                    "/lib/x86_64-linux-gnu/libdeep.so"));
  EXPECT_TRUE(c.files[3].at_run_time);
  EXPECT_THAT(problems(closure("/usr/bin/p", {"libbroken.so"})), HasSubstr("needs libnowhere.so"));
}

TEST_F(ClosureTest, CirclesEnd) {
  host.libc();
  host.link("/lib/x86_64-linux-gnu/liba.so", "libb.so");
  host.link("/lib/x86_64-linux-gnu/libb.so", "liba.so");
  host.link("/opt/loop", "loop");
  host.library("/usr/lib/libself.so", {"libself.so"});
  host.program("/bin/p", {"liba.so", "libself.so"}, {.runpath = "/opt/loop/x"});
  EXPECT_THAT(problems(closure("/bin/p")), HasSubstr("needs liba.so"));
}

TEST_F(ClosureTest, DamageIsAnErrorNotAnAbsence) {
  host.libc();
  host.put("/lib/x86_64-linux-gnu/libx.so", ElfBytes{}.str().substr(0, 100));
  host.program("/bin/p", {"libx.so"});
  auto found = host.root().find("/bin/p");
  const auto closure = find_closure(roots, {**found, {}});
  ASSERT_FALSE(closure);
  EXPECT_EQ(closure.error().code, Errc::malformed);
}

TEST(DiskRoot, FoldersThatAreSymlinks) {
  System system("s");
  system.put("/usr/lib/x/libreal.so.1.0", "x");
  system.link("/lib", "usr/lib");
  system.link("/usr/lib/x/libreal.so.1", "libreal.so.1.0");
  system.link("/usr/lib/y/up.so", "../x/libreal.so.1");
  system.link("/odd", "usr/lib/y");
  auto found = system.root().find("/lib/x/../x//libreal.so.1");
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->path + " " + (*found)->target + " " + (*found)->real,
            "/lib/x/libreal.so.1 /lib/x/libreal.so.1.0 /usr/lib/x/libreal.so.1.0");
  found = system.root().find("/odd/up.so");
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->links.front().text, "/usr/lib/x/libreal.so.1") << "/odd/../x is not there";
  EXPECT_FALSE(*system.root().find("/usr"));
  EXPECT_FALSE(*system.root().find("/usr/lib/x/libreal.so.1.0/below"));
  EXPECT_THAT(*system.root().list("/lib/y"), ElementsAre("up.so"));
}

}  // namespace
}  // namespace slipway::elf
