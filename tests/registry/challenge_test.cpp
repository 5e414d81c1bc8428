#include "slipway/registry/challenge.h"

#include <gtest/gtest.h>

#include "slipway/base/text.h"
#include "slipway/registry/certificates.h"
#include "slipway/registry/credentials.h"
#include "slipway/store/attachment_tag.h"
#include "support/temp_dir.h"

namespace slipway::registry {
namespace {

TEST(Challenge, ReadsWhatRegistriesSend) {
  const auto hub = parse_challenges(
      R"(Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push")");
  ASSERT_TRUE(hub.has_value());
  ASSERT_EQ(hub->size(), 1u);
  EXPECT_EQ((*hub)[0].scheme, "bearer");
  EXPECT_EQ((*hub)[0].params.at("realm"), "https://auth.docker.io/token");
  EXPECT_EQ((*hub)[0].params.at("scope"), "repository:a/b:pull,push");
}

TEST(Challenge, ReadsSeveralInOneHeaderAnyCaseAndQuotedPairs) {
  const auto many =
      parse_challenges(R"(Negotiate, BASIC Realm="a \"b\" c", bearer realm=x , service = "s", NTLM abc==)");
  ASSERT_TRUE(many.has_value()) << many.error().message;
  ASSERT_EQ(many->size(), 4u);
  EXPECT_EQ((*many)[0].scheme, "negotiate");
  EXPECT_EQ((*many)[1].params.at("realm"), "a \"b\" c");
  EXPECT_EQ((*many)[2].params.at("service"), "s");
  EXPECT_EQ((*many)[3].scheme, "ntlm");
}

TEST(Challenge, TheFirstOfTwoParametersCounts) {
  EXPECT_EQ(parse_challenges("Bearer realm=a, realm=b")->front().params.at("realm"), "a");
}

TEST(Challenge, Row076_RefusesDamage) {
  for (const char* bad :
       {"Bearer realm=\"unclosed", "=x", "Bearer realm=\"a\\", "\"quoted\"", "Bearer realm=\"a\"\x01"}) {
    EXPECT_FALSE(parse_challenges(bad).has_value()) << bad;
  }
  EXPECT_FALSE(parse_challenges(std::string(9000, 'a')).has_value());
  std::string many;
  for (int i = 0; i < 40; ++i)
    many += "Basic realm=x, ";
  EXPECT_FALSE(parse_challenges(many).has_value());
  EXPECT_TRUE(parse_challenges("")->empty());
}

TEST(FallbackTag, IsTheSpecificationsTable) {
  const std::string hex256(64, 'a');
  EXPECT_EQ(store::referrers_tag(Digest::parse("sha256:" + hex256).value()), "sha256-" + hex256);
  EXPECT_EQ(store::referrers_tag(Digest::parse("sha512:" + std::string(128, 'b')).value()),
            "sha512-" + std::string(64, 'b'));
}

class Credentials : public testing::Test {
 protected:
  std::optional<Credential> find(const std::string& host, const std::string& repository = "team/app") {
    auto found = store()->find(host, repository);
    EXPECT_TRUE(found.has_value()) << found.error().describe();
    return found ? *found : std::nullopt;
  }
  std::unique_ptr<CredentialStore> store() {
    return file_credentials(
        real_fs(),
        [this](const std::string& name) -> std::optional<std::string> {
          const auto at = env_.find(name);
          if (at == env_.end()) return std::nullopt;
          return at->second;
        },
        authfile_);
  }
  void write(const std::string& name, const std::string& text) {
    const auto path = dir_.path() / name;
    ASSERT_TRUE(real_fs().make_directories(path.parent_path()).has_value());
    ASSERT_TRUE(write_file_atomically(real_fs(), path, text).has_value());
  }
  std::string path(const std::string& name) const { return (dir_.path() / name).string(); }

  test::TempDir dir_;
  std::map<std::string, std::string> env_;
  std::string authfile_;
};

// base64 of "user:pa:ss", "two:x"
constexpr const char* kFile = R"({"auths":{"h.example":{"auth":"dXNlcjpwYTpzcw=="},"h.example/team":{"auth":"dHdvOng="},
  "https://index.docker.io/v1/":{"auth":"dHdvOng="},"empty.example":{}}})";

TEST_F(Credentials, Row095_EntriesOfStrangeShapes) {
  // base64 of "user:pass\\0\\0" and of "nocolon"
  write("a.json", R"({"auths":{"nul":{"auth":"dXNlcjpwYXNzAAA="},"nocolon":{"auth":"bm9jb2xvbg=="},"list":[],"text":"x",
                      "number":{"auth":5}},"credHelpers":[],"credsStore":7})");
  authfile_ = path("a.json");
  EXPECT_EQ(find("nul")->password.reveal(), "pass");
  EXPECT_FALSE(store()->find("nocolon", "").has_value());
  for (const char* host : {"list", "text", "number", "elsewhere"})
    EXPECT_FALSE(find(host).has_value()) << host;
  write("big.json", std::string(5u << 20, ' '));
  authfile_ = path("big.json");
  EXPECT_FALSE(store()->find("h", "").has_value());
}

TEST_F(Credentials, TheLongestPathWinsAndAPasswordMayHoldColons) {
  write("auth.json", kFile);
  authfile_ = path("auth.json");
  EXPECT_EQ(find("h.example", "other/app")->username, "user");
  EXPECT_EQ(find("h.example", "other/app")->password.reveal(), "pa:ss");
  EXPECT_EQ(find("h.example", "team/app")->username, "two");
  EXPECT_EQ(find("docker.io", "library/x")->username, "two");
  EXPECT_FALSE(find("elsewhere.example").has_value());
  EXPECT_FALSE(find("empty.example").has_value());
}

TEST_F(Credentials, TheFirstPlaceThatIsSetDecides) {
  const auto file = [](const std::string& user) {
    return R"({"auths":{"h":{"username":")" + user + R"(","password":"p"}}})";
  };
  write("home/.docker/config.json", file("docker"));
  env_["HOME"] = path("home");
  EXPECT_EQ(find("h")->username, "docker");
  write("xdg/containers/auth.json", file("xdg"));
  env_["XDG_RUNTIME_DIR"] = path("xdg");
  EXPECT_EQ(find("h")->username, "xdg");
  write("dc/config.json", file("dockerconfig"));
  env_["DOCKER_CONFIG"] = path("dc");
  EXPECT_EQ(find("h")->username, "dockerconfig");
  env_["DOCKER_AUTH_CONFIG"] = file("content");
  EXPECT_EQ(find("h")->username, "content");
  write("raf.json", file("authfile-variable"));
  env_["REGISTRY_AUTH_FILE"] = path("raf.json");
  EXPECT_EQ(find("h")->username, "authfile-variable");
  write("flag.json", file("flag"));
  authfile_ = path("flag.json");
  EXPECT_EQ(find("h")->username, "flag");
}

/// "Og==" is ":".
TEST_F(Credentials, AnEntryThatHoldsNothingIsNoLoginAndHidesNoHelper) {
  write("bin/docker-credential-keys", "#!/bin/sh\nprintf '{\"Username\":\"kept\",\"Secret\":\"s\"}'\n");
  stdfs::permissions(dir_.path() / "bin/docker-credential-keys", stdfs::perms::owner_all);
  const std::string before = std::getenv("PATH");
  ::setenv("PATH", (path("bin") + ":" + before).c_str(), 1);
  authfile_ = path("a.json");
  for (const std::string entry : {R"({})", R"({"auth":""})", R"({"email":"x@y"})", R"({"auth":"Og=="})",
                                  R"({"username":"","password":"","identitytoken":""})"}) {
    write("a.json", R"({"auths":{"h":)" + entry + "}}");
    EXPECT_FALSE(find("h").has_value()) << entry;
    write("a.json", R"({"credsStore":"keys","auths":{"h":)" + entry + "}}");
    const auto kept = find("h");
    ASSERT_TRUE(kept.has_value()) << entry;
    EXPECT_EQ(kept->username, "kept") << entry;
    write("a.json", R"({"auths":{"h":{"username":"u","password":"p"},"h/team":)" + entry + "}}");
    const auto outer = find("h");
    ASSERT_TRUE(outer.has_value()) << entry;
    EXPECT_EQ(outer->username, "u") << entry;
  }
  write("a.json", R"({"auths":{"h":{"identitytoken":"t"},"g":{"registrytoken":"r"}}})");
  EXPECT_EQ(find("h")->identity_token.reveal(), "t");
  EXPECT_EQ(find("g")->registry_token.reveal(), "r");
  ::setenv("PATH", before.c_str(), 1);
}

Credential login_of(const std::string& user, const std::string& password) {
  Credential login;
  login.username = user;
  login.password = Secret(password);
  return login;
}

TEST_F(Credentials, ALoginIsKeptBesideWhatOthersKeep) {
  write("a.json", R"({"auths":{"https://h/v2/":{"auth":"eDp5"},"g":{"auth":"eDp5"}},"HttpHeaders":{"X":"1"}})");
  authfile_ = path("a.json");
  ASSERT_TRUE(store_login(real_fs(), authfile_, "h", login_of("me", "s3:cret")).has_value());
  EXPECT_EQ(find("h")->username, "me");
  EXPECT_EQ(find("h")->password.reveal(), "s3:cret");
  EXPECT_EQ(find("g")->username, "x");
  const std::string text = read_file(real_fs(), authfile_).value();
  EXPECT_NE(text.find("HttpHeaders"), std::string::npos) << "other members stay";
  EXPECT_EQ(text.find("https://h/v2/"), std::string::npos) << "one entry a host";
  EXPECT_EQ(real_fs().stat(authfile_)->mode, 0600u);
  EXPECT_TRUE(remove_login(real_fs(), authfile_, "h").value());
  EXPECT_FALSE(remove_login(real_fs(), authfile_, "h").value());
  EXPECT_FALSE(find("h").has_value());
  EXPECT_EQ(find("g")->username, "x");
}

TEST_F(Credentials, ANewFileIsPrivateAndALinkStaysALink) {
  ASSERT_TRUE(store_login(real_fs(), path("new/config.json"), "docker.io", login_of("me", "p")).has_value());
  authfile_ = path("new/config.json");
  EXPECT_EQ(find("docker.io")->username, "me");
  EXPECT_NE(read_file(real_fs(), authfile_)->find("https://index.docker.io/v1/"), std::string::npos)
      << "docker's own spelling";
  stdfs::create_symlink("new/config.json", path("link.json"));
  ASSERT_TRUE(store_login(real_fs(), path("link.json"), "h", login_of("two", "p")).has_value());
  EXPECT_TRUE(stdfs::is_symlink(path("link.json")));
  EXPECT_EQ(find("h")->username, "two");
}

TEST_F(Credentials, ALoginGoesWhereItWillBeFound) {
  const auto env = [this](const std::string& name) -> std::optional<std::string> {
    const auto at = env_.find(name);
    return at == env_.end() ? std::nullopt : std::optional<std::string>(at->second);
  };
  EXPECT_FALSE(login_file(real_fs(), env, "").has_value()) << "nowhere";
  env_ = {{"HOME", path("home")}, {"XDG_RUNTIME_DIR", path("run")}};
  EXPECT_EQ(*login_file(real_fs(), env, ""), path("home/.docker/config.json"));
  write("run/containers/auth.json", "{}");
  EXPECT_EQ(*login_file(real_fs(), env, ""), path("run/containers/auth.json"));
  env_["DOCKER_CONFIG"] = path("dc");
  EXPECT_EQ(*login_file(real_fs(), env, ""), path("dc/config.json"));
  env_["DOCKER_AUTH_CONFIG"] = "{}";
  EXPECT_EQ(login_file(real_fs(), env, "").error().code, Errc::invalid_argument);
  env_["REGISTRY_AUTH_FILE"] = path("raf");
  EXPECT_EQ(*login_file(real_fs(), env, ""), path("raf"));
  EXPECT_EQ(*login_file(real_fs(), env, "flag"), "flag");
}

TEST_F(Credentials, AHelperKeepsTheLoginAndTheFileHoldsNoSecret) {
  write("bin/docker-credential-vault",
        "#!/bin/sh\nf=$(dirname \"$0\")/kept\ncase $1 in\nstore) cat > \"$f\";;\n"
        "get) [ -f \"$f\" ] && cat \"$f\" || { echo 'credentials not found in native keychain'; exit 1; };;\n"
        "erase) rm \"$f\";;\nesac\n");
  stdfs::permissions(dir_.path() / "bin/docker-credential-vault", stdfs::perms::owner_all);
  const std::string before = std::getenv("PATH");
  ::setenv("PATH", (path("bin") + ":" + before).c_str(), 1);
  write("a.json", R"({"credHelpers":{"h":"vault"}})");
  authfile_ = path("a.json");
  ASSERT_TRUE(store_login(real_fs(), authfile_, "h", login_of("me", "hunter2")).has_value());
  EXPECT_EQ(find("h")->password.reveal(), "hunter2");
  EXPECT_EQ(find("h")->origin, "docker-credential-vault");
  const std::string text = read_file(real_fs(), authfile_).value();
  EXPECT_EQ(text.find(base64_encode("me:hunter2")), std::string::npos);
  EXPECT_EQ(text.find("hunter2"), std::string::npos);
  EXPECT_TRUE(remove_login(real_fs(), authfile_, "h").value());
  EXPECT_FALSE(find("h").has_value());
  ::setenv("PATH", before.c_str(), 1);
}

TEST_F(Credentials, Row095_BrokenFilesAreErrorsThatQuoteNothing) {
  write("bad.json", R"({"auths": hunter2)");
  authfile_ = path("bad.json");
  const auto bad = store()->find("h", "");
  ASSERT_FALSE(bad.has_value());
  EXPECT_EQ(bad.error().code, Errc::invalid_argument);
  EXPECT_EQ(bad.error().describe().find("hunter2"), std::string::npos);
  write("entry.json", R"({"auths":{"h":{"auth":"!!!"},"g":{"auth":"dHdvOng="}}})");
  authfile_ = path("entry.json");
  EXPECT_FALSE(store()->find("h", "").has_value());
  EXPECT_TRUE(store()->find("g", "")->has_value()) << "a broken entry matters to its own host only";
  authfile_ = path("missing.json");
  EXPECT_FALSE(store()->find("h", "").has_value()) << "a file that was named must be there";
}

TEST_F(Credentials, Row090_Row091_Row092_HelpersAnswerOrAreRefused) {
  write("bin/docker-credential-good",
        "#!/bin/sh\nread host\nprintf '{\"ServerURL\":\"%s\",\"Username\":\"u\",\"Secret\":\"s\"}' \"$host\"\n");
  write("bin/docker-credential-none", "#!/bin/sh\necho 'credentials not found in native keychain'\nexit 1\n");
  write("bin/docker-credential-bad", "#!/bin/sh\necho 'hunter2'\n");
  write("bin/docker-credential-evil", "#!/bin/sh\nprintf '{\"Username\":\"u\",\"Secret\":\"s\\\\nhost=x\"}'\n");
  write("bin/docker-credential-flood", "#!/bin/sh\nhead -c 1000000 /dev/zero\n");
  for (const char* name : {"good", "none", "bad", "evil", "flood"}) {
    stdfs::permissions(dir_.path() / "bin" / ("docker-credential-" + std::string(name)), stdfs::perms::owner_all);
  }
  const std::string before = std::getenv("PATH");
  ::setenv("PATH", (path("bin") + ":" + before).c_str(), 1);
  write("c.json",
        R"({"credHelpers":{"good.example":"good","none.example":"none","bad.example":"bad","evil.example":"../x",
            "space.example":"a b","absolute.example":"/bin/true","gone.example":"not-installed",
            "lines.example":"evil","flood.example":"flood"}})");
  authfile_ = path("c.json");
  EXPECT_EQ(find("good.example")->password.reveal(), "s");
  EXPECT_FALSE(find("none.example").has_value());
  const auto bad = store()->find("bad.example", "");
  ASSERT_FALSE(bad.has_value());
  EXPECT_EQ(bad.error().describe().find("hunter2"), std::string::npos);
  for (const char* host : {"evil.example", "space.example", "absolute.example"})
    EXPECT_EQ(store()->find(host, "").error().code, Errc::invalid_argument) << host;
  // A helper that is missing, floods or smuggles lines is an error, never "anonymous", and never another login.
  for (const char* host : {"gone.example", "lines.example", "flood.example"})
    EXPECT_FALSE(store()->find(host, "").has_value()) << host;
  ::setenv("PATH", before.c_str(), 1);
}

/// certs.d, as docker and podman read it.
class Certificates : public Credentials {
 protected:
  Result<http::HostCertificates> of(const std::string& host, int port, bool foreign = false) {
    const auto env = [this](const std::string& name) -> std::optional<std::string> {
      return name == "HOME" ? std::optional<std::string>(path("home")) : std::nullopt;
    };
    return find_certificates(real_fs(), env, folder_)(host, port, foreign);
  }
  std::string folder_;
};

TEST_F(Certificates, AHostsFolderIsFoundByItsPort) {
  write("home/.config/containers/certs.d/h.example:5000/a.crt", "A");
  write("home/.config/containers/certs.d/h.example:5000/b.crt", "B");
  write("home/.config/containers/certs.d/h.example:5000/me.cert", "C");
  write("home/.config/containers/certs.d/h.example:5000/me.key", "K");
  write("home/.config/containers/certs.d/plain.example/a.crt", "P");
  write("home/.config/containers/certs.d/docker.io/a.crt", "H");
  const auto found = of("h.example", 5000);
  ASSERT_TRUE(found.has_value()) << found.error().describe();
  EXPECT_EQ(found->authorities, "A\nB\n");
  EXPECT_EQ(stdfs::path(found->certificate).filename(), "me.cert");
  EXPECT_EQ(stdfs::path(found->key).filename(), "me.key");
  EXPECT_TRUE(of("h.example", 5001)->authorities.empty());
  EXPECT_TRUE(of("h.example", 443)->authorities.empty());
  EXPECT_EQ(of("plain.example", 443)->authorities, "P\n");
  EXPECT_TRUE(of("plain.example", 5000)->authorities.empty());
  EXPECT_EQ(of("registry-1.docker.io", 443)->authorities, "H\n") << "docker.io by its other name";
}

TEST_F(Certificates, AFolderThatIsNamedServesTheRegistryAloneAndMustBeThere) {
  write("own/ca.crt", "A");
  write("own/me.cert", "C");
  write("own/me.key", "K");
  folder_ = path("own");
  EXPECT_FALSE(of("anywhere.example", 5000)->certificate.empty());
  EXPECT_TRUE(of("storage.example", 443, true)->certificate.empty()) << "storage never sees the client's certificate";
  folder_ = path("missing");
  EXPECT_FALSE(of("anywhere.example", 5000).has_value());
}

TEST_F(Certificates, HalfAPairIsAnError) {
  write("one/me.cert", "C");
  write("two/me.key", "K");
  write("both/a.cert", "C");
  write("both/a.key", "K");
  write("both/b.cert", "C");
  write("both/b.key", "K");
  for (const char* name : {"one", "two", "both"}) {
    folder_ = path(name);
    const auto found = of("h.example", 443);
    ASSERT_FALSE(found.has_value()) << name;
    EXPECT_EQ(found.error().code, Errc::invalid_argument);
  }
}

}  // namespace
}  // namespace slipway::registry
