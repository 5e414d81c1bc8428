#include "slipway/elf/loader_cache.h"

#include <gtest/gtest.h>

namespace slipway::elf {
namespace {

std::uint32_t little(const std::string& bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 4; i > 0; --i)
    value = value << 8 | static_cast<unsigned char>(bytes[at + i - 1]);
  return value;
}

Abi abi_of(unsigned machine, unsigned bits = 64, unsigned flags = 0) {
  Abi abi;
  abi.bits = bits;
  abi.machine = machine;
  abi.flags = flags;
  return abi;
}

TEST(LoaderCache, NumbersInNamesCountAsNumbers) {
  EXPECT_GT(compare_cached_names("libx.so.10", "libx.so.9"), 0);
  EXPECT_LT(compare_cached_names("libx.so.9", "libx.so.10"), 0);
  EXPECT_EQ(compare_cached_names("libx.so.1", "libx.so.1"), 0);
  EXPECT_EQ(compare_cached_names("libx.so.01", "libx.so.1"), 0);
  EXPECT_GT(compare_cached_names("lib2", "liba"), 0);
  EXPECT_LT(compare_cached_names("liba", "lib2"), 0);
  EXPECT_LT(compare_cached_names("libx.so", "libx.so.1"), 0);
  EXPECT_GT(compare_cached_names("libz.so", "liba.so.7"), 0);
}

TEST(LoaderCache, EachMachineHasItsWord) {
  struct Row {
    Abi abi;
    std::uint32_t word;
  };
  for (const Row& row : {Row{abi_of(62), 0x0303}, Row{abi_of(183), 0x0a03}, Row{abi_of(40, 32, 0x5000400), 0x0903},
                         Row{abi_of(40, 32, 0x5000200), 0x0b03}, Row{abi_of(243, 64, 5), 0x1003},
                         Row{abi_of(3, 32), 0x0003}, Row{abi_of(62, 32), 0x0803}, Row{abi_of(22), 0x0403}}) {
    const auto cache = loader_cache({{"libx.so.1", "/lib/libx.so.1", row.abi}});
    ASSERT_TRUE(cache) << cache.error().describe();
    EXPECT_EQ(little(*cache, 48), row.word);
  }
  EXPECT_EQ(loader_cache({{"libx.so.1", "/lib/libx.so.1", abi_of(8)}}).error().code, Errc::unsupported);
}

TEST(LoaderCache, EntriesAreInDescendingOrderAndKeepTheOrderOfEqualNames) {
  const Abi abi = abi_of(62);
  const auto cache = loader_cache({{"liba.so.2", "/one/liba.so.2", abi},
                                   {"libb.so.1", "/one/libb.so.1", abi},
                                   {"liba.so.10", "/one/liba.so.10", abi},
                                   {"liba.so.2", "/two/liba.so.2", abi}});
  ASSERT_TRUE(cache);
  EXPECT_EQ(little(*cache, 20), 4u);
  std::string paths;
  for (std::size_t i = 0; i < 4; ++i)
    paths += std::string(cache->c_str() + little(*cache, 48 + 24 * i + 8)) + " ";
  EXPECT_EQ(paths, "/one/libb.so.1 /one/liba.so.10 /one/liba.so.2 /two/liba.so.2 ");
  EXPECT_EQ(loader_cache({})->size(), 48u);
}

}  // namespace
}  // namespace slipway::elf
