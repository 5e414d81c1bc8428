// Writers at once: threads and processes that release to one environment.
#include "slipway/release/sequencer.h"

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "release/world.h"

namespace slipway::release {
namespace {

TEST(FileSequencer, OneTurnAtATimeForEachEnvironment) {
  test::TempDir folder;
  const auto sequencer = file_sequencer(real_fs(), folder.path() / "locks");
  std::atomic<int> inside{0};
  std::atomic<int> most{0};
  {
    std::vector<std::jthread> writers;
    for (int i = 0; i < 4; ++i) {
      writers.emplace_back([&] {
        for (int round = 0; round < 20; ++round) {
          const auto turn = sequencer->take("hello", "staging");
          ASSERT_TRUE(turn) << turn.error().describe();
          most = std::max(most.load(), ++inside);
          std::this_thread::yield();
          --inside;
        }
      });
    }
  }
  EXPECT_EQ(most, 1);
}

TEST(FileSequencer, EnvironmentsDoNotWaitForEachOther) {
  test::TempDir folder;
  const auto sequencer = file_sequencer(real_fs(), folder.path());
  const auto staging = sequencer->take("hello", "staging");
  const auto production = sequencer->take("hello", "production");
  const auto other = sequencer->take("world", "staging");
  EXPECT_TRUE(staging && production && other);
}

TEST(FileSequencer, AFolderThatCannotBeMadeIsAnError) {
  test::TempDir folder;
  ASSERT_TRUE(write_file_atomically(real_fs(), folder.path() / "file", ""));
  EXPECT_FALSE(file_sequencer(real_fs(), folder.path() / "file" / "locks")->take("hello", "staging"));
}

// Ten processes, each with a build of its own, repeat until theirs is released: none is lost, no number is used twice.
TEST(Writers, TenProcessesAtOnceLoseNothing) {
  constexpr int kWriters = 10;
  Shop shop(kLayoutYaml);
  std::vector<oci::Location> builds;
  const auto images = shop.open(*shop.project.image_repository);
  for (int i = 0; i < kWriters; ++i) {
    const auto image = put_image(*images, fmt::format("build {}", i));
    ASSERT_TRUE(images->keep_untagged(image));
    builds.push_back(shop.project.image_repository->with_digest(image.digest));
  }
  std::vector<pid_t> children;
  for (int i = 0; i < kWriters; ++i) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child != 0) {
      children.push_back(child);
      continue;
    }
    const auto sequencer = file_sequencer(real_fs(), shop.folder.path() / "locks");
    shop.services.sequencer = sequencer.get();
    shop.services.actor = {fmt::format("writer {}", i)};
    for (int attempt = 0; attempt < 200; ++attempt) {
      const auto outcome = shop.release("staging", builds[static_cast<std::size_t>(i)]);
      if (outcome) ::_exit(0);
      if (outcome.error().code != Errc::conflict) {
        fmt::print(stderr, "writer {}: {}\n", i, outcome.error().describe());
        ::_exit(1);
      }
    }
    ::_exit(2);
  }
  for (const pid_t child : children) {
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  const Chain chain = shop.chain("staging");
  ASSERT_EQ(chain.entries.size(), static_cast<std::size_t>(kWriters));
  std::set<std::string> actors;
  for (const Recorded& recorded : chain.entries)
    actors.insert(recorded.entry.actor);
  EXPECT_EQ(actors.size(), static_cast<std::size_t>(kWriters));
  EXPECT_EQ(shop.tag("staging"), chain.head()->entry.image.digest);
}

}  // namespace
}  // namespace slipway::release
