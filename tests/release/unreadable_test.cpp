#include "release/tombstone.h"
#include "release/world.h"
#include "slipway/release/ledger.h"

namespace slipway::release {
namespace {

using ::testing::IsEmpty;

/// A ledger that lists an entry of staging which cannot be read.
class UnreadableEntries : public ::testing::Test {
 protected:
  UnreadableEntries() { target->faults[lost] = {}; }
  Chain chain(const std::string& app, const std::string& environment) {
    auto read = ledger.read(app, environment);
    EXPECT_TRUE(read) << read.error().describe();
    return read ? *std::move(read) : Chain{};
  }

  const std::string lost = "hello.staging.v1.0123456789ab";
  World world;
  test::FakeClock clock;
  std::vector<std::string> warnings;
  std::shared_ptr<FakeRepository> target = world.repository("reg.example/hello-releases");
  Ledger ledger{
      world, oci::Location::parse("reg.example/hello-releases").value(), {}, clock, [this](const Error& warning) {
        warnings.push_back(warning.message);
      }};
};

TEST_F(UnreadableEntries, BelongToTheirEnvironmentAlone) {
  const Chain staging = chain("hello", "staging");
  ASSERT_EQ(staging.unreadable.size(), 1u);
  EXPECT_EQ(staging.unreadable[0].tag, lost);
  EXPECT_EQ(staging.unreadable[0].number, 1);
  // The same view of the ledger, which knows of the entry.
  for (const auto& [app, environment] : std::vector<std::pair<const char*, const char*>>{
           {"hello", "production"}, {"hello", "stag"}, {"hell", "staging"}})
    EXPECT_THAT(chain(app, environment).unreadable, IsEmpty()) << app << " " << environment;
}

TEST_F(UnreadableEntries, AreGoneOnceDoctorRemovedThem) {
  target->deletes = FakeRepository::Deletes::nothing;
  target->faults.clear();
  ASSERT_TRUE(remove_dangling(*target, lost));
  ASSERT_TRUE(target->resolve(lost)) << "what replaces it stays where nothing can be deleted";
  EXPECT_THAT(chain("hello", "staging").unreadable, IsEmpty());
  EXPECT_THAT(warnings, IsEmpty());
}

}  // namespace
}  // namespace slipway::release
