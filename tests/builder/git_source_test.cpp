#include "builder/git_source.h"

#include <gtest/gtest.h>

namespace slipway::builder {
namespace {

TEST(GitSource, UserInformationIsStripped) {
  for (const auto& [url, stripped] :
       std::vector<std::pair<std::string, std::string>>{{"https://u:p@h.example/x.git", "https://h.example/x.git"},
                                                        {"https://token@h.example/x.git", "https://h.example/x.git"},
                                                        {"https://h.example/a@b", "https://h.example/a@b"},
                                                        {"https://u:p@ss@h.example/x", "https://h.example/x"},
                                                        {"ssh://git@h.example:22/x.git", "ssh://h.example:22/x.git"},
                                                        {"git@h.example:team/x.git", "h.example:team/x.git"},
                                                        {"/srv/git/x.git", "/srv/git/x.git"},
                                                        {"https://h.example", "https://h.example"},
                                                        {"https://u:p@h.example", "https://h.example"}}) {
    EXPECT_EQ(strip_userinfo(url), stripped) << url;
  }
}

}  // namespace
}  // namespace slipway::builder
