#include <gtest/gtest.h>

#include "slipway/tar/member.h"
#include "support/header_example.h"

namespace slipway {
namespace {

using Skip = std::function<void(std::uint64_t)>;

// EX member
Result<std::vector<std::string>> names_in(tar::FillBuffer fill, const Skip& skip) {
  tar::MemberReader reader(std::move(fill));
  std::vector<std::string> names;
  while (true) {
    SLIPWAY_ASSIGN(const auto member, reader.next());
    if (!member) return names;
    names.push_back(member->path);
    skip(member->size + tar::padding(member->size));
  }
}
// END

TEST(MemberExample, IsCompiledAndWorks) {
  test::expect_example_is_compiled("include/slipway/tar/member.h", "tests/tar/header_examples_test.cpp");
  tar::Member file;
  file.path = "a";
  file.size = 3;
  const std::string first = tar::encode_member(file).value();
  file.path = "b";
  const std::string text =
      first + "one" + std::string(509, '\0') + tar::encode_member(file).value() + "two" + std::string(509, '\0');
  std::size_t at = 0;
  const auto fill = [&](std::span<char> buffer) -> Result<std::size_t> {
    const std::size_t n = std::min(buffer.size(), text.size() - at);
    std::copy_n(text.data() + at, n, buffer.data());
    at += n;
    return n;
  };
  const auto names = names_in(fill, [&](std::uint64_t bytes) { at += bytes; });
  ASSERT_TRUE(names) << names.error().describe();
  EXPECT_EQ(*names, (std::vector<std::string>{"a", "b"}));
}

}  // namespace
}  // namespace slipway
