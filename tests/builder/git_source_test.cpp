#include "builder/git_source.h"

#include <gtest/gtest.h>

#include "builder/recipe_values.h"

namespace slipway::builder {
namespace {

struct Remote {
  std::string remote, url;
};

TEST(GitSource, RemotesBecomeUrlsWithoutSecrets) {
  for (const auto& [remote, url] : std::vector<Remote>{
           {"https://h.example/x.git", "https://h.example/x.git"},
           {"https://u:p@h.example/x.git", "https://h.example/x.git"},
           {"https://token@h.example/x.git", "https://h.example/x.git"},
           {"https://h.example/a@b", "https://h.example/a@b"},
           {"https://u:p@ss@h.example/x", "https://h.example/x"},
           {"https://h.example/x?private_token=abc", "https://h.example/x"},
           {"https://h.example/x#abc", "https://h.example/x"},
           {"https://h.example", "https://h.example"},
           {"https://u:p@h.example", "https://h.example"},
           {"HTTPS://h.example/x", "https://h.example/x"},
           {"ssh://git@h.example:2222/x.git", "ssh://git@h.example:2222/x.git"},
           {"ssh://git:secret@h.example/x.git", "ssh://git@h.example/x.git"},
           {"git@h.example:team/x.git", "ssh://git@h.example/team/x.git"},
           {"h.example:/srv/x.git", "ssh://h.example/srv/x.git"},
           {"u:secret@h.example:x.git", "ssh://u@h.example/x.git"},
           {"u:secret@h.example", ""},
       }) {
    EXPECT_EQ(public_url(remote), url) << remote;
  }
}

TEST(GitSource, PathsOfThisMachineAreNobodyElsesBusiness) {
  for (const char* remote : {"/srv/git/x.git", "../x", "x", "./a:b", "file:///srv/x.git", "", "://x", "https://"})
    EXPECT_EQ(public_url(remote), "") << remote;
}

TEST(GitSource, AnAddressInTheRecipeHasNoSecretEither) {
  EXPECT_EQ(parse_source_url("https://h.example/x.git"), "https://h.example/x.git");
  for (const char* bad : {"", "https://u:p@h.example/x", "https://h.example/x?token=1", "/srv/x", "git@h.example:x"})
    EXPECT_FALSE(parse_source_url(bad)) << bad;
}

}  // namespace
}  // namespace slipway::builder
