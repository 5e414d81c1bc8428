#include "release/layer_image.h"
#include "release/world.h"
#include "slipway/image/image.h"
#include "slipway/io/compress.h"
#include "slipway/layer/layer_reader.h"
#include "slipway/release/checks.h"
#include "slipway/release/config_layer.h"
#include "slipway/release/retire.h"
#include "slipway/release/verify.h"
#include "slipway/release/views.h"

namespace slipway::release {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

constexpr const char* kYaml = R"(
app: hello
image: {repository: reg.example/team/hello}
environments:
  same:
    config: {env-file: staging.env, mode: layer}
  staging:
    repository: reg.example/staging/hello
    config: {env-file: staging.env, mode: layer}
  production:
    after: [staging]
    repository: reg.example/prod/hello
    config: {env-file: production.env, mode: layer, path: /srv/conf}
  plain:
    repository: reg.example/plain/hello
    config: {env-file: staging.env}
)";

constexpr const char* kLayouts = R"(
app: hello
image: {repository: "oci:./images"}
environments:
  staging:
    repository: oci:./staging
    config: {env-file: staging.env, mode: layer}
)";

/// One platform's image of two layers that can be run.
oci::Descriptor put_runnable(store::Target& to, const std::string& platform, const std::string& content) {
  oci::ImageConfig config;
  config.platform = oci::Platform::parse(platform).value();
  config.env = {"PATH=/bin", "PORT=1"};
  config.entrypoint = {"/app"};
  config.created = "2020-01-01T00:00:00Z";
  oci::Manifest manifest{.raw = {},
                         .media_type = std::string(oci::kManifestType),
                         .artifact_type = {},
                         .config = oci::empty_descriptor(),
                         .layers = {},
                         .subject = {},
                         .annotations = {{std::string(oci::kBaseName), "docker.io/library/debian:12"},
                                         {std::string(oci::kRevision), "abc"}}};
  for (const char* layer : {"base", "app"}) {
    const std::string bytes = fmt::format("{} of {} for {}", layer, content, platform);
    manifest.layers.push_back(put_blob(to, std::string(oci::kLayerGzipType), bytes));
    config.diff_ids.push_back(io::digest_of("tar of " + bytes));
    config.history.push_back({.created = {}, .created_by = "test", .author = {}, .comment = {}, .other = {}});
  }
  manifest.config = put_blob(to, std::string(oci::kConfigType), config.serialize());
  return put_blob(to, std::string(oci::kManifestType), oci::write_manifest(manifest));
}

oci::Descriptor put_build(store::Target& to, const std::vector<std::string>& platforms, const std::string& content,
                          bool attested = false) {
  oci::Index index{.raw = {},
                   .media_type = std::string(oci::kIndexType),
                   .artifact_type = {},
                   .manifests = {},
                   .subject = {},
                   .annotations = {}};
  for (const std::string& platform : platforms) {
    oci::Descriptor child = put_runnable(to, platform, content);
    child.platform = oci::Platform::parse(platform).value();
    index.manifests.push_back(std::move(child));
  }
  if (attested) {
    oci::Descriptor child = put_image(to, "attestation");
    child.annotations = {{std::string(oci::kDockerReferenceType), "attestation-manifest"}};
    index.manifests.push_back(std::move(child));
  }
  return put_blob(to, std::string(oci::kIndexType), oci::write_index(index));
}

class LayerMode : public ::testing::Test {
 protected:
  oci::Location build(const std::string& content,
                      const std::vector<std::string>& platforms = {"linux/amd64", "linux/arm64"}) {
    const auto place = shop.open(*shop.project.image_repository);
    last = put_build(*place, platforms, content);
    EXPECT_TRUE(place->keep_untagged(last));
    return shop.project.image_repository->with_digest(last.digest);
  }
  Recorded released(const std::string& environment, const oci::Location& image) {
    auto recorded = shop.release(environment, image);
    EXPECT_TRUE(recorded) << recorded.error().describe();
    return *std::move(recorded);
  }
  std::vector<image::Image> images(const std::string& environment, const Digest& root) {
    const auto target = shop.target(environment);
    std::vector<image::Image> all;
    const auto descriptor = target->resolve(root).value();
    const auto offers = image::list_platforms(*target, descriptor).value();
    for (const image::Offer& offer : offers)
      all.push_back(image::load_manifest(*target, offer.manifest).value());
    return all;
  }
  Proof verified(const std::string& environment) {
    auto proof = verify_environment(shop.project, shop.environment(environment), std::nullopt, shop.services);
    EXPECT_TRUE(proof) << proof.error().describe();
    return *std::move(proof);
  }

  Shop shop{kYaml};
  oci::Descriptor last = oci::empty_descriptor();
};

TEST_F(LayerMode, AForkIsSettledWithTheVeryImage) {
  const Recorded first = released("staging", build("one"));
  Entry rival = first.entry;
  rival.actor = "bob";
  ASSERT_TRUE(shop.ledger().append(rival));
  EXPECT_EQ(shop.release("staging", std::nullopt)->entry.number, 2);
  EXPECT_EQ(shop.chain("staging").head()->entry.image, first.entry.image);
  EXPECT_TRUE(verified("staging").status());
  Entry again = shop.chain("staging").head()->entry;
  again.actor = "bob";
  ASSERT_TRUE(shop.ledger().append(again));
  const auto findings = repair_environment(shop.project, shop.environment("staging"), shop.services);
  ASSERT_TRUE(findings) << findings.error().describe();
  EXPECT_EQ(shop.chain("staging").head()->entry.number, 3);
  EXPECT_EQ(shop.chain("staging").head()->entry.image, first.entry.image);
  EXPECT_TRUE(verified("staging").status());
}

TEST_F(LayerMode, EveryPlatformIsTheBuildsLayersAndOneOfConfig) {
  shop.write("staging.env", "PORT=80\nNAME=a b\nKEY=secret://vault/a#b\n");
  const auto location = build("one");
  const Recorded first = released("staging", location);
  EXPECT_EQ(first.entry.mode, Mode::layer);
  EXPECT_EQ(first.entry.build.digest, last.digest);
  EXPECT_NE(first.entry.image.digest, last.digest);
  EXPECT_EQ(shop.tag("staging"), first.entry.image.digest);
  const auto built = images("staging", last.digest);
  const auto made = images("staging", first.entry.image.digest);
  ASSERT_EQ(made.size(), 2u);
  for (std::size_t i = 0; i < made.size(); ++i) {
    ASSERT_EQ(made[i].manifest.layers.size(), 3u);
    EXPECT_EQ(made[i].manifest.layers[0], built[i].manifest.layers[0]);
    EXPECT_EQ(made[i].manifest.layers[1], built[i].manifest.layers[1]);
    EXPECT_THAT(made[i].config.env, ElementsAre("PATH=/bin", "PORT=80", "NAME=a b"));
    EXPECT_EQ(made[i].config.entrypoint, built[i].config.entrypoint);
    EXPECT_EQ(made[i].config.created, "2020-01-01T00:00:00Z");
    EXPECT_EQ(made[i].config.history.size(), 3u);
    EXPECT_TRUE(made[i].config.check());
    const auto& notes = made[i].manifest.annotations;
    EXPECT_EQ(notes.at(std::string(oci::kBaseDigest)), built[i].descriptor.digest.str());
    EXPECT_EQ(notes.at(std::string(oci::kRevision)), "abc");
    EXPECT_EQ(notes.count(std::string(oci::kBaseName)), 0u) << "that is not what this image is based on";
    EXPECT_EQ(made[i].raw_config.find("vault"), std::string::npos);
  }
}

TEST_F(LayerMode, TheLayerHoldsTheValuesAndNoSecret) {
  const ConfigValues values{{{"PORT", "80"}, {"A", "ü = #"}}, {{"KEY", "env://KEY"}}, "/etc/hello"};
  const auto layer = make_config_layer(values).value();
  EXPECT_EQ(layer.bytes, make_config_layer(values)->bytes);
  const auto tar = io::decompressor(std::make_unique<io::StringSource>(layer.bytes));
  std::vector<std::string> seen;
  ASSERT_TRUE(layer::read_tar(*tar, {}, [&](const layer::FileEntry& entry, io::Source& content) -> Status {
    SLIPWAY_ASSIGN(const std::string text, io::read_all(content, 1u << 20));
    seen.push_back(fmt::format("{} {:o} {}:{} {} {}", entry.path, entry.mode, entry.uid, entry.gid, entry.mtime, text));
    return {};
  }));
  EXPECT_THAT(seen,
              ElementsAre("etc 755 0:0 0 ", "etc/hello 755 0:0 0 ", "etc/hello/env 444 0:0 0 A=ü = #\nPORT=80\n"));
  EXPECT_FALSE(make_config_layer({{{"A", "1\n2"}}, {}, "/etc/a"}));
}

// A change here changes the digest of every image in layer mode: that needs a new compatibility level.
TEST_F(LayerMode, BytesNeverChange) {
  const auto layer = make_config_layer({{{"PORT", "80"}}, {}, "/etc/hello"}).value();
  EXPECT_EQ(layer.diff_id.short_hex(), "c91491be0ab5");
  EXPECT_EQ(released("staging", build("one")).entry.image.digest.short_hex(), "f425ca2c5333");
}

TEST_F(LayerMode, TheBytesAreThoseOfBuildAndConfigAlone) {
  const auto one = build("one");
  const auto two = build("two");
  const Digest first = released("staging", one).entry.image.digest;
  EXPECT_NE(released("staging", two).entry.image.digest, first);
  shop.services.actor = {"bob"};
  shop.clock.advance(std::chrono::seconds(100));
  const Recorded third = released("staging", one);
  EXPECT_EQ(third.entry.number, 3);
  EXPECT_EQ(third.entry.image.digest, first);
  EXPECT_EQ(released("same", one).entry.image.digest, first) << "the same config in another environment";
}

TEST_F(LayerMode, AgainIsNothingToDoAndAConfigAloneMovesNoLayer) {
  const auto one = build("one");
  const Recorded first = released("staging", one);
  const auto plan = shop.plan_release("staging", one);
  ASSERT_TRUE(plan);
  EXPECT_FALSE(plan->plan.changed);
  EXPECT_EQ(plan->plan.image.digest, first.entry.image.digest);
  EXPECT_THAT(plan->warnings, IsEmpty());
  const auto staging = shop.world.repository("reg.example/staging/hello");
  const int mounted = staging->mounted;
  shop.write("staging.env", "PORT=81\n");
  const auto second = shop.release("staging", std::nullopt);
  ASSERT_TRUE(second) << second.error().describe();
  EXPECT_EQ(second->entry.kind, Kind::config);
  EXPECT_EQ(second->entry.build.digest, last.digest);
  EXPECT_NE(second->entry.image.digest, first.entry.image.digest);
  EXPECT_LE(staging->mounted, mounted + 1) << "at most the entry's";
  EXPECT_THAT(verified("staging").problems, IsEmpty());
}

TEST_F(LayerMode, PromotionMovesTheBuildWhateverTheModes) {
  released("staging", build("one"));
  const auto promoted = shop.promote("staging", "production");
  ASSERT_TRUE(promoted) << promoted.error().describe();
  EXPECT_EQ(promoted->entry.build.digest, last.digest);
  const auto made = images("production", promoted->entry.image.digest);
  EXPECT_THAT(made[0].config.env, ElementsAre("PATH=/bin", "PORT=443"));
  const auto plain = shop.promote("production", "plain");
  ASSERT_TRUE(plain) << plain.error().describe();
  EXPECT_EQ(plain->entry.image.digest, last.digest) << "the build itself";
  for (const char* environment : {"staging", "production", "plain"})
    EXPECT_THAT(verified(environment).problems, IsEmpty()) << environment;
}

TEST_F(LayerMode, RollbackRestoresImageAndMode) {
  const Recorded first = released("staging", build("one"));
  shop.configure(
      std::string(kYaml).replace(std::string(kYaml).find("mode: layer}\n  production"), 11, "mode: env-file"));
  const Recorded second = released("staging", build("two"));
  ASSERT_EQ(second.entry.mode, Mode::env_file);
  const auto back = shop.rollback("staging");
  ASSERT_TRUE(back) << back.error().describe();
  EXPECT_EQ(back->entry.mode, Mode::layer);
  EXPECT_EQ(back->entry.image.digest, first.entry.image.digest);
  EXPECT_EQ(back->entry.config, first.entry.config);
  EXPECT_THAT(verified("staging").problems, IsEmpty());
}

TEST_F(LayerMode, SignaturesTravelBesideTheBuildAndTheirLossIsSaid) {
  const auto place = shop.open(*shop.project.image_repository);
  const auto root = put_build(*place, {"linux/amd64"}, "one", false);
  const auto bundle = attach(*place, root, "application/vnd.dev.sigstore.bundle.v0.3+json");
  const auto plan = shop.plan_release("staging", shop.project.image_repository->with_digest(root.digest));
  ASSERT_TRUE(plan) << plan.error().describe();
  ASSERT_EQ(plan->warnings.size(), 1u);
  EXPECT_THAT(plan->warnings[0].message, HasSubstr("without what is attached to the build " + root.digest.str()));
  ASSERT_TRUE(shop.apply(*plan));
  const auto target = shop.target("staging");
  const auto beside = store::as<store::ReferrerLister>(*target)->referrers(root.digest, "").value();
  ASSERT_EQ(beside.size(), 1u);
  EXPECT_EQ(beside[0].digest, bundle.digest);
}

TEST_F(LayerMode, WhatIsNoPlatformsImageIsLeftOutAndNamed) {
  const auto place = shop.open(*shop.project.image_repository);
  const auto root = put_build(*place, {"linux/amd64"}, "one", true);
  const auto plan = shop.plan_release("staging", shop.project.image_repository->with_digest(root.digest));
  ASSERT_TRUE(plan) << plan.error().describe();
  ASSERT_EQ(plan->warnings.size(), 1u);
  EXPECT_THAT(plan->warnings[0].message, HasSubstr("is not a platform's image and is left out"));
  ASSERT_TRUE(shop.apply(*plan));
  EXPECT_EQ(images("staging", plan->plan.image.digest).size(), 1u);
  const auto none = put_index(*place, {""});
  EXPECT_EQ(shop.release("staging", shop.project.image_repository->with_digest(none.digest)).error().code,
            Errc::unsupported);
}

TEST_F(LayerMode, AStoredPlanDoesTheSame) {
  const auto plan = shop.plan_release("staging", build("one")).value();
  const auto stored = Plan::parse(plan.plan.canonical().value());
  ASSERT_TRUE(stored) << stored.error().describe();
  EXPECT_EQ(stored->canonical().value(), plan.plan.canonical().value());
  const auto applied = shop.apply_stored(*stored);
  ASSERT_TRUE(applied) << applied.error().describe();
  EXPECT_EQ(applied->entry.image.digest, plan.plan.image.digest);
  EXPECT_THAT(verified("staging").problems, IsEmpty());
}

TEST_F(LayerMode, ImagesAndBuildsAreKept) {
  const Recorded first = released("staging", build("one"));
  const auto target = shop.target("staging");
  EXPECT_EQ(target->resolve("build-" + last.digest.short_hex())->digest, last.digest);
  EXPECT_EQ(target->resolve("hello.staging-v1")->digest, first.entry.image.digest);
  const auto made = images("staging", first.entry.image.digest);
  EXPECT_EQ(target->resolve("hello.staging-v1-linux-amd64")->digest, made[0].descriptor.digest);
  EXPECT_EQ(target->resolve("hello.staging-v1-linux-arm64")->digest, made[1].descriptor.digest);
}

TEST_F(LayerMode, RetiringFreesImageAndBuildWithAllTheirPlatforms) {
  const Recorded first = released("staging", build("one"));
  const oci::Descriptor build_of_first = last;
  const Recorded second = released("staging", build("two"));
  const auto target = shop.target("staging");
  std::vector<Digest> gone{first.entry.image.digest, build_of_first.digest};
  for (const Digest& root : std::vector<Digest>(gone)) {
    for (const image::Image& image : images("staging", root))
      gone.push_back(image.descriptor.digest);
  }
  ASSERT_EQ(gone.size(), 6u);
  Ledger ledger = shop.ledger();
  const auto retirement = plan_retirement(shop.project, shop.environment("staging"), 1, ledger, shop.services);
  ASSERT_TRUE(retirement) << retirement.error().describe();
  EXPECT_THAT(retirement->numbers, ElementsAre(1));
  shop.world.repository("reg.example/staging/hello")->deletes = FakeRepository::Deletes::manifests;
  ASSERT_TRUE(remove(retirement->removal, *target));
  for (const Digest& digest : gone)
    EXPECT_FALSE(target->resolve(digest)) << digest.str();
  const auto tags = store::as<store::TagLister>(*target)->list_tags().value();
  for (const std::string& tag : tags) {
    EXPECT_EQ(tag.find("-v1"), std::string::npos) << tag;
    EXPECT_EQ(tag.find(build_of_first.digest.short_hex()), std::string::npos) << tag;
  }
  EXPECT_EQ(target->resolve("hello.staging-v2")->digest, second.entry.image.digest);
  EXPECT_THAT(verified("staging").problems, IsEmpty());
}

TEST_F(LayerMode, RetiringLeavesBuildsInTheirOwnRepository) {
  released("same", build("one"));
  const oci::Descriptor first = last;
  released("same", build("two"));
  const auto target = shop.target("same");
  const std::string of_build = "build-" + first.digest.short_hex();
  ASSERT_TRUE(target->tag(first, of_build));
  Ledger ledger = shop.ledger();
  const auto retirement = plan_retirement(shop.project, shop.environment("same"), 1, ledger, shop.services);
  ASSERT_TRUE(retirement) << retirement.error().describe();
  EXPECT_THAT(retirement->numbers, ElementsAre(1));
  ASSERT_TRUE(remove(retirement->removal, *target));
  EXPECT_EQ(target->resolve(of_build)->digest, first.digest) << "builds have an age of their own";
}

TEST_F(LayerMode, RetiringLeavesTheBuildOfALaterRelease) {
  const auto location = build("one");
  released("staging", location);
  shop.write("staging.env", "PORT=81\n");
  released("staging", location);
  Ledger ledger = shop.ledger();
  const auto retirement = plan_retirement(shop.project, shop.environment("staging"), 1, ledger, shop.services);
  ASSERT_TRUE(retirement) << retirement.error().describe();
  EXPECT_THAT(retirement->numbers, ElementsAre(1));
  const auto target = shop.target("staging");
  ASSERT_TRUE(remove(retirement->removal, *target));
  EXPECT_EQ(target->resolve("build-" + last.digest.short_hex())->digest, last.digest);
}

TEST_F(LayerMode, LayoutsAndLoneManifests) {
  shop.configure(kLayouts);
  const auto place = shop.open(*shop.project.image_repository);
  last = put_runnable(*place, "linux/amd64", "one");
  ASSERT_TRUE(place->keep_untagged(last));
  const Recorded first = released("staging", shop.project.image_repository->with_digest(last.digest));
  const auto made = images("staging", first.entry.image.digest);
  ASSERT_EQ(made.size(), 1u);
  EXPECT_EQ(made[0].manifest.layers.size(), 3u);
  EXPECT_THAT(verified("staging").problems, IsEmpty());
}

/// Docker's manifests have no annotations: labels of the config say what those would.
TEST_F(LayerMode, DockersFamilyHasLabelsForAnnotations) {
  shop.configure(kLayouts);
  const auto place = shop.open(*shop.project.image_repository);
  image::Image image = image::load_manifest(*place, put_runnable(*place, "linux/amd64", "one")).value();
  image.config.labels = std::exchange(image.manifest.annotations, {});
  image.manifest.media_type = oci::kDockerManifestType;
  image.manifest.config = put_blob(*place, std::string(oci::kDockerConfigType), image.config.serialize());
  for (oci::Descriptor& layer : image.manifest.layers)
    layer.media_type = oci::kDockerLayerGzipType;
  last = put_blob(*place, image.manifest.media_type, oci::write_manifest(image.manifest));
  ASSERT_TRUE(place->keep_untagged(last));
  const Recorded first = released("staging", shop.project.image_repository->with_digest(last.digest));
  EXPECT_EQ(first.entry.revision, "abc");
  const auto made = images("staging", first.entry.image.digest);
  ASSERT_EQ(made.size(), 1u);
  EXPECT_TRUE(made[0].manifest.annotations.empty());
  EXPECT_EQ(made[0].manifest.layers.back().media_type, oci::kDockerLayerGzipType);
  EXPECT_THAT(made[0].config.labels,
              UnorderedElementsAre(Pair(std::string(oci::kBaseDigest), last.digest.str()),
                                   Pair("io.slipway.compat", "1"), Pair("io.slipway.config", first.entry.config.str()),
                                   Pair(std::string(oci::kRevision), "abc")));
  EXPECT_THAT(verified("staging").problems, IsEmpty());
}

/// A writer with access to everything has put an image there that is not the build.
TEST_F(LayerMode, VerifyNamesTheLayerThatIsNotTheBuilds) {
  const Recorded first = released("staging", build("one"));
  const auto target = shop.target("staging");
  const auto made = images("staging", first.entry.image.digest);
  oci::Index index{.raw = {},
                   .media_type = std::string(oci::kIndexType),
                   .artifact_type = {},
                   .manifests = {},
                   .subject = {},
                   .annotations = {}};
  oci::Manifest forged = made[1].manifest;
  const oci::Descriptor other = put_blob(*target, std::string(oci::kLayerGzipType), "app of one for linux/arm65");
  forged.layers[1] = other;
  for (const oci::Descriptor& manifest :
       {made[0].descriptor, put_blob(*target, std::string(oci::kManifestType), oci::write_manifest(forged))}) {
    index.manifests.push_back(manifest);
    index.manifests.back().platform =
        oci::Platform::parse(index.manifests.size() == 1 ? "linux/amd64" : "linux/arm64").value();
  }
  const auto root = put_blob(*target, std::string(oci::kIndexType), oci::write_index(index));
  Entry entry = first.entry;
  entry.number = 2;
  entry.prev = first.id;
  entry.image.digest = root.digest;
  ASSERT_TRUE(shop.ledger().append(entry));
  ASSERT_TRUE(target->tag(root, "staging"));
  const Proof proof = verified("staging");
  ASSERT_EQ(proof.problems.size(), 1u);
  EXPECT_EQ(proof.status().error().code, Errc::verification_failed);
  EXPECT_THAT(proof.problems[0].message,
              HasSubstr(fmt::format("layer 2 of v2 of staging (linux/arm64) is {}, not {}, which is the build's",
                                    other.digest.str(), made[1].manifest.layers[1].digest.str())));
}

const std::vector<std::string> kFive{"linux/amd64", "linux/arm64", "linux/arm/v7", "linux/s390x", "linux/riscv64"};

TEST_F(LayerMode, IntoAnotherRepositoryItTakesLessThanTwiceTheRequests) {
  const auto location = build("one", kFive);
  (void)shop.world.requests();
  released("plain", location);
  const int plain = shop.world.requests();
  released("staging", location);
  const int layered = shop.world.requests();
  EXPECT_LT(layered, 2 * plain);
  const auto staging = shop.world.repository("reg.example/staging/hello");
  EXPECT_EQ(staging->mounted, 5 * 3 + 1) << "layers and configs of the build, and the entry";
}

TEST_F(LayerMode, InTheSameRepositoryFewRequestsAndNoLayerOfTheBuildMoves) {
  const auto location = build("one", kFive);
  const auto images = shop.world.repository("reg.example/team/hello");
  images->reads = 0;
  images->writes = 0;
  images->pushed = {};
  released("same", location);
  // The requests of the release's evidence are not the image's: its entry (mounted), its manifest, its list of
  // referrers.
  constexpr int kEvidence = 4;
  // The build has no build tag yet: its platform manifests get tags as well.
  EXPECT_LE(images->reads, 2 * 5 + 8);
  EXPECT_LE(images->writes, 4 * 5 + 8 + kEvidence);
  EXPECT_LE(images->reads + images->writes, 6 * 5 + 8 + kEvidence);
  int layers = 0;
  for (const oci::Descriptor& blob : images->pushed)
    layers += blob.media_type == oci::kLayerGzipType ? 1 : 0;
  EXPECT_EQ(layers, 1) << "the config's";
}

}  // namespace
}  // namespace slipway::release
