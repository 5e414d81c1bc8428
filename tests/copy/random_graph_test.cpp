#include "copy/random_graph.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "copy/watched_target.h"
#include "slipway/copy/copy.h"
#include "slipway/oci/media_type.h"
#include "slipway/store/layout.h"
#include "support/fault_fs.h"
#include "support/temp_dir.h"

namespace slipway::copy {
namespace {

using test::Blob;
using test::random_graph;
using test::RandomGraph;
using test::TempDir;
using test::WatchedTarget;

void fill(store::Target& target, const RandomGraph& graph) {
  for (const Blob& node : graph.nodes) {
    const Status pushed = test::push(target, node);
    ASSERT_TRUE(pushed.has_value()) << pushed.error().describe();
  }
}

void expect_all(store::ReadTarget& target, const RandomGraph& graph, const std::string& what) {
  for (const Blob& node : graph.nodes) {
    const auto bytes = test::read(target, node.descriptor);
    ASSERT_TRUE(bytes.has_value()) << what << ": " << bytes.error().describe();
    EXPECT_EQ(*bytes, node.bytes) << what;
  }
}

/// No document stands anywhere without everything it reaches.
void expect_closed(store::ReadTarget& target, const RandomGraph& graph, const std::string& what) {
  for (const Blob& node : graph.nodes) {
    if (!oci::is_graph_node(node.descriptor.media_type) || !target.exists(node.descriptor).value()) continue;
    const auto document = oci::parse_document(node.bytes, node.descriptor.media_type).value();
    for (const oci::Descriptor& child : oci::children(document)) {
      EXPECT_TRUE(target.exists(child).value()) << what << ": " << child.digest.str() << " is missing";
    }
  }
}

std::size_t count(const std::vector<std::string>& calls, const std::string& object) {
  return static_cast<std::size_t>(std::count(calls.begin(), calls.end(), object));
}

TEST(RandomGraphs, ArriveWholeOnceAndByteForByte) {
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    const RandomGraph graph = random_graph(seed);
    WatchedTarget from;
    WatchedTarget to;
    fill(from, graph);
    const CopyOptions options{.lanes = 1 + seed % 5};
    const Status copied = copy_tagged({&from}, graph.root().descriptor, to, {"v"}, options);
    ASSERT_TRUE(copied.has_value()) << seed << ": " << copied.error().describe();
    const std::string what = "seed " + std::to_string(seed);
    expect_all(to, graph, what);
    EXPECT_EQ(to.calls("push").size(), graph.nodes.size()) << what;
    for (const Blob& node : graph.nodes)
      EXPECT_EQ(count(to.calls("push"), node.descriptor.digest.str()), 1u) << what;
    EXPECT_FALSE(to.collided()) << what;
    EXPECT_EQ(to.resolve(std::string("v"))->digest, graph.root().descriptor.digest) << what;
  }
}

TEST(RandomGraphs, AFaultAtAnyCallLeavesAClosedSetAndARerunCompletes) {
  for (std::uint64_t seed = 1; seed <= 15; ++seed) {
    const RandomGraph graph = random_graph(seed);
    for (const bool at_source : {false, true}) {
      for (std::size_t nth = 1;; ++nth) {
        WatchedTarget from;
        WatchedTarget to;
        fill(from, graph);
        std::size_t calls = 0;
        WatchedTarget& faulty = at_source ? from : to;
        faulty.fault = [&](const std::string&, const std::string&) -> Status {
          if (++calls == nth) return fail(Errc::network, "connection reset");
          return {};
        };
        const CopyOptions options{.lanes = 1 + seed % 4};
        const Status copied = copy_tagged({&from}, graph.root().descriptor, to, {"v"}, options);
        faulty.fault = nullptr;
        const std::string what = fmt::format("seed {}, {} call {}", seed, at_source ? "source" : "destination", nth);
        if (copied) {
          EXPECT_GT(nth, calls) << what;
          break;
        }
        EXPECT_EQ(copied.error().code, Errc::network) << what;
        EXPECT_EQ(copied.error().side, at_source ? Side::source : Side::destination) << what;
        EXPECT_FALSE(to.resolve(std::string("v")).has_value()) << what;
        expect_closed(to, graph, what);
        const Status again = copy_tagged({&from}, graph.root().descriptor, to, {"v"}, options);
        ASSERT_TRUE(again.has_value()) << what << ": " << again.error().describe();
        expect_all(to, graph, what);
      }
    }
  }
}

TEST(RandomGraphs, GoThroughLayoutsAndBackUnchanged) {
  const TempDir dir;
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    const RandomGraph graph = random_graph(seed);
    store::MemoryTarget from;
    store::MemoryTarget back;
    fill(from, graph);
    const auto folder = dir.path() / std::to_string(seed);
    const auto layout = store::LayoutTarget::open_or_create(folder).value();
    ASSERT_TRUE(copy_graph({&from}, graph.root().descriptor, *layout, {}).has_value());
    const auto reopened = store::LayoutTarget::open(folder).value();
    EXPECT_EQ(reopened->roots()->size(), 1u) << "an image without a tag is listed";
    EXPECT_TRUE(reopened->validate()->empty());
    ASSERT_TRUE(copy_tagged({reopened.get()}, graph.root().descriptor, back, {"v"}, {}).has_value());
    expect_all(back, graph, "seed " + std::to_string(seed));
  }
}

TEST(RandomGraphs, CopyingToADamagedLayoutMendsIt) {
  const TempDir dir;
  const RandomGraph graph = random_graph(4);
  store::MemoryTarget from;
  fill(from, graph);
  const auto copy_there = [&] {
    const auto layout = store::LayoutTarget::open_or_create(dir.path()).value();
    const Status copied = copy_tagged({&from}, graph.root().descriptor, *layout, {"v"}, {});
    EXPECT_TRUE(copied.has_value()) << copied.error().describe();
  };
  copy_there();
  for (const Blob& node : graph.nodes) {
    const auto blob = dir.path() / "blobs/sha256" / std::string(node.descriptor.digest.hex());
    for (const bool removed : {true, false}) {
      stdfs::remove(blob);
      if (!removed) {
        ASSERT_TRUE(write_file_atomically(real_fs(), blob, "damage").has_value());
      }
      copy_there();
      const auto layout = store::LayoutTarget::open(dir.path()).value();
      EXPECT_TRUE(layout->validate()->empty()) << node.descriptor.media_type << " removed: " << removed;
    }
  }
}

TEST(RandomGraphs, AKilledCopyIntoALayoutLeavesTheOldTagOrTheNewOneAndARerunCompletes) {
  const TempDir dir;
  const auto folder = dir.path() / "l";
  const RandomGraph old_graph = random_graph(3);
  const RandomGraph new_graph = random_graph(4);
  store::MemoryTarget from;
  fill(from, old_graph);
  fill(from, new_graph);
  const auto copy_to_layout = [&](const RandomGraph& graph, FileSystem& fs) {
    const auto layout = store::LayoutTarget::open_or_create(folder, {.fs = &fs, .verified_record = {}});
    return layout && copy_tagged({&from}, graph.root().descriptor, **layout, {"v"}, {.lanes = 1});
  };
  ASSERT_TRUE(copy_to_layout(old_graph, real_fs()));
  const int deaths = test::kill_at_every_step(
      [&](FileSystem& fs) { return copy_to_layout(new_graph, fs); },
      [&](int step) {
        const auto layout = store::LayoutTarget::open(folder);
        ASSERT_TRUE(layout.has_value()) << step << ": " << layout.error().describe();
        const auto tagged = (*layout)->resolve(std::string("v"));
        ASSERT_TRUE(tagged.has_value()) << step;
        EXPECT_TRUE(tagged->digest == old_graph.root().descriptor.digest ||
                    tagged->digest == new_graph.root().descriptor.digest)
            << step;
        EXPECT_TRUE((*layout)->validate()->empty()) << step;
        expect_closed(**layout, new_graph, "step " + std::to_string(step));
        ASSERT_TRUE(copy_to_layout(new_graph, real_fs())) << step;
        expect_all(**layout, new_graph, "completed after step " + std::to_string(step));
        EXPECT_EQ((*layout)->resolve(std::string("v"))->digest, new_graph.root().descriptor.digest) << step;
        stdfs::remove_all(folder);
        ASSERT_TRUE(copy_to_layout(old_graph, real_fs())) << "the next death starts from the old image";
      });
  EXPECT_GT(deaths, 30);
}

}  // namespace
}  // namespace slipway::copy
