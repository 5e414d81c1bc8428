#include "slipway/layer/file_capabilities.h"

#include <gtest/gtest.h>

namespace slipway::layer {
namespace {

/// Five little-endian words: revision and effective bit, permitted and inheritable, low and high.
std::string words(std::initializer_list<std::uint32_t> values) {
  std::string out;
  for (const std::uint32_t value : values) {
    for (int shift = 0; shift < 32; shift += 8)
      out += static_cast<char>(value >> shift & 0xff);
  }
  return out;
}

TEST(FileCapabilities, AsSetcapWritesThem) {
  const std::vector<std::pair<std::string, std::string>> table{
      {"cap_net_bind_service+ep", words({0x02000001, 1u << 10, 0, 0, 0})},
      {"cap_net_bind_service=ep", words({0x02000001, 1u << 10, 0, 0, 0})},
      {"CAP_CHOWN,cap_kill+p", words({0x02000000, (1u << 0) | (1u << 5), 0, 0, 0})},
      {"cap_net_raw+eip", words({0x02000001, 1u << 13, 1u << 13, 0, 0})},
      {"cap_checkpoint_restore+i", words({0x02000000, 0, 0, 0, 1u << 8})},
      {"cap_chown+p cap_kill+p", words({0x02000000, (1u << 0) | (1u << 5), 0, 0, 0})},
      {"cap_chown,cap_kill+ep cap_kill-ep", words({0x02000001, 1u << 0, 0, 0, 0})},
      {"cap_chown+eip cap_chown=ep", words({0x02000001, 1u << 0, 0, 0, 0})},
      {"cap_chown+eip cap_chown-i", words({0x02000001, 1u << 0, 0, 0, 0})},
      {"all=p", words({0x02000000, 0xffffffffu, 0, 0x1ff, 0})},
      {"=p cap_sys_admin-p", words({0x02000000, 0xffffffffu & ~(1u << 21), 0, 0x1ff, 0})},
      {"cap_chown=", words({0x02000000, 0, 0, 0, 0})}};
  for (const auto& [text, bytes] : table) {
    const auto value = file_capabilities(text);
    ASSERT_TRUE(value) << text << ": " << value.error().describe();
    EXPECT_EQ(*value, bytes) << text;
  }
}

TEST(FileCapabilities, RefusesWhatAFileCannotHold) {
  for (const char* text : {"", "  ", "cap_net_bind_service", "cap_fly+ep", "cap_chown+x", "cap_chown+", "+ep",
                           "cap_chown,+p", "cap_chown+e", "cap_chown+ep cap_kill+p", "10+ep"}) {
    const auto value = file_capabilities(text);
    ASSERT_FALSE(value) << text;
    EXPECT_EQ(value.error().code, Errc::invalid_argument) << text;
  }
}

TEST(FileCapabilities, AttributesThatLinuxRefuses) {
  const std::string good = *file_capabilities("cap_chown=ep");
  std::string of_namespace = good + std::string(4, '\0');
  of_namespace[3] = 3;
  EXPECT_EQ(attribute_fault("security.capability", good), "");
  EXPECT_EQ(attribute_fault("security.capability", of_namespace), "");
  for (const std::string& bad :
       {std::string(), std::string("cap_chown=ep"), good.substr(0, 19), good + 'x', std::string(20, '\0')})
    EXPECT_EQ(attribute_fault("security.capability", bad), "has a value that is not a set of capabilities") << bad;
  EXPECT_EQ(attribute_fault("user.x", ""), "");
  EXPECT_EQ(attribute_fault("com.apple.quarantine", "x"), "") << "left out by whoever unpacks";
  EXPECT_NE(attribute_fault("user.", "x"), "");
  EXPECT_EQ(attribute_fault("user." + std::string(250, 'n'), std::string(65536, 'x')), "");
  EXPECT_NE(attribute_fault("user." + std::string(251, 'n'), "x"), "");
  EXPECT_NE(attribute_fault("user.x", std::string(65537, 'x')), "");
}

}  // namespace
}  // namespace slipway::layer
