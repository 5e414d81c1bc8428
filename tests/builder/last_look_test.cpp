#include "builder/last_look.h"

#include "builder/build_fixture.h"
#include "slipway/base/clock.h"
#include "slipway/base/forwarding_fs.h"
#include "slipway/base/subprocess.h"
#include "slipway/builder/build_cache.h"
#include "slipway/elf/object.h"
#include "support/elf_bytes.h"
#include "support/fake_clock.h"

namespace slipway::builder {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class LastLook : public BuildTest {
 protected:
  void SetUp() override {
    BuildTest::SetUp();
    put(dir.path() / "static", elf(62), 0755);
    put(dir.path() / "arm", elf(183), 0755);
    put(dir.path() / "script", "#!/bin/sh -e\n", 0755);
    put(dir.path() / "env-script", "#!/usr/bin/env -S python3 -u\n", 0755);
    put(dir.path() / "plain", "text", 0644);
    put(dir.path() / "no-program", "text", 0755);
  }
  /// "! MESSAGE" for what is fatal, the message alone otherwise.
  std::vector<std::string> look(const Recipe& recipe) {
    Diagnostics diagnostics;
    const auto inputs = read_inputs(recipe, request, services);
    EXPECT_TRUE(inputs) << inputs.error().describe();
    const auto plans = plan_platforms(recipe, request, *inputs, services, diagnostics);
    EXPECT_TRUE(plans) << plans.error().describe();
    if (!plans) return {"no plan"};
    std::vector<std::string> out;
    for (const PlatformPlan& plan : *plans) {
      const auto findings = look_at_image(recipe, plan, real_fs());
      EXPECT_TRUE(findings) << findings.error().describe();
      for (const Finding& finding : *findings) {
        EXPECT_EQ(finding.error.code, Errc::verification_failed);
        EXPECT_FALSE(finding.error.hint.empty()) << finding.error.message;
        out.push_back((finding.of_entrypoint ? "! " : "") + finding.error.message);
      }
    }
    return out;
  }
  std::vector<std::string> look(std::vector<std::string> adds, const std::string& entrypoint,
                                const std::function<void(AdHocRequest&)>& change = {}) {
    return look(flags([&](AdHocRequest& typed) {
      typed.adds = std::move(adds);
      typed.entrypoint = entrypoint;
      typed.platforms = {"linux/amd64"};
      if (change) change(typed);
    }));
  }
  /// A dynamic program of this machine, as the compiler makes it.
  stdfs::path compiled(const std::string& name) {
    put(dir.path() / "main.c", "#include <stdio.h>\nint main(void) { return puts(\"hi\") < 0; }\n");
    Command cc;
    cc.argv = {"cc", "-o", (dir.path() / name).native(), (dir.path() / "main.c").native()};
    const auto ended = run_command(cc);
    EXPECT_TRUE(ended && ended->status == 0);
    return dir.path() / name;
  }
};

TEST_F(LastLook, AProgramThatStartsIsNotMentioned) {
  EXPECT_THAT(look({"static:/bin/p", "plain:/etc/p"}, "/bin/p"), IsEmpty());
  EXPECT_THAT(look({"static:/bin/p"}, "p", [](AdHocRequest& typed) { typed.env = {"PATH=/sbin:/bin"}; }), IsEmpty());
  EXPECT_THAT(look({"static:/bin/p"}, "p"), IsEmpty()) << "the usual PATH";
  EXPECT_THAT(look({"static:/srv/p"}, "./p", [](AdHocRequest& typed) { typed.workdir = "/srv"; }), IsEmpty());
  EXPECT_THAT(look({"no-program:/bin/p"}, "/bin/p"), IsEmpty()) << "binfmt_misc may know it";
}

TEST_F(LastLook, WhatIsNotThereIsRefused) {
  EXPECT_THAT(look({"static:/bin/p"}, "/bin/q"), ElementsAre("! the entrypoint \"/bin/q\" is not in the image"));
  EXPECT_THAT(look({"static:/opt/p"}, "p"), ElementsAre("! the entrypoint \"p\" is not in the image"));
  EXPECT_THAT(look({"static:/bin/p"}, "/bin"), ElementsAre("! the entrypoint \"/bin\" is not a file"));
  const auto cmd = look(flags([](AdHocRequest& typed) {
    typed.adds = {"static:/bin/p"};
    typed.entrypoint = std::nullopt;
    typed.cmd = "/bin/q";
  }));
  EXPECT_THAT(cmd, ElementsAre("! the cmd \"/bin/q\" is not in the image"));
  const auto none = look(flags([](AdHocRequest& typed) {
    typed.adds = {"static:/bin/p"};
    typed.entrypoint = std::nullopt;
  }));
  EXPECT_THAT(none, IsEmpty()) << "images of data alone";
}

TEST_F(LastLook, AHealthCheckNeedsItsProgram) {
  const auto checked = [this](const std::string& command, const std::string& shell) {
    return look({"static:/bin/p"}, "/bin/p", [&](AdHocRequest& typed) {
      typed.health_cmd = command;
      if (!shell.empty()) typed.shell = shell;
    });
  };
  EXPECT_THAT(checked(R"(["/bin/p", "-t"])", ""), IsEmpty());
  EXPECT_THAT(checked(R"(["/bin/curl"])", ""), ElementsAre("the health check \"/bin/curl\" is not in the image"));
  EXPECT_THAT(checked("exit 0", ""), ElementsAre("the shell of the health check \"/bin/sh\" is not in the image"));
  EXPECT_THAT(checked("exit 0", "/bin/p"), IsEmpty()) << "the image's own shell";
}

TEST_F(LastLook, SymlinksAreFollowedInsideTheImage) {
  stdfs::create_directories(dir.path() / "tree/usr/bin");
  put(dir.path() / "tree/usr/bin/p", elf(62), 0755);
  stdfs::create_symlink("usr/bin", dir.path() / "tree/bin");
  stdfs::create_symlink("/bin/p", dir.path() / "tree/start");
  stdfs::create_symlink("/bin/gone", dir.path() / "tree/broken");
  stdfs::create_symlink("loop", dir.path() / "tree/loop");
  EXPECT_THAT(look({"tree:/"}, "/start"), IsEmpty());
  EXPECT_THAT(look({"tree:/"}, "/broken"), ElementsAre(HasSubstr("is not in the image")));
  EXPECT_THAT(look({"tree:/"}, "/loop"), ElementsAre(HasSubstr("is not in the image")));
}

TEST_F(LastLook, TheImagesUserMustBeAbleToStartIt) {
  EXPECT_THAT(look({"static:/p:0644"}, "/p"),
              ElementsAre("! the entrypoint \"/p\" cannot be executed by the image's user \"root\": /p has mode 0644"));
  const auto as = [](const std::string& user) { return [user](AdHocRequest& typed) { typed.user = user; }; };
  EXPECT_THAT(look({"static:/p:0700"}, "/p", as("0")), IsEmpty());
  EXPECT_THAT(look({"static:/p:0700"}, "/p", as("65532")), ElementsAre(HasSubstr("has mode 0700")));
  EXPECT_THAT(look({"static:/p:0700:65532:0"}, "/p", as("65532:65532")), IsEmpty());
  EXPECT_THAT(look({"static:/p:0750:0:5"}, "/p", as("65532:5")), IsEmpty());
  EXPECT_THAT(look({"static:/p:0700"}, "/p", as("somebody")), IsEmpty()) << "the number of a name is not known";
  stdfs::create_directories(dir.path() / "private");
  stdfs::copy_file(dir.path() / "static", dir.path() / "private/p");
  stdfs::permissions(dir.path() / "private", stdfs::perms::owner_all);
  const auto kept = [](AdHocRequest& typed) {
    typed.user = "65532";
    typed.preserve_modes = true;
  };
  EXPECT_THAT(look({"private:/private"}, "/private/p", kept),
              ElementsAre(HasSubstr("a folder on the way to it has mode 0700")));
}

TEST_F(LastLook, AnotherMachinesProgramsAreRefusedWhereTheyStart) {
  EXPECT_THAT(look({"arm:/p"}, "/p"), ElementsAre("! /p is for linux/arm64, but the image is for linux/amd64"));
  EXPECT_THAT(look({"static:/p", "arm:/tool"}, "/p"),
              ElementsAre("/tool is for linux/arm64, but the image is for linux/amd64"));
  put(dir.path() / "i386", elf(3, 1), 0755);
  EXPECT_THAT(look({"static:/p", "i386:/old"}, "/p"), IsEmpty()) << "the kernel starts both";
  EXPECT_THAT(look({"arm:/p"}, "/p", [](AdHocRequest& typed) { typed.platforms = {"windows/amd64"}; }), IsEmpty());
}

TEST_F(LastLook, AHardLinkIsTheProgramItself) {
  stdfs::create_directories(dir.path() / "tree");
  put(dir.path() / "tree/a", elf(183), 0755);
  stdfs::create_hard_link(dir.path() / "tree/a", dir.path() / "tree/b");
  EXPECT_THAT(look({"tree:/"}, "/b"), ElementsAre("! /a is for linux/arm64, but the image is for linux/amd64"));
}

TEST_F(LastLook, ScriptsNeedTheirInterpreters) {
  EXPECT_THAT(look({"script:/s"}, "/s"), ElementsAre("! /s is a script for \"/bin/sh\", which is not in the image"));
  EXPECT_THAT(look({"script:/s", "static:/bin/sh"}, "/s"), IsEmpty());
  EXPECT_THAT(look({"env-script:/s", "static:/usr/bin/env"}, "/s"),
              ElementsAre("! /s is a script for \"python3\", which is not in the image"));
  EXPECT_THAT(look({"env-script:/s", "static:/usr/bin/env", "static:/usr/local/bin/python3"}, "/s"), IsEmpty());
  EXPECT_THAT(look({"static:/p", "script:/s"}, "/p"), ElementsAre(HasSubstr("/s is a script"))) << "a warning";
}

TEST_F(LastLook, InterpretersAndLoadersMustBePrograms) {
  EXPECT_THAT(look({"script:/s", "static:/bin/sh:0644"}, "/s"),
              ElementsAre("! /s is a script for \"/bin/sh\", which nobody may execute (mode 0644)"));
  EXPECT_THAT(look({"script:/s", "plain:/bin/sh/file"}, "/s"),
              ElementsAre("! /s is a script for \"/bin/sh\", which is a folder"));
  const auto path = [](AdHocRequest& typed) { typed.env = {"PATH=/a:/b"}; };
  EXPECT_THAT(look({"env-script:/s", "static:/usr/bin/env", "static:/a/python3:0644"}, "/s", path),
              ElementsAre("! /s is a script for \"python3\", which nobody may execute (mode 0644)"));
  EXPECT_THAT(look({"env-script:/s", "static:/usr/bin/env", "static:/a/python3:0644", "static:/b/python3"}, "/s", path),
              IsEmpty());
  put(dir.path() / "dynamic", test::ElfBytes{.interpreter = "/lib64/loader"}.str(), 0755);
  EXPECT_THAT(look({"dynamic:/p", "plain:/lib64/loader:0644"}, "/p"),
              ElementsAre("! /p needs the loader /lib64/loader, which nobody may execute (mode 0644)"));
}

TEST_F(LastLook, DynamicProgramsNeedLoaderAndLibraries) {
  const auto object = elf::read_object(*real_fs().open(compiled("dynamic")).value(), "dynamic").value();
  ASSERT_TRUE(object);
  const auto here = [](AdHocRequest& typed) { typed.platforms.clear(); };
  EXPECT_THAT(look({"dynamic:/p"}, "/p", here),
              ElementsAre("! /p needs the loader " + object->interpreter + ", which is not in the image"));
  const std::string loader = "static:" + object->interpreter;
  EXPECT_THAT(look({"dynamic:/p", loader}, "/p", here),
              Contains("! /p needs the library libc.so.6, which is not in the image"));
  const auto with_libc = [&](const std::string& place, const std::string& env) {
    return look({"dynamic:/p", loader, "plain:" + place + "/libc.so.6"}, "/p", [&](AdHocRequest& typed) {
      typed.platforms.clear();
      if (!env.empty()) typed.env = {env};
    });
  };
  EXPECT_THAT(with_libc("/lib", ""), IsEmpty());
  EXPECT_THAT(with_libc("/opt/lib", ""), ElementsAre(HasSubstr("libc.so.6")));
  EXPECT_THAT(with_libc("/opt/lib", "LD_LIBRARY_PATH=/x:/opt/lib"), IsEmpty());
  EXPECT_THAT(look({"dynamic:/p", loader, "plain:/opt/lib/libc.so.6", "plain:/etc/ld.so.conf"}, "/p", here), IsEmpty())
      << "the configuration may name any folder";
}

TEST_F(LastLook, BelowAVolumeNothingIsKnown) {
  EXPECT_THAT(look({"plain:/x"}, "/data/p", [](AdHocRequest& typed) { typed.volumes = {"/data"}; }), IsEmpty());
  EXPECT_THAT(look({"plain:/x"}, "/database", [](AdHocRequest& typed) { typed.volumes = {"/data"}; }),
              ElementsAre(HasSubstr("is not in the image")));
}

TEST_F(LastLook, ABaseIsKnownByPathTypeAndMode) {
  make_base("r.example/base", "1", {"linux/amd64"});
  const auto over = [](AdHocRequest& typed) { typed.base = "r.example/base:1"; };
  EXPECT_THAT(look({"static:/p"}, "/etc/base", over), ElementsAre(HasSubstr("\"/etc/base\" cannot be executed")));
  EXPECT_THAT(look({"static:/p"}, "/etc/none", over), ElementsAre(HasSubstr("is not in the image")));
  const auto inherited = look(flags([](AdHocRequest& typed) {
    typed.base = "r.example/base:1";
    typed.entrypoint.reset();
  }));
  EXPECT_THAT(inherited, ElementsAre("the cmd \"basecmd\" is not in the image")) << "a warning: the base's own affair";
}

TEST_F(LastLook, OnlyTheEntrypointIsAnErrorUnlessStrict) {
  to_layout();
  Recipe recipe = flags([](AdHocRequest& typed) {
    typed.adds = {"static:/p", "script:/s"};
    typed.entrypoint = "/p";
    typed.platforms = {"linux/amd64"};
  });
  const BuildResult result = must_build(recipe);
  ASSERT_EQ(result.warnings.size(), 1u);
  EXPECT_THAT(result.warnings[0].describe(), HasSubstr("/s is a script"));
  recipe.strict = true;
  must_fail(recipe, Errc::verification_failed);
  recipe.strict = false;
  recipe.config.entrypoint = {"/nowhere"};
  EXPECT_THAT(must_fail(recipe, Errc::verification_failed).describe(), HasSubstr("\"/nowhere\""));
  request.dry_run = true;
  must_fail(recipe, Errc::verification_failed);
  request.check = false;
  must_build(recipe);
}

TEST_F(LastLook, PlainFilesAreNotOpened) {
  class Opened final : public ForwardingFileSystem {
   public:
    using ForwardingFileSystem::ForwardingFileSystem;
    Result<std::unique_ptr<File>> open(const stdfs::path& path, bool follow) override {
      names.push_back(path.filename().native());
      return inner().open(path, follow);
    }
    std::vector<std::string> names;
  };
  const Recipe recipe = flags([](AdHocRequest& typed) {
    typed.adds = {"static:/p", "plain:/a", "plain:/b"};
    typed.entrypoint = "/p";
    typed.platforms = {"linux/amd64"};
  });
  Diagnostics diagnostics;
  const auto plans = plan_platforms(recipe, request, *read_inputs(recipe, request, services), services, diagnostics);
  ASSERT_TRUE(plans);
  Opened files(real_fs());
  ASSERT_TRUE(look_at_image(recipe, plans->front(), files));
  EXPECT_THAT(files.names, ElementsAre("static"));
}

/// Counts what is asked of the program "static".
class Asked final : public ForwardingFileSystem {
 public:
  Asked() : ForwardingFileSystem(real_fs()) {}
  Result<std::unique_ptr<File>> open(const stdfs::path& path, bool follow) override {
    opened += path.filename() == "static" ? 1 : 0;
    return inner().open(path, follow);
  }
  Result<FileAttributes> attributes(const stdfs::path& path) override {
    attributes_asked += path.filename() == "static" ? 1 : 0;
    FileAttributes found;
    found.has_acl = has_acl;
    return found;
  }
  int opened = 0, attributes_asked = 0;
  bool has_acl = false;
};

TEST_F(LastLook, AnUnchangedBuildAsksForNothingAgain) {
  Asked fs;
  test::FakeClock clock(system_clock().now() + 60);
  BuildCache cache(fs, clock, dir.path() / "cache");
  BuildServices watched{fs, book};
  watched.cache = &cache;
  to_layout();
  const auto asked = [&](const std::string& entrypoint) {
    fs.opened = fs.attributes_asked = 0;
    const Recipe recipe = flags([&](AdHocRequest& typed) {
      typed.adds = {"static:/usr/bin/static"};
      typed.entrypoint = entrypoint;
      typed.platforms = {"linux/amd64"};
    });
    const auto built = build_image(recipe, request, watched);
    return fmt::format("{} {} {}", fs.opened > 0, fs.attributes_asked, built ? built->warnings.size() : 99);
  };
  EXPECT_EQ(asked("/usr/bin/static"), "true 1 0");
  EXPECT_EQ(asked("/usr/bin/static"), "false 0 0");
  EXPECT_EQ(asked("/usr/bin/other"), "true 0 99") << "another config is looked at";
  put(dir.path() / "static", elf(62) + "changed", 0755);
  EXPECT_EQ(asked("/usr/bin/static"), "true 1 0");
  fs.has_acl = true;
  put(dir.path() / "static", elf(62), 0755);
  EXPECT_EQ(asked("/usr/bin/static"), "true 1 1");
  EXPECT_EQ(asked("/usr/bin/static"), "false 1 1") << "a warning is given again";
}

}  // namespace
}  // namespace slipway::builder
