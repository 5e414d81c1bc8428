#include "slipway/builder/work_observer.h"

#include <mutex>

#include "builder/build_fixture.h"

namespace slipway::builder {
namespace {

/// Remembers the reports of reading.
class Watching final : public BuildObserver, public WorkObserver {
 public:
  void files_read(const std::string& platform, const std::string& name, std::uint64_t at,
                  std::uint64_t total) override {
    const std::scoped_lock lock(mutex);
    what = platform + " " + name;
    furthest = std::max(furthest, at);
    totals.insert(total);
    ++calls;
  }
  void planning_started(const std::string& platform) override { planned.push_back("+" + platform); }
  void planning_finished(const std::string& platform) override { planned.push_back("-" + platform); }
  void planning_read(const std::string& platform, std::uint64_t at, std::uint64_t total) override {
    const std::scoped_lock lock(mutex);
    EXPECT_EQ(planned, std::vector<std::string>{"+" + platform}) << "between start and end";
    EXPECT_LE(at, total);
    EXPECT_GT(at, planning_at);
    planning_at = at;
  }
  void blob_read(const oci::Descriptor&, std::uint64_t) override {}
  void blob_finished(const oci::Descriptor& blob) override { blobs.insert(blob.digest.str()); }

  std::mutex mutex;
  std::string what;
  std::uint64_t furthest = 0;
  std::set<std::uint64_t> totals;
  int calls = 0;
  std::vector<std::string> planned;
  std::uint64_t planning_at = 0;
  std::set<std::string> blobs;
};

TEST_F(BuildTest, APackedLayerTellsHowFarItIs) {
  constexpr std::size_t kMiB = 1u << 20;
  put(dir.path() / "large", std::string(5 * kMiB, 'l'));
  Watching watching;
  services.observer = &watching;
  to_layout();
  Recipe recipe = flags([](AdHocRequest& typed) {
    typed.adds = {"large:/large", "hello:/hello"};
    typed.platforms = {"linux/amd64"};
    typed.compression = "none";
  });
  recipe.sboms = {"spdx"};
  const BuildResult built = must_build(recipe);
  EXPECT_THAT(watching.planned, ::testing::ElementsAre("+linux/amd64", "-linux/amd64"));
  EXPECT_THAT(watching.blobs, ::testing::ElementsAre(built.images[0].layers[0].digest.str())) << "read for the SBOM";
  const std::uint64_t total = 5 * kMiB + stdfs::file_size(dir.path() / "hello");
  EXPECT_THAT(watching.totals, ::testing::ElementsAre(total));
  EXPECT_GE(watching.calls, 1);
  EXPECT_LE(watching.calls, 6) << "about once a MiB";
  EXPECT_LE(watching.furthest, total);
  EXPECT_GE(watching.furthest, 4 * kMiB);
  EXPECT_THAT(watching.what, ::testing::StartsWith("linux/amd64 "));
}

TEST_F(BuildTest, PlanningAClosureTellsHowMuchOfItsFilesIsRead) {
  Watching watching;
  services.observer = &watching;
  to_layout();
  const Recipe recipe = flags([](AdHocRequest& typed) {
    typed.closures = {"/bin/ls"};
    typed.platforms = {oci::host_platform().str()};
  });
  must_build(recipe);
  ASSERT_EQ(watching.planned.size(), 2u);
  EXPECT_GE(watching.planning_at, stdfs::file_size("/bin/ls") + (1u << 20)) << "the program and the C library";
}

}  // namespace
}  // namespace slipway::builder
