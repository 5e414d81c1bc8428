#include "slipway/run/secret_resolver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/temp_dir.h"

namespace slipway::run {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;

/// Helpers are scripts in a folder of PATH.
class Secrets : public testing::Test {
 protected:
  Secrets() {
    const char* path = std::getenv("PATH");
    before_ = path != nullptr ? path : "";
    ::setenv("PATH", (folder.path().native() + ":" + before_).c_str(), 1);
  }
  ~Secrets() override { ::setenv("PATH", before_.c_str(), 1); }

  void helper(const std::string& name, const std::string& script) {
    ASSERT_TRUE(write_file_atomically(real_fs(), folder.path() / ("slipway-secret-" + name),
                                      "#!/bin/sh\n" + script + "\n", 0755));
  }
  Result<std::vector<std::pair<std::string, std::string>>> resolve(const std::map<std::string, std::string>& all) {
    const SecretPlaces places{real_fs(),
                              [this](const std::string& name) -> std::optional<std::string> {
                                const auto at = env.find(name);
                                return at == env.end() ? std::nullopt : std::optional<std::string>(at->second);
                              },
                              folder.path(), "hello", "production"};
    SLIPWAY_ASSIGN(const auto secrets, resolve_secrets(all, places));
    std::vector<std::pair<std::string, std::string>> shown;
    for (const auto& [name, secret] : secrets)
      shown.emplace_back(name, secret.reveal());
    return shown;
  }

  test::TempDir folder;
  std::map<std::string, std::string> env;

 private:
  std::string before_;
};

TEST_F(Secrets, ComeFromVariablesFilesAndHelpers) {
  env["TOKEN"] = "from env";
  ASSERT_TRUE(write_file_atomically(real_fs(), folder.path() / "key", "from file\n"));
  helper("vault", R"(cat > /dev/null; printf '{"value": "from helper"}')");
  const auto all = resolve({{"C", "env://TOKEN"},
                            {"B", "file://key"},
                            {"A", "secret://vault/team/db#password"},
                            {"D", "file://" + (folder.path() / "key").native()}});
  ASSERT_TRUE(all) << all.error().describe();
  EXPECT_THAT(*all, ElementsAre(Pair("A", "from helper"), Pair("B", "from file"), Pair("C", "from env"),
                                Pair("D", "from file")));
}

TEST_F(Secrets, AHelperIsToldWhatIsWantedOnItsInputAlone) {
  helper("vault", "cat > " + (folder.path() / "request").native() + "; echo \"$@\" > " +
                      (folder.path() / "argv").native() + R"(; printf '{"value": "x", "more": 1}')");
  ASSERT_TRUE(resolve({{"A", "secret://vault/team/db#password"}}));
  EXPECT_EQ(read_file(real_fs(), folder.path() / "request").value(),
            "{\"schema\":\"slipway/v1/secret-request\",\"path\":\"team/db\",\"key\":\"password\",\"app\":\"hello\","
            "\"environment\":\"production\"}\n");
  EXPECT_EQ(read_file(real_fs(), folder.path() / "argv").value(), "get\n");
}

TEST_F(Secrets, AllThatAreMissingAreNamedAtOnceAndNothingIsQuoted) {
  helper("silent", "echo hush1; echo hush2 >&2; exit 3");
  helper("odd", "echo '{\"value\": \"hush3\"'");
  helper("other", "echo '{\"password\": \"hush4\"}'");
  helper("number", "echo '{\"value\": 5}'");
  ASSERT_TRUE(write_file_atomically(real_fs(), folder.path() / "binary", std::string("hush5\0", 6)));
  const auto all = resolve({{"A", "secret://silent/x"},
                            {"B", "secret://odd/x"},
                            {"C", "secret://other/x"},
                            {"D", "secret://number/x"},
                            {"E", "secret://nobody/x"},
                            {"F", "env://NOT_SET"},
                            {"G", "file://gone"},
                            {"H", "file://binary"},
                            {"I", "vault://x"}});
  ASSERT_FALSE(all);
  EXPECT_EQ(all.error().causes.size(), 9u);
  const std::string told = all.error().describe();
  EXPECT_THAT(
      told,
      HasSubstr("A (secret://silent/x): slipway-secret-silent did not return the secret x: it exited with status 3"));
  EXPECT_THAT(told, HasSubstr("E (secret://nobody/x): the helper slipway-secret-nobody is not in PATH"));
  EXPECT_THAT(told, HasSubstr("F (env://NOT_SET): the variable NOT_SET is not set"));
  EXPECT_THAT(told, Not(HasSubstr("hush")));
}

TEST_F(Secrets, AHelpersFloodIsCutOff) {
  helper("flood", "yes hush | head -c 300000");
  const auto all = resolve({{"A", "secret://flood/x"}});
  ASSERT_FALSE(all);
  EXPECT_THAT(all.error().describe(), Not(HasSubstr("hush")));
}

TEST_F(Secrets, NoneNeedNobody) { EXPECT_THAT(resolve({}).value(), ElementsAre()); }

}  // namespace
}  // namespace slipway::run
