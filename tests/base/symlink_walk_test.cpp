#include "slipway/base/symlink_walk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace slipway {
namespace {

using ::testing::HasSubstr;

/// A root with folders, a file and symlinks.
class SymlinkWalk : public ::testing::Test {
 protected:
  Result<std::string> walk(std::string_view path, bool follow_last = true) {
    return walk_symlinks(path, follow_last, [this](const std::string& at) -> std::optional<PathStep> {
      const auto found = steps.find(at);
      return found == steps.end() ? std::nullopt : std::optional(found->second);
    });
  }
  static PathStep link(std::string text) { return {false, std::move(text)}; }

  std::map<std::string, PathStep> steps{{"usr", {true}},
                                        {"usr/lib", {true}},
                                        {"lib", link("usr/lib")},
                                        {"etc", {true}},
                                        {"etc/file", {false}},
                                        {"etc/abs", link("/usr/lib")},
                                        {"etc/up", link("../../usr")},
                                        {"loop", link("loop")},
                                        {"far", link("usr/near")},
                                        {"usr/near", link("lib")},
                                        {"gone", link("nowhere/here")},
                                        {"deep", link("lib/../x")}};
};

TEST_F(SymlinkWalk, FollowsLinksInsideTheRoot) {
  EXPECT_EQ(walk("").value(), "");
  EXPECT_EQ(walk("usr//lib/./a").value(), "usr/lib/a");
  EXPECT_EQ(walk("lib/a").value(), "usr/lib/a");
  EXPECT_EQ(walk("etc/abs/a").value(), "usr/lib/a");
  EXPECT_EQ(walk("etc/up/a").value(), "usr/a") << "the root has no parent";
  EXPECT_EQ(walk("far/a").value(), "usr/lib/a") << "a link to a link";
  EXPECT_EQ(walk("gone/a").value(), "nowhere/here/a") << "a missing path counts as a folder";
}

TEST_F(SymlinkWalk, ParentsAreThoseOfTheRealFolder) {
  EXPECT_EQ(walk("lib/../a").value(), "usr/a");
  EXPECT_EQ(walk("deep").value(), "usr/x");
}

TEST_F(SymlinkWalk, TheLastComponentIsFollowedWhereAsked) {
  EXPECT_EQ(walk("lib", false).value(), "lib");
  EXPECT_EQ(walk("lib", true).value(), "usr/lib");
  EXPECT_EQ(walk("lib/", false).value(), "usr/lib") << "a slash behind it makes it a folder";
}

TEST_F(SymlinkWalk, EndsAtFortyLinksAndAtFiles) {
  const auto loop = walk("loop/a");
  ASSERT_FALSE(loop);
  EXPECT_EQ(loop.error().code, Errc::malformed);
  EXPECT_THAT(loop.error().message, HasSubstr("/loop/a leads through more than 40 symlinks"));
  const auto below = walk("etc/file/a");
  ASSERT_FALSE(below);
  EXPECT_EQ(below.error().code, Errc::not_found);
  EXPECT_EQ(walk("etc/file").value(), "etc/file");
}

TEST_F(SymlinkWalk, FortyLinksAreNotTooMany) {
  steps.clear();
  for (int i = 0; i < 40; ++i)
    steps["l" + std::to_string(i)] = link("l" + std::to_string(i + 1));
  EXPECT_EQ(walk("l0").value(), "l40");
  steps["l40"] = link("l41");
  EXPECT_FALSE(walk("l0"));
}

}  // namespace
}  // namespace slipway
