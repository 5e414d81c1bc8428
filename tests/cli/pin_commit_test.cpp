#include "cli/pin_commit.h"

#include <gtest/gtest.h>

namespace slipway::cli {
namespace {

TEST(PullRequestUrl, IsThePageOfEachKindOfServer) {
  for (const auto& [remote, url] : std::vector<std::pair<std::string, std::string>>{
           {"git@github.com:team/app.git", "https://github.com/team/app/compare/pins?expand=1"},
           {"https://github.com/team/app", "https://github.com/team/app/compare/pins?expand=1"},
           {"https://ann:secret@git.example.com:8443/team/app.git",
            "https://git.example.com:8443/team/app/compare/pins?expand=1"},
           {"ssh://git@git.example.com:2222/team/app.git", "https://git.example.com/team/app/compare/pins?expand=1"},
           {"git@git.example.com:123/app.git", "https://git.example.com/123/app/compare/pins?expand=1"},
           {"git@gitlab.example.com:group/sub/app.git",
            "https://gitlab.example.com/group/sub/app/-/merge_requests/new?merge_request[source_branch]=pins"},
           {"git@bitbucket.org:team/app.git", "https://bitbucket.org/team/app/pull-requests/new?source=pins"},
           {"https://dev.azure.com/org/project/_git/app",
            "https://dev.azure.com/org/project/_git/app/pullrequestcreate?sourceRef=pins"},
           {"/srv/git/app.git", ""},
           {"../app.git", ""},
           {"file:///srv/git/app.git", ""},
           {"origin.git", ""}}) {
    EXPECT_EQ(pull_request_url(remote, "pins"), url) << remote;
  }
}

TEST(PinMessage, SaysWhatMoved) {
  run::PinReport report;
  report.file = "deploy/app.yaml";
  report.changes = {{{"deploy/app.yaml", 4, 7}, "Pod: containers[0].image", "a:1", "a:1@sha256:b"},
                    {{"deploy/app.yaml", 9, 7}, "Pod: containers[1].image", "c:1", "c:2@sha256:d"}};
  EXPECT_EQ(
      pin_message({report}),
      "Pin 2 image references\n\ndeploy/app.yaml:4: a:1 -> a:1@sha256:b\ndeploy/app.yaml:9: c:1 -> c:2@sha256:d\n");
}

}  // namespace
}  // namespace slipway::cli
