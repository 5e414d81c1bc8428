#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "builder/build_fixture.h"
#include "builder/delivery.h"
#include "builder/image_assembly.h"
#include "slipway/base/forwarding_fs.h"

namespace slipway::builder {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// Counts what a build asks of the disk.
class CountedFiles final : public ForwardingFileSystem {
 public:
  using ForwardingFileSystem::ForwardingFileSystem;
  Result<std::unique_ptr<File>> open(const stdfs::path& path, bool follow) override {
    ++opened[path.filename().native()];
    return inner().open(path, follow);
  }
  std::map<std::string, int> opened;
};

/// Each step of a build, called by itself.
class Stages : public BuildTest {
 protected:
  Inputs inputs(const Recipe& recipe) {
    auto read = read_inputs(recipe, request, services);
    EXPECT_TRUE(read) << read.error().describe();
    return read.value_or(Inputs{});
  }
  std::vector<PlatformPlan> plans(const Recipe& recipe) {
    auto planned = plan_platforms(recipe, request, inputs(recipe), services, diagnostics);
    EXPECT_TRUE(planned) << planned.error().describe();
    return planned ? *std::move(planned) : std::vector<PlatformPlan>();
  }
  Diagnostics diagnostics;
};

TEST_F(Stages, InputsAreTheLockTheBaseAndTheAnnotations) {
  const oci::Descriptor base = make_base("r.example/base", "1", {"linux/amd64"});
  request.lock_file = dir.path() / "slipway.lock";
  request.epoch = 7;
  const Inputs read = inputs(flags([](AdHocRequest& typed) {
    typed.base = "r.example/base:1";
    typed.annotations = {"team=blue"};
  }));
  ASSERT_TRUE(read.base);
  EXPECT_EQ(read.base->root.digest, base.digest);
  EXPECT_EQ(read.lock.find("r.example/base:1"), base.digest);
  EXPECT_TRUE(read.lock_changed);
  EXPECT_EQ(read.created, 7);
  EXPECT_EQ(read.annotations.at("team"), "blue");
  EXPECT_EQ(read.annotations.at("org.opencontainers.image.base.name"), "r.example/base:1");
  EXPECT_FALSE(stdfs::exists(request.lock_file)) << "reading writes nothing";
}

TEST_F(Stages, PlansOpenNothingThatCannotBeAProgram) {
  put(dir.path() / "tree/a.txt", "text");
  put(dir.path() / "tree/b/c.txt", "text");
  put(dir.path() / "tree/run", elf(183), 0755);
  CountedFiles files(real_fs());
  BuildServices counted{files, book};
  const Recipe recipe = flags([](AdHocRequest& typed) { typed.adds = {"tree:/srv"}; });
  const auto read = read_inputs(recipe, request, counted);
  const auto planned = plan_platforms(recipe, request, *read, counted, diagnostics);
  ASSERT_TRUE(planned) << planned.error().describe();
  ASSERT_EQ(planned->size(), 1u);
  EXPECT_EQ(planned->front().platform.str(), "linux/arm64");
  EXPECT_EQ(files.opened, (std::map<std::string, int>{{"run", 1}}));
  EXPECT_THAT(diagnostics.warnings(), IsEmpty());
}

TEST_F(Stages, AnotherPlatformThanGuessedIsPlannedAgainOnlyOverABase) {
  make_base("r.example/base", "2", {"linux/s390x", "linux/arm64"});
  put(dir.path() / "tree/run", elf(183), 0755);
  const auto planned = plans(flags([](AdHocRequest& typed) {
    typed.base = "r.example/base:2";
    typed.adds = {"tree:/srv"};
  }));
  ASSERT_EQ(planned.size(), 1u);
  EXPECT_EQ(planned[0].platform.str(), "linux/arm64");
  ASSERT_TRUE(planned[0].base);
  EXPECT_EQ(planned[0].base->config.platform.str(), "linux/arm64");
}

TEST_F(Stages, ContentsAreCountedOnlyToExplain) {
  const Recipe recipe = flags([](AdHocRequest& typed) { typed.platforms = {"linux/amd64"}; });
  EXPECT_THAT(plans(recipe).at(0).contents, IsEmpty());
  request.explain = true;
  const auto contents = plans(recipe).at(0).contents;
  ASSERT_EQ(contents.size(), 1u);
  EXPECT_EQ(contents[0].platform, "linux/amd64");
  EXPECT_EQ(contents[0].files, 1u);
  EXPECT_EQ(contents[0].bytes, elf(62).size());
}

TEST_F(Stages, ALayerOfTwoPlatformsIsWrittenOnce) {
  const Recipe recipe = flags([](AdHocRequest& typed) { typed.platforms = {"linux/amd64", "linux/arm64"}; });
  const auto planned = plans(recipe);
  CountedFiles files(real_fs());
  const auto layers = write_layers(recipe, planned, {}, {files, book});
  ASSERT_TRUE(layers) << layers.error().describe();
  ASSERT_EQ(layers->size(), 2u);
  EXPECT_EQ(layers->at(0).at(0).digest, layers->at(1).at(0).digest);
  EXPECT_EQ(files.opened, (std::map<std::string, int>{{"hello", 1}}));
}

TEST_F(Stages, AnImageIsAssembledFromValuesAlone) {
  const Recipe recipe = flags();
  const FinishedLayer layer{"add", io::digest_of("tar"), io::digest_of("blob"), 4};
  PlatformPlan plan{*oci::Platform::parse("linux/amd64")};
  std::vector<PlatformPlan> one;
  one.push_back(std::move(plan));
  StagedDocuments documents;
  const auto built = assemble(recipe, {}, one, {{layer}}, documents);
  ASSERT_TRUE(built) << built.error().describe();
  ASSERT_EQ(built->images.size(), 1u);
  EXPECT_EQ(built->root.digest, built->images[0].manifest.digest);
  EXPECT_EQ(built->images[0].layers.at(0).digest, layer.digest);
  EXPECT_TRUE(*documents.exists(built->root));
  const auto none = assemble(recipe, {}, one, {{}}, documents);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, Errc::invalid_argument);
}

// moby's docker-image-spec: times in nanoseconds, members of 0 left out, in Docker's order.
TEST_F(Stages, MembersOfDockersImageFormatAreWrittenAsDockerDoes) {
  oci::ImageConfig config;
  config.platform = *oci::Platform::parse("linux/amd64");
  config.author = "you";
  config.other_config = {{"Shell", Json::Array{"/bin/sh"}}, {"Healthcheck", Json::Object{}}, {"ArgsEscaped", true}};
  ConfigRule rule;
  rule.author = "me";
  rule.shell = std::vector<std::string>{"/bin/bash", "-c"};
  rule.on_build = {"RUN make"};
  rule.health_check = HealthCheck{{"CMD-SHELL", "exit 0"}, 30'000'000'000, 0, 5'000'000'000, 1'000'000, 4};
  apply_rule(rule, config);
  EXPECT_EQ(config.serialize(),
            R"({"author":"me","architecture":"amd64","os":"linux","config":{"Shell":["/bin/bash","-c"],)"
            R"("Healthcheck":{"Test":["CMD-SHELL","exit 0"],"Interval":30000000000,"StartPeriod":5000000000,)"
            R"("StartInterval":1000000,"Retries":4},"ArgsEscaped":true,"OnBuild":["RUN make"]},)"
            R"("rootfs":{"type":"layers","diff_ids":[]}})");
  apply_rule(ConfigRule{}, config);
  EXPECT_EQ(config.author, "me") << "an absent member keeps the base's";
}

TEST_F(Stages, LocationsHaveTheBuildTagOnlyWhereThereIsNoOther) {
  const oci::Descriptor root("application/vnd.oci.image.manifest.v1+json", io::digest_of("x"), 1);
  Destination named = to_registry("r.example/a", {"v1", "v2"});
  Destination unnamed = to_registry("r.example/b", {});
  named.build_tag = unnamed.build_tag = true;
  std::vector<std::string> tags;
  for (const oci::Location& location : locations_of({named, unnamed}, root))
    tags.push_back(*location.tag());
  EXPECT_THAT(tags, ElementsAre("v1", "v2", "build-" + root.digest.short_hex()));
}

}  // namespace
}  // namespace slipway::builder
