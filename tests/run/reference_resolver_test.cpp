#include "slipway/run/reference_resolver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace slipway::run {
namespace {

using testing::HasSubstr;

Digest digest(char c) { return Digest::parse("sha256:" + std::string(64, c)).value(); }
oci::Location location(std::string_view text) { return oci::Location::parse_for_reading(text).value(); }

/// The resolver's result for a written reference; "-" when it leaves it alone.
std::string resolved(const Resolver& resolve, std::string_view written) {
  const auto pin = resolve(location(written));
  EXPECT_TRUE(pin.has_value()) << written;
  if (!pin.has_value() || !*pin) return "-";
  return pinned_text(written, location(written), **pin);
}

ReleasePin production() {
  return ReleasePin{"hello",
                    location("registry.example.com/prod/hello"),
                    {location("registry.example.com/team/hello"), location("registry.example.com/staging/hello")},
                    "hello.production-v3",
                    digest('a')};
}

TEST(ResolveRelease, ReplacesTheAppsRepositoriesWhateverTheirTag) {
  const Resolver resolve = resolve_release(production());
  const std::string pinned = "registry.example.com/prod/hello:hello.production-v3@" + digest('a').str();
  for (const std::string written :
       {"registry.example.com/team/hello", "registry.example.com/team/hello:latest",
        "registry.example.com/staging/hello:v1", "registry.example.com/prod/hello:hello.production-v2"}) {
    EXPECT_EQ(resolved(resolve, written), pinned) << written;
  }
  EXPECT_EQ(resolved(resolve, "registry.example.com/prod/hello:x@" + digest('b').str()), pinned);
  EXPECT_EQ(resolved(resolve, pinned), pinned) << "pinning twice changes nothing";
}

TEST(ResolveRelease, LeavesOtherRepositoriesAlone) {
  const Resolver resolve = resolve_release(production());
  for (const char* written : {"hello", "nginx", "registry.example.com/team/hello2", "registry.example.com/other/hello",
                              "other.example.com/team/hello", "registry.example.com:5000/team/hello"}) {
    EXPECT_EQ(resolved(resolve, written), "-") << written;
  }
}

TEST(ResolveRelease, ALayoutKeepsTheWrittenName) {
  ReleasePin release = production();
  release.repository = oci::Location::layout("images");
  release.app_places = {oci::Location::layout("images")};
  const Resolver resolve = resolve_release(release);
  const std::string end = ":hello.production-v3@" + digest('a').str();
  EXPECT_EQ(resolved(resolve, "hello"), "hello" + end);
  EXPECT_EQ(resolved(resolve, "registry.example.com:5000/any/hello:v1"), "registry.example.com:5000/any/hello" + end);
  EXPECT_EQ(resolved(resolve, "registry.example.com/any/hello" + end), "registry.example.com/any/hello" + end);
  EXPECT_EQ(resolved(resolve, "registry.example.com/hello/web:v1"), "-");
}

TEST(ResolveName, MatchesTheWholeNameAsDockerReadsIt) {
  const auto resolve = resolve_name("nginx", {std::nullopt, "1.25", digest('c')}).value();
  EXPECT_EQ(resolved(resolve, "nginx"), "nginx:1.25@" + digest('c').str());
  EXPECT_EQ(resolved(resolve, "docker.io/library/nginx:1.20"), "docker.io/library/nginx:1.25@" + digest('c').str());
  EXPECT_EQ(resolved(resolve, "example.com/nginx"), "-");
  const auto renamed = resolve_name("example.com/a/b", {"mirror.example.com/b", std::nullopt, digest('d')}).value();
  EXPECT_EQ(resolved(renamed, "example.com/a/b:v7"), "mirror.example.com/b:v7@" + digest('d').str());
}

TEST(ResolveName, RefusesWhatIsNoName) {
  for (const std::string& name : {std::string("nginx:1.25"), "nginx@" + digest('a').str(), std::string(""),
                                  std::string("NGINX"), std::string("oci:folder"), std::string("a b")}) {
    const auto resolve = resolve_name(name, {std::nullopt, std::nullopt, digest('a')});
    ASSERT_FALSE(resolve.has_value()) << name;
    EXPECT_EQ(resolve.error().code, Errc::invalid_argument);
    EXPECT_THAT(resolve.error().hint, HasSubstr("name alone"));
  }
}

TEST(ResolveFrom, AsksForTagsAndLeavesDigestsAlone) {
  std::vector<std::string> asked;
  const Resolver resolve = resolve_from([&](const oci::Location& written) -> Result<Digest> {
    asked.push_back(written.str());
    return digest('e');
  });
  EXPECT_EQ(resolved(resolve, "nginx"), "nginx:latest@" + digest('e').str())
      << "the tag that docker implies is written";
  EXPECT_EQ(resolved(resolve, "localhost:5000/a:v1"), "localhost:5000/a:v1@" + digest('e').str());
  EXPECT_EQ(resolved(resolve, "localhost:5000/a:v1@" + digest('f').str()), "-");
  EXPECT_EQ(asked, (std::vector<std::string>{"docker.io/library/nginx:latest", "localhost:5000/a:v1"}));
}

TEST(FirstOf, TakesTheFirstAnswerAndStopsAtAnError) {
  int calls = 0;
  const Resolver none = [](const oci::Location&) -> Result<std::optional<PinnedReference>> { return std::nullopt; };
  const Resolver one = [](const oci::Location&) -> Result<std::optional<PinnedReference>> {
    return PinnedReference{std::nullopt, "one", digest('1')};
  };
  const Resolver broken = [&](const oci::Location&) -> Result<std::optional<PinnedReference>> {
    ++calls;
    return fail(Errc::network, "no route");
  };
  EXPECT_EQ(resolved(first_of({none, one, broken}), "a"), "a:one@" + digest('1').str());
  EXPECT_EQ(calls, 0);
  EXPECT_EQ(first_of({none, broken, one})(location("a")).error().code, Errc::network);
  EXPECT_EQ(resolved(first_of({}), "a"), "-");
}

TEST(Remember, AsksOncePerReference) {
  int calls = 0;
  const Resolver resolve = remember([&](const oci::Location&) -> Result<std::optional<PinnedReference>> {
    ++calls;
    return PinnedReference{std::nullopt, std::nullopt, digest('2')};
  });
  resolved(resolve, "a:1");
  resolved(resolve, "a:1");
  resolved(resolve, "docker.io/library/a:1");
  EXPECT_EQ(calls, 1);
  resolved(resolve, "a:2");
  EXPECT_EQ(calls, 2);
}

TEST(PinnedText, KeepsTheSpellingOfTheName) {
  const PinnedReference pin{std::nullopt, std::nullopt, digest('3')};
  const std::string end = "@" + digest('3').str();
  const std::vector<std::pair<std::string, std::string>> cases{
      {"alpine", "alpine:latest" + end},
      {"alpine:3.19", "alpine:3.19" + end},
      {"localhost:5000/a", "localhost:5000/a:latest" + end},
      {"localhost:5000/a:b", "localhost:5000/a:b" + end},
      {"alpine@" + digest('4').str(), "alpine" + end},
      {"a/b:v1@" + digest('4').str(), "a/b:v1" + end},
  };
  for (const auto& [written, expected] : cases)
    EXPECT_EQ(pinned_text(written, location(written), pin), expected);
}

}  // namespace
}  // namespace slipway::run
