#include "slipway/layer/paged_map.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "support/temp_dir.h"

namespace slipway::layer {
namespace {

using Model = std::map<std::string, std::string>;

Model contents(PagedMap& map, std::string_view prefix = {}) {
  Model out;
  std::string before;
  EXPECT_TRUE(map.visit(prefix, [&](std::string_view key, std::string_view value) -> Status {
    EXPECT_TRUE(out.empty() || before < key);
    before = key;
    out.emplace(key, value);
    return {};
  }));
  return out;
}

struct PagedMapTest : ::testing::Test {
  test::TempDir dir;
  SpillPlace small{&real_fs(), dir.path(), 32u << 10};
};

TEST_F(PagedMapTest, DoesWhatAMapDoesInAnyOrder) {
  PagedMap map(small);
  Model model;
  std::minstd_rand random(7);
  for (int i = 0; i < 6000; ++i) {
    const std::string key = fmt::format("{}/{}", random() % 40, random() % 200);
    if (random() % 5 == 0) {
      ASSERT_TRUE(map.erase(key));
      model.erase(key);
    } else {
      const std::string value(random() % 300, 'x');
      ASSERT_TRUE(map.put(key, value));
      model[key] = value;
    }
    if (i % 500 != 0) continue;
    const std::string folder = std::to_string(random() % 40) + "/";
    const auto is_long = [](std::string_view value) { return value.size() > 150; };
    ASSERT_TRUE(map.erase_if(folder, is_long));
    std::erase_if(model, [&](const auto& item) { return item.first.starts_with(folder) && is_long(item.second); });
  }
  EXPECT_EQ(map.size(), model.size());
  EXPECT_EQ(contents(map), model);
  for (const auto& [key, value] : model) {
    const auto found = map.find(key);
    ASSERT_TRUE(found && *found != nullptr) << key;
    EXPECT_EQ(**found, value);
  }
  EXPECT_EQ(*map.find("40/1"), nullptr);
}

TEST_F(PagedMapTest, PrefixesAndChangesReachEveryPage) {
  PagedMap map(small);
  for (int i = 0; i < 5000; ++i)
    ASSERT_TRUE(map.put(fmt::format("{:05}", i), "v"));
  EXPECT_EQ(contents(map, "012").size(), 100u);
  EXPECT_EQ(contents(map, "9").size(), 0u);
  ASSERT_TRUE(map.change("01", [](std::string_view key, std::string& value) { value += key; }));
  EXPECT_EQ(**map.find("01234"), "v01234");
  EXPECT_EQ(**map.find("00234"), "v");
  ASSERT_TRUE(map.erase_if("", [](std::string_view) { return true; }));
  EXPECT_TRUE(map.empty());
  ASSERT_TRUE(map.put("a", "again"));
  EXPECT_EQ(contents(map), (Model{{"a", "again"}}));
}

TEST_F(PagedMapTest, TheFileHasNoName) {
  PagedMap map(small);
  for (int i = 0; i < 5000; ++i)
    ASSERT_TRUE(map.put(std::to_string(i), "v"));
  EXPECT_TRUE(stdfs::is_empty(dir.path()));
  const test::TempDir gone;
  PagedMap nowhere(SpillPlace{&real_fs(), gone.path() / "missing", 32u << 10});
  Status last;
  for (int i = 0; i < 5000 && last; ++i)
    last = nowhere.put(std::to_string(i), "v");
  EXPECT_FALSE(last);
}

}  // namespace
}  // namespace slipway::layer
