#include "slipway/builder/work_observer.h"

#include <mutex>

#include "builder/build_fixture.h"

namespace slipway::builder {
namespace {

/// Remembers the reports of reading.
class Watching final : public Observer, public WorkObserver {
 public:
  void files_read(const std::string& platform, const std::string& name, std::uint64_t at,
                  std::uint64_t total) override {
    const std::scoped_lock lock(mutex);
    what = platform + " " + name;
    furthest = std::max(furthest, at);
    totals.insert(total);
    ++calls;
  }
  void blob_read(const oci::Descriptor&, std::uint64_t) override {}
  void blob_finished(const oci::Descriptor&) override {}

  std::mutex mutex;
  std::string what;
  std::uint64_t furthest = 0;
  std::set<std::uint64_t> totals;
  int calls = 0;
};

TEST_F(BuildTest, APackedLayerTellsHowFarItIs) {
  constexpr std::size_t kMiB = 1u << 20;
  put(dir.path() / "large", std::string(5 * kMiB, 'l'));
  Watching watching;
  services.observer = &watching;
  to_layout();
  must_build(flags([](AdHocRequest& typed) {
    typed.adds = {"large:/large", "hello:/hello"};
    typed.platforms = {"linux/amd64"};
  }));
  const std::uint64_t total = 5 * kMiB + stdfs::file_size(dir.path() / "hello");
  EXPECT_THAT(watching.totals, ::testing::ElementsAre(total));
  EXPECT_GE(watching.calls, 1);
  EXPECT_LE(watching.calls, 6) << "about once a MiB";
  EXPECT_LE(watching.furthest, total);
  EXPECT_GE(watching.furthest, 4 * kMiB);
  EXPECT_THAT(watching.what, ::testing::StartsWith("linux/amd64 "));
}

}  // namespace
}  // namespace slipway::builder
