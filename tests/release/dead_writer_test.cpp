// The marks that a writer leaves which dies before its commit, found by a machine that knows nothing of it. No mark
// blocks the next release, and no mark counts as one.
#include "release/finish.h"
#include "release/world.h"
#include "slipway/release/verify.h"
#include "slipway/release/views.h"

namespace slipway::release {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

class DeadWriter : public ::testing::TestWithParam<const char*> {
 protected:
  oci::Location build(const std::string& content, oci::Annotations annotations = {}) {
    const auto target = shop.open(*shop.project.image_repository);
    const auto image = put_image(*target, content, std::move(annotations));
    EXPECT_TRUE(target->keep_untagged(image));
    return shop.project.image_repository->with_digest(image.digest);
  }
  void tag(const oci::Descriptor& image, const std::string& name) {
    ASSERT_TRUE(shop.target("staging")->tag(image, name));
  }
  Digest under(const std::string& name) {
    const auto found = shop.target("staging")->resolve(name);
    EXPECT_TRUE(found) << name;
    return found ? found->digest : io::digest_of("nothing");
  }
  void expect_verified() {
    const auto proof = verify_environment(shop.project, shop.environment("staging"), std::nullopt, shop.services);
    ASSERT_TRUE(proof) << proof.error().describe();
    for (const Error& problem : proof->problems)
      ADD_FAILURE() << problem.describe();
  }
  /// Templates of tags that are written once.
  void name_tags(const std::string& templates) {
    std::string yaml = GetParam();
    yaml.insert(yaml.find("    config: {env-file: staging.env}"), "    tags: " + templates + "\n");
    shop.configure(yaml);
  }

  Shop shop{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(Places, DeadWriter, ::testing::Values(kLayoutYaml, kRegistryYaml), [](const auto& at) {
  return std::string(at.param) == kLayoutYaml ? "layouts" : "registries";
});

TEST_P(DeadWriter, ItsKeepTagOfTheFirstReleaseIsTakenOver) {
  tag(put_image(*shop.target("staging"), "dead"), "hello.staging-v1");
  const auto one = shop.release("staging", build("one"));
  ASSERT_TRUE(one) << one.error().describe();
  EXPECT_EQ(one->entry.number, 1);
  EXPECT_EQ(under("hello.staging-v1"), one->entry.image.digest);
  expect_verified();
}

TEST_P(DeadWriter, ItsKeepTagIsTakenOver) {
  ASSERT_TRUE(shop.release("staging", build("one")));
  tag(put_image(*shop.target("staging"), "dead"), "hello.staging-v2");
  const auto two = shop.release("staging", build("two"));
  ASSERT_TRUE(two) << two.error().describe();
  EXPECT_EQ(two->entry.number, 2);
  EXPECT_EQ(under("hello.staging-v2"), two->entry.image.digest);
  expect_verified();
}

TEST_P(DeadWriter, EvidenceOfTheFirstReleaseMeansALostLedger) {
  const auto one = shop.release("staging", build("one"));
  ASSERT_TRUE(one);
  const auto target = shop.target("staging");
  ASSERT_TRUE(store::as<store::Deleter>(*target)->delete_tag("staging"));
  const std::string yaml = GetParam();
  shop.configure(yaml + (yaml.find("reg.example") == std::string::npos ? "ledger: {repository: \"oci:./new\"}\n"
                                                                       : "ledger: {repository: reg.example/new}\n"));
  const auto refused = shop.release("staging", build("two"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::conflict);
  EXPECT_THAT(refused.error().hint, HasSubstr("--adopt"));
}

TEST_P(DeadWriter, ItsTagsThatAreWrittenOnceAreTakenOver) {
  name_tags("[\"{version}\", \"n{number}\"]");
  const oci::Annotations version{{std::string(oci::kVersion), "1.0"}};
  const auto dead = put_image(*shop.target("staging"), "dead");
  for (const char* name : {"hello.staging-v1", "1.0", "n1"})
    tag(dead, name);
  const auto one = shop.release("staging", build("one", version));
  ASSERT_TRUE(one) << one.error().describe();
  for (const char* name : {"hello.staging-v1", "1.0", "n1"})
    EXPECT_EQ(under(name), one->entry.image.digest) << name;
}

// Two died, one after the other, and the second came as far as the keep tag.
TEST_P(DeadWriter, TheTagsOfTheFirstOfTwoAreTakenOver) {
  name_tags("[\"{version}\", \"n{number}\"]");
  const oci::Annotations version{{std::string(oci::kVersion), "1.0"}};
  const auto first = put_image(*shop.target("staging"), "first");
  const auto second = put_image(*shop.target("staging"), "second");
  for (const char* name : {"1.0", "n1"})
    tag(first, name);
  tag(first, "hello.staging-v1-" + first.digest.short_hex());
  tag(second, "hello.staging-v1");
  const auto one = shop.release("staging", build("one", version));
  ASSERT_TRUE(one) << one.error().describe();
  EXPECT_EQ(under("1.0"), one->entry.image.digest);
  EXPECT_EQ(under("n1"), one->entry.image.digest);
}

TEST_P(DeadWriter, ATagOfAReleasedImageStaysWhoeverKeepsItToo) {
  name_tags("[\"{version}\"]");
  const oci::Annotations version{{std::string(oci::kVersion), "1.0"}};
  const auto one = shop.release("staging", build("one", version));
  ASSERT_TRUE(one);
  // The same image was about to become v2, with another config.
  tag(shop.target("staging")->resolve(one->entry.image.digest).value(), "hello.staging-v2");
  const auto refused = shop.release("staging", build("two", version));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::conflict);
  EXPECT_EQ(under("1.0"), one->entry.image.digest);
}

// The dead run was about to release an image again that an earlier release has, whose own tag says which is whose.
TEST_P(DeadWriter, ItsNumberedTagOfAReleasedImageIsTakenOver) {
  name_tags("[\"n{number}\"]");
  const auto one = shop.release("staging", build("one"));
  ASSERT_TRUE(one);
  const auto dead = shop.target("staging")->resolve(one->entry.image.digest).value();
  for (const char* name : {"hello.staging-v2", "n2"})
    tag(dead, name);
  const auto two = shop.release("staging", build("two"));
  ASSERT_TRUE(two) << two.error().describe();
  EXPECT_EQ(under("n2"), two->entry.image.digest);
  EXPECT_EQ(under("n1"), one->entry.image.digest);
}

TEST_P(DeadWriter, ATagThatNoRunExplainsStays) {
  name_tags("[\"n{number}\"]");
  const auto foreign = put_image(*shop.target("staging"), "foreign");
  tag(foreign, "n1");
  const auto refused = shop.release("staging", build("one"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::conflict);
  EXPECT_EQ(under("n1"), foreign.digest);
}

TEST(DeadWriterOfAnIndex, ItsChildrensKeepTagsAreTakenOver) {
  Shop shop(kRegistryYaml);
  const auto images = shop.open(*shop.project.image_repository);
  const auto staging = shop.target("staging");
  const auto dead = put_image(*staging, "dead");
  ASSERT_TRUE(staging->tag(dead, "hello.staging-v1-linux-amd64"));
  const auto index = put_index(*images, {"linux/amd64", "linux/arm64"});
  ASSERT_TRUE(shop.release("staging", shop.project.image_repository->with_digest(index.digest)));
  EXPECT_NE(staging->resolve("hello.staging-v1-linux-amd64")->digest, dead.digest);
}

// A registry that moves no tag: the image is kept under a name of its own.
TEST(DeadWriterOnImmutableTags, TheImageIsKeptBesideItsKeepTag) {
  Shop shop(kRegistryYaml);
  const auto images = shop.open(*shop.project.image_repository);
  const auto one = put_image(*images, "one");
  const auto staging = shop.world.repository("reg.example/staging/hello");
  const auto dead = put_image(*staging, "dead");
  ASSERT_TRUE(staging->tag(dead, "hello.staging-v1"));
  staging->immutable_tags = true;
  const auto released = shop.release("staging", shop.project.image_repository->with_digest(one.digest));
  ASSERT_TRUE(released) << released.error().describe();
  EXPECT_EQ(staging->resolve("hello.staging-v1")->digest, dead.digest);
  EXPECT_EQ(staging->resolve("hello.staging-v1-" + one.digest.short_hex())->digest, one.digest);
}

// The same for a tag that is written once: the release goes on under a name of its own, and says so.
TEST(DeadWriterOnImmutableTags, ATagThatIsWrittenOnceGetsANameBesideIt) {
  std::string yaml = kRegistryYaml;
  yaml.insert(yaml.find("    config: {env-file: staging.env}"), "    tags: [\"n{number}\"]\n");
  Shop shop(yaml);
  std::vector<std::string> warnings;
  shop.services.warn = [&](const Error& warning) { warnings.push_back(warning.message); };
  const auto images = shop.open(*shop.project.image_repository);
  const auto one = put_image(*images, "one");
  const auto staging = shop.world.repository("reg.example/staging/hello");
  const auto dead = put_image(*staging, "dead");
  for (const char* tag : {"hello.staging-v1", "n1"})
    ASSERT_TRUE(staging->tag(dead, tag));
  staging->immutable_tags = true;
  const auto released = shop.release("staging", shop.project.image_repository->with_digest(one.digest));
  ASSERT_TRUE(released) << released.error().describe();
  EXPECT_EQ(staging->resolve("n1")->digest, dead.digest);
  EXPECT_EQ(staging->resolve("n1-" + one.digest.short_hex())->digest, one.digest);
  EXPECT_THAT(warnings, Contains(HasSubstr("n1 stays on")));
  const auto again = shop.release("staging", shop.project.image_repository->with_digest(one.digest));
  ASSERT_TRUE(again) << again.error().describe();
  EXPECT_EQ(again->entry.number, 1);
}

// The registry died while it wrote the keep tag: its link is empty, and it answers 500.
TEST(DeadWriterOnADeadRegistry, TagsThatCannotBeReadAreWritten) {
  std::string yaml = kRegistryYaml;
  yaml.insert(yaml.find("    config: {env-file: staging.env}"), "    tags: [\"n{number}\"]\n");
  Shop shop(yaml);
  const auto one = put_image(*shop.open(*shop.project.image_repository), "one");
  const auto staging = shop.world.repository("reg.example/staging/hello");
  for (const char* tag : {"hello.staging-v1", "n1"})
    staging->faults[tag] = {Errc::network};
  const auto released = shop.release("staging", shop.project.image_repository->with_digest(one.digest));
  ASSERT_TRUE(released) << released.error().describe();
  EXPECT_THAT(staging->tagged, Contains("hello.staging-v1"));
  EXPECT_THAT(staging->tagged, Contains("n1"));
}

// The same for the tag that moves: whoever comes next writes it.
TEST(DeadWriterOnADeadRegistry, AMovingTagThatCannotBeReadIsWritten) {
  Shop shop(kRegistryYaml);
  const auto images = shop.open(*shop.project.image_repository);
  const auto build = [&](const char* content) {
    return shop.project.image_repository->with_digest(put_image(*images, content).digest);
  };
  const auto staging = shop.world.repository("reg.example/staging/hello");
  ASSERT_TRUE(shop.release("staging", build("one")));
  ASSERT_TRUE(shop.release("staging", build("two")));
  staging->faults["staging"] = {Errc::network};
  EXPECT_TRUE(read_status(shop.project, shop.services).value()[0].pending);
  staging->after_tag = [&](const std::string& tag) {
    EXPECT_EQ(tag, "staging");
    staging->faults.clear();
  };
  const auto again = shop.release("staging", build("two"));
  ASSERT_TRUE(again) << again.error().describe();
  EXPECT_EQ(again->entry.number, 2) << "nothing changed: the release is finished";
  EXPECT_EQ(shop.tag("staging"), again->entry.image.digest);
}

}  // namespace
}  // namespace slipway::release
