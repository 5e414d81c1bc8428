#include "release/world.h"

namespace slipway::release {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* kBundle = "application/vnd.dev.sigstore.bundle.v0.3+json";

std::string tag_of(const oci::Descriptor& subject, const char* suffix) {
  return fmt::format("sha256-{}.{}", subject.digest.hex(), suffix);
}

class Carrying : public ::testing::Test {
 protected:
  oci::Descriptor signed_build(const std::string& content) {
    image = put_image(*builds, content);
    EXPECT_TRUE(builds->tag(put_image(*builds, "signature of " + content), tag_of(image, "sig")));
    EXPECT_TRUE(builds->tag(put_image(*builds, "attestation of " + content), tag_of(image, "att")));
    EXPECT_TRUE(builds->tag(put_image(*builds, "sbom of " + content), tag_of(image, "sbom")));
    bundle = attach(*builds, image, kBundle, "bundle of " + content);
    sbom = attach(*builds, image, "application/spdx+json", "packages of " + content);
    debug = attach(*builds, image, "application/vnd.slipway.debug.v1", "debug of " + content);
    return image;
  }
  oci::Location place_of(const oci::Descriptor& build) const {
    return shop.project.image_repository->with_digest(build.digest);
  }
  bool has_tag(const std::string& environment, const char* suffix) {
    return shop.target(environment)->resolve(tag_of(image, suffix)).has_value();
  }
  bool lists(const std::string& environment, const oci::Descriptor& attached) {
    const auto target = shop.target(environment);
    const auto found = store::as<store::ReferrerLister>(*target)->referrers(image.digest, "").value();
    return std::any_of(found.begin(), found.end(), [&](const auto& d) { return d.digest == attached.digest; });
  }
  void choose(const std::string& carry) {
    std::string yaml = kRegistryYaml;
    for (const char* name : {"  staging:\n", "  production:\n"})
      yaml.insert(yaml.find(name) + std::string(name).size(), "    carry: " + carry + "\n");
    shop.configure(yaml);
  }

  Shop shop{kRegistryYaml};
  std::shared_ptr<store::Target> builds = shop.open(*shop.project.image_repository);
  oci::Descriptor image = oci::empty_descriptor(), bundle = image, sbom = image, debug = image;
};

TEST_F(Carrying, SignaturesAndAttestationsTravelFromEnvironmentToEnvironment) {
  const auto released = shop.release("staging", place_of(signed_build("one")));
  ASSERT_TRUE(released) << released.error().describe();
  const auto promoted = shop.promote("staging", "production");
  ASSERT_TRUE(promoted) << promoted.error().describe();
  for (const char* environment : {"staging", "production"}) {
    EXPECT_TRUE(has_tag(environment, "sig")) << environment;
    EXPECT_TRUE(has_tag(environment, "att")) << environment;
    EXPECT_FALSE(has_tag(environment, "sbom")) << environment;
    EXPECT_TRUE(lists(environment, bundle)) << environment;
    EXPECT_FALSE(lists(environment, sbom)) << environment;
    EXPECT_FALSE(lists(environment, debug)) << environment;
  }
}

TEST_F(Carrying, ThePlanListsWhatTravels) {
  const auto planned = shop.plan_release("staging", place_of(signed_build("one")));
  ASSERT_TRUE(planned) << planned.error().describe();
  EXPECT_THAT(planned->plan.attached, SizeIs(3));
  EXPECT_THAT(planned->plan.describe(), HasSubstr(tag_of(image, "sig")));
  const auto read = Plan::parse(planned->plan.canonical().value());
  ASSERT_TRUE(read) << read.error().describe();
  EXPECT_EQ(*read, planned->plan);
  // The decision covers it: a plan without its signatures is another one.
  Plan stripped = planned->plan;
  stripped.attached.clear();
  EXPECT_EQ(Plan::parse(stripped.canonical().value()).error().code, Errc::verification_failed);
  Plan renamed = planned->plan;
  renamed.attached.front().tag = "production";
  EXPECT_EQ(Plan::parse(renamed.canonical().value()).error().code, Errc::malformed);
}

TEST_F(Carrying, TheStoredPlanCarriesWhatItListsAndNothingNewer) {
  const auto planned = shop.plan_release("staging", place_of(signed_build("one")));
  ASSERT_TRUE(planned);
  const oci::Descriptor late = attach(*builds, image, kBundle, "signed later");
  const auto applied = shop.apply_stored(planned->plan);
  ASSERT_TRUE(applied) << applied.error().describe();
  EXPECT_TRUE(lists("staging", bundle));
  EXPECT_FALSE(lists("staging", late));
}

TEST_F(Carrying, AllTakesEverythingButOurOwnAndNoneTakesNothing) {
  choose("all");
  ASSERT_TRUE(shop.release("staging", place_of(signed_build("one"))));
  EXPECT_TRUE(has_tag("staging", "sbom"));
  EXPECT_TRUE(lists("staging", sbom));
  EXPECT_FALSE(lists("staging", debug));
  choose("none");
  ASSERT_TRUE(shop.promote("staging", "production"));
  EXPECT_FALSE(has_tag("production", "sig"));
  EXPECT_FALSE(lists("production", bundle));
}

TEST_F(Carrying, EvidenceOfAnotherEnvironmentStaysThere) {
  ASSERT_TRUE(shop.release("staging", place_of(signed_build("one"))));
  choose("all");
  ASSERT_TRUE(shop.promote("staging", "production"));
  const auto target = shop.target("production");
  const auto evidence = store::as<store::ReferrerLister>(*target)->referrers(image.digest, std::string(kEntryType));
  EXPECT_THAT(*evidence, SizeIs(1));
}

TEST_F(Carrying, NothingIsReleasedWhereTheSignaturesCannotBe) {
  const oci::Location build = place_of(signed_build("one"));
  const auto staging = shop.world.repository("reg.example/staging/hello");
  staging->subject_status = 405;
  const auto refused = shop.release("staging", build);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().describe(), HasSubstr("carry: none"));
  EXPECT_EQ(shop.tag("staging"), std::nullopt);
  EXPECT_THAT(shop.chain("staging").entries, IsEmpty());
}

TEST_F(Carrying, ARollbackGoesOnWithoutAttachments) {
  ASSERT_TRUE(shop.release("staging", place_of(signed_build("one"))));
  const oci::Descriptor first = image;
  ASSERT_TRUE(shop.release("staging", place_of(signed_build("two"))));
  shop.services.warn = [](const Error&) {};
  // Neither the place of the build nor its signatures are asked for.
  shop.world.repository("reg.example/team/hello")->requests = 0;
  const auto back = shop.rollback("staging");
  ASSERT_TRUE(back) << back.error().describe();
  EXPECT_EQ(shop.tag("staging"), first.digest);
  EXPECT_EQ(shop.world.repository("reg.example/team/hello")->requests, 0);
}

TEST_F(Carrying, ARollbackSaysWhichAttachmentsItCouldNotLookFor) {
  ASSERT_TRUE(shop.release("staging", place_of(signed_build("one"))));
  const oci::Descriptor first = image;
  std::string yaml = kRegistryYaml;
  yaml.insert(yaml.find("/staging/hello") + 14, "2");
  shop.configure(yaml);
  ASSERT_TRUE(shop.release("staging", place_of(signed_build("two"))));
  shop.world.repository("reg.example/staging/hello")->faults[tag_of(first, "sig")] = {Errc::rate_limited};
  Ledger view = shop.services.ledger(shop.project.ledger);
  const auto planned = plan_rollback({shop.project, shop.environment("staging"), {}}, {}, view, shop.services);
  ASSERT_TRUE(planned) << planned.error().describe();
  ASSERT_THAT(planned->warnings, SizeIs(1));
  EXPECT_THAT(planned->warnings[0].describe(), HasSubstr("looking for what is attached to " + first.digest.str()));
  ASSERT_TRUE(shop.apply(*planned));
  EXPECT_EQ(shop.tag("staging"), first.digest);
}

TEST_F(Carrying, AtMostTwentyOfOneManifestTravel) {
  signed_build("one");
  for (int i = 0; i < 22; ++i)
    attach(*builds, image, kBundle, fmt::format("signature {}", i));
  const auto planned = shop.plan_release("staging", place_of(image));
  ASSERT_TRUE(planned) << planned.error().describe();
  EXPECT_THAT(planned->plan.attached, SizeIs(20));
  ASSERT_THAT(planned->warnings, SizeIs(1));
  EXPECT_THAT(planned->warnings[0].message, HasSubstr("has 25 attachments"));
}

TEST_F(Carrying, PlatformManifestsHaveSignaturesOfTheirOwn) {
  const oci::Descriptor root = put_index(*builds, {"linux/amd64", "linux/arm64"});
  const auto index = std::get<oci::Index>(copy::fetch_document(*builds, root).value());
  image = index.manifests[1];
  bundle = attach(*builds, image, kBundle);
  ASSERT_TRUE(shop.release("staging", place_of(root)));
  EXPECT_TRUE(lists("staging", bundle));
}

TEST_F(Carrying, ASignatureOfAnSbomTravelsWithTheSbomAndNotWithoutIt) {
  const oci::Location place = place_of(signed_build("one"));
  const auto nested = attach(*builds, sbom, kBundle, "bundle of the packages");
  ASSERT_TRUE(builds->tag(put_image(*builds, "signature of the packages"), tag_of(sbom, "sig")));
  const auto has = [&](const char* environment) {
    const auto target = shop.target(environment);
    const auto found = store::as<store::ReferrerLister>(*target)->referrers(sbom.digest, kBundle);
    return found && found->size() == 1 && found->front().digest == nested.digest &&
           target->resolve(tag_of(sbom, "sig")).has_value();
  };
  ASSERT_TRUE(shop.release("staging", place));
  EXPECT_FALSE(has("staging")) << "the SBOM stays behind by default";
  choose("all");
  const auto other = shop.release("production", place, {.bypass = "straight to it"});
  ASSERT_TRUE(other) << other.error().describe();
  EXPECT_TRUE(has("production"));
}

}  // namespace
}  // namespace slipway::release
