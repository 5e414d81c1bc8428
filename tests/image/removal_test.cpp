#include "slipway/image/removal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "slipway/store/memory.h"
#include "support/target_conformance.h"

namespace slipway::image {
namespace {

using test::Blob;
using testing::ElementsAre;
using testing::HasSubstr;

/// A place as many registries are: tags go with their manifest only.
class DigestsOnly final : public store::ReadTarget, public store::TagLister, public store::Deleter {
 public:
  std::string name() const override { return "r.example/app"; }
  Result<oci::Descriptor> resolve(const store::TagOrDigest& reference) override { return inner.resolve(reference); }
  Result<bool> exists(const oci::Descriptor& descriptor) override { return inner.exists(descriptor); }
  Result<std::unique_ptr<io::Source>> fetch(const oci::Descriptor& d) override { return inner.fetch(d); }
  Result<std::vector<std::string>> list_tags() override { return inner.list_tags(); }
  Status delete_tag(const std::string& tag) override { return fail(Errc::unsupported, "no tag {} alone", tag); }
  Status delete_manifest(const Digest& digest) override {
    deleted.push_back(digest);
    return {};
  }

  store::MemoryTarget inner;
  std::vector<Digest> deleted;
};

struct Place {
  Place() {
    for (const Blob& blob : {config, layer, image, other, index})
      EXPECT_TRUE(push(target.inner, blob).has_value());
    tag("index", index);
  }
  void tag(const std::string& name, const Blob& blob) {
    EXPECT_TRUE(target.inner.tag(blob.descriptor, name).has_value());
  }

  DigestsOnly target;
  Blob config = test::make_blob("{}", "application/vnd.oci.empty.v1+json");
  Blob layer = test::make_blob("a layer");
  Blob image = test::make_manifest({});
  Blob other = test::make_manifest({layer});
  Blob index = test::make_index({image});
};

TEST(Removal, TagsReachWhatIsBelowThem) {
  Place place;
  place.tag("one", place.image);
  place.tag("another", place.other);
  EXPECT_THAT(tags_that_reach(place.target, place.image.descriptor.digest).value(), ElementsAre("index", "one"));
  EXPECT_THAT(tags_that_reach(place.target, place.other.descriptor.digest).value(), ElementsAre("another"));
  EXPECT_THAT(tags_that_reach(place.target, place.config.descriptor.digest).value(), ElementsAre());
}

TEST(Removal, ATagAloneWhereThatIsPossible) {
  Place place;
  store::MemoryTarget& inner = place.target.inner;
  place.tag("twin", place.index);
  EXPECT_FALSE(remove_tag(inner, "twin", place.index.descriptor).value());
  EXPECT_THAT(inner.list_tags().value(), ElementsAre("index"));
  EXPECT_TRUE(inner.exists(place.index.descriptor).value());
}

TEST(Removal, TheManifestGoesWithItsLastTagOnly) {
  Place place;
  place.tag("twin", place.index);
  const auto kept = remove_tag(place.target, "twin", place.index.descriptor);
  ASSERT_FALSE(kept.has_value());
  EXPECT_EQ(kept.error().code, Errc::unsupported);
  EXPECT_THAT(kept.error().message, HasSubstr("also that of index"));
  EXPECT_THAT(place.target.deleted, ElementsAre());
  place.tag("alone", place.other);
  EXPECT_TRUE(remove_tag(place.target, "alone", place.other.descriptor).value());
  EXPECT_THAT(place.target.deleted, ElementsAre(place.other.descriptor.digest));
}

TEST(Removal, ADigestThatATagReachesStays) {
  Place place;
  const Status kept = remove_manifest(place.target, place.image.descriptor);
  ASSERT_FALSE(kept.has_value());
  EXPECT_EQ(kept.error().code, Errc::conflict);
  EXPECT_THAT(kept.error().message, HasSubstr("index"));
  EXPECT_TRUE(remove_manifest(place.target, place.other.descriptor).has_value());
  EXPECT_THAT(place.target.deleted, ElementsAre(place.other.descriptor.digest));
  EXPECT_EQ(remove_manifest(place.target.inner, place.other.descriptor).error().code, Errc::unsupported);
}

}  // namespace
}  // namespace slipway::image
