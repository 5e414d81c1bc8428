#include <gtest/gtest.h>

#include <map>
#include <set>

#include "registry/wire.h"
#include "slipway/store/opener.h"

/// Tricks of hostile and broken servers, by the numbers of docs/TESTING.md.
namespace slipway::test {
namespace {

using http::Breakdown;
using http::Request;

TEST(Hostile, Row072_WhatIsHandedOverStaysOutOfPrivateNetworks) {
  for (const bool inside : {false, true}) {
    Wire wire([&](const Request& request) {
      if (begins(request.url, "https://storage.example/")) return Answer{.headers = {}, .body = kBlobText};
      Answer answer = redirect("https://storage.example/blob");
      answer.from_private = inside;
      return answer;
    });
    EXPECT_EQ(read_blob(*wire.open("h.example/a")).value(), kBlobText);
    const auto asked = wire.transport.asked();
    EXPECT_FALSE(asked[0].foreign || asked[0].public_only);
    EXPECT_TRUE(asked[1].foreign);
    EXPECT_EQ(asked[1].public_only, !inside) << "names that lead inside are refused when the connection is made";
  }
}

TEST(Hostile, Row072_UploadsAndRealmsStayOutOfPrivateNetworks) {
  Wire wire([&](const Request& request) {
    if (begins(request.url, "https://auth.example/")) return Answer{.headers = {}, .body = R"({"token":"t"})"};
    if (begins(request.url, "https://store.example/")) return Answer{.status = 201, .headers = {}, .body = {}};
    if (request.authorization.empty()) return challenge("Bearer realm=\"https://auth.example/token\"");
    return Answer{.status = 202, .headers = {{"location", "https://store.example/up"}}, .body = {}};
  });
  ASSERT_TRUE(push(*wire.open("h.example/a"), make_blob(kBlobText)).has_value());
  for (const auto& asked : wire.transport.asked()) {
    const bool home = asked.line.find("https://h.example/") != std::string::npos;
    EXPECT_EQ(asked.public_only, !home) << asked.line;
  }
}

TEST(Token, ATokenForMoreServesLess) {
  Wire wire([&](const Request& request) {
    if (request.url.find("/token") != std::string::npos) return Answer{.headers = {}, .body = R"({"token":"t"})"};
    if (request.authorization.empty()) return challenge("Bearer realm=\"https://auth.example/token\"");
    if (request.method == "POST") return Answer{.status = 201, .headers = {}, .body = {}};
    return request.method == "HEAD" ? manifest_answer() : Answer{.headers = {}, .body = R"({"tags":["a"]})"};
  });
  const auto target = wire.session->open(oci::Location::parse("h.example/a").value(), registry::Access::write);
  ASSERT_TRUE(target->resolve(std::string("v1")).has_value());
  ASSERT_TRUE(store::as<store::TagLister>(*target)->list_tags().has_value());
  ASSERT_TRUE(store::as<store::Mounter>(*target)->mount(make_blob("x").descriptor, "b").value());
  std::vector<std::string> tokens;
  for (const auto& line : wire.transport.lines()) {
    if (line.find("/token") != std::string::npos) tokens.push_back(line);
  }
  EXPECT_EQ(tokens, (std::vector<std::string>{"GET https://auth.example/token?scope=repository%3Aa%3Apull%2Cpush",
                                              "GET https://auth.example/token?scope=repository%3Aa%3Apull%2Cpush"
                                              "&scope=repository%3Ab%3Apull"}));
}

TEST(Token, APasswordIsPostedWhereTheGetIsMissing) {
  Wire wire([&](const Request& request) {
    if (request.url.find("/token") != std::string::npos) {
      return request.method == "POST" ? Answer{.headers = {}, .body = R"({"access_token":"t"})"}
                                      : Answer{.status = 405, .headers = {}, .body = {}};
    }
    return request.authorization.reveal() == "Bearer t"
               ? Answer{.status = 404, .headers = {}, .body = {}}
               : challenge("Bearer realm=\"https://auth.example/token\",service=s");
  });
  wire.credentials.set("me", "p&ss");
  EXPECT_FALSE(wire.open("h.example/a")->exists(make_blob("x").descriptor).value());
  EXPECT_EQ(wire.transport.asked()[2].body,
            "grant_type=password&client_id=slipway&service=s&scope=repository%3Aa%3Apull&username=me&password=p%26ss");
}

/// A typed reference is judged before anything is asked.
TEST(Hostile, Row001_To_Row008_ReferencesAreRefusedBeforeAnyRequest) {
  const std::string digest = "sha256:" + std::string(64, 'a');
  const std::vector<std::pair<int, std::string>> rows{
      {1, "h.example/Repo/UPPER:v"},
      {1, "h.example/a//b:v"},
      {1, "h.example/a/../b:v"},
      {1, "h.example/-x:v"},
      {1, "h.example/a..b:v"},
      {1, ""},
      {1, ":tag"},
      {1, "@" + digest},
      {2, "h.example/" + std::string(250, 'a') + ":v"},
      {2, "h.example/a:" + std::string(129, 't')},
      {3, "h.example/a@sha256:short"},
      {3, "h.example/a@sha256:" + std::string(64, 'A')},
      {3, "h.example/a@sha1:" + std::string(40, 'a')},
      {3, "h.example/a@md5:" + std::string(32, 'a')},
      {6, std::string(64, 'a')},
      {7, "user@h.example/a:v"},
      {7, "h.example#x/a:v"},
      {7, "h.example?x/a:v"},
      {7, "h.example\\x/a:v"},
      {7, "h.example\r\n/a:v"},
      {7, std::string("h.exa\0mple/a:v", 14)},
      {7, "h%2eexample/a:v"},
      {7, "h\u0435.example/a:v"},
      {7, "[fe80::1%25eth0]:5000/a:v"},
  };
  for (const auto& [row, text] : rows)
    EXPECT_FALSE(oci::Location::parse(text).has_value()) << row << ": " << text;
  // Row 5: a colon before the first slash is a port, after the last one a tag.
  EXPECT_EQ(oci::Location::parse("foo:5000/x")->host(), "foo:5000");
  EXPECT_FALSE(oci::Location::parse("foo:5000").has_value()) << "not a full name";
  // Row 8: an address that is not a canonical loopback address is asked over TLS.
  for (const char* host : {"127.1", "0x7f.1", "2130706433"}) {
    Wire wire([](const Request&) { return manifest_answer(); });
    const auto location = oci::Location::parse(std::string(host) + ":5000/a:v");
    if (!location) continue;
    EXPECT_TRUE(wire.session->open(*location)->resolve(std::string("v")).has_value());
    EXPECT_TRUE(begins(wire.transport.lines().front(), "HEAD https://")) << host;
  }
}

TEST(Hostile, Row004_WithTagAndDigestTheTagIsNotAsked) {
  Wire wire([](const Request&) { return manifest_answer(); });
  const auto location = oci::Location::parse("h.example/a:v1@" + io::digest_of(document()).str()).value();
  const auto target = wire.session->open(location);
  ASSERT_TRUE(target->resolve(store::reference_of(location, *target).value()).has_value());
  EXPECT_EQ(wire.transport.lines().size(), 1u);
  EXPECT_NE(wire.transport.lines().front().find(io::digest_of(document()).str()), std::string::npos);
}

TEST(Hostile, Row011_ShortNamesAreForReadingOnly) {
  EXPECT_FALSE(oci::Location::parse("app").has_value());
  EXPECT_EQ(oci::Location::parse_for_reading("app")->str(), "docker.io/library/app:latest");
}

/// A document as a registry may send it: refused, whatever the reason, with nothing taken.
struct BadDocument {
  int row;
  const char* why;
  std::string type;
  std::string body;
};

const std::string kManifest(oci::kManifestType);
const std::string kIndex(oci::kIndexType);
const std::string kDigest = "sha256:" + std::string(64, 'a');

std::string manifest_with(const std::string& more, const std::string& size = "2", const std::string& digest = kDigest) {
  return fmt::format(
      R"({{"schemaVersion":2,"config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{}","size":{}}},"layers":[]{}}})",
      digest, size, more);
}

std::vector<BadDocument> bad_documents() {
  std::vector<BadDocument> all{
      {13, "config twice", kManifest, manifest_with(R"(,"config":{})")},
      {13, "mediaType twice", kManifest,
       manifest_with(R"(,"mediaType":")" + kManifest + R"(","mediaType":")" + kManifest + "\"")},
      {14, "LAYERS", kManifest, manifest_with(R"(,"LAYERS":[])")},
      {14, "MediaType", kManifest, manifest_with(R"(,"MediaType":"x")")},
      {15, "manifests too", kManifest, manifest_with(R"(,"manifests":[])")},
      {15, "fsLayers too", kManifest, manifest_with(R"(,"fsLayers":[])")},
      {15, "layers in an index", kIndex, R"({"schemaVersion":2,"manifests":[],"layers":[]})"},
      {16, "says index, typed manifest", kManifest, manifest_with(R"(,"mediaType":")" + kIndex + "\"")},
      {17, "typed index, is a manifest", kIndex, manifest_with("")},
      {17, "typed manifest, is an index", kManifest, R"({"schemaVersion":2,"manifests":[]})"},
      {18, "deep", kManifest, manifest_with(",\"x\":" + std::string(100'000, '[') + std::string(100'000, ']'))},
      {19, "large", kManifest, manifest_with(",\"x\":\"" + std::string(5u << 20, 'x') + "\"")},
      {20, "negative size", kManifest, manifest_with("", "-1")},
      {20, "size in exponents", kManifest, manifest_with("", "1e3")},
      {20, "size beyond int64", kManifest, manifest_with("", "9223372036854775808")},
      {20, "size as text", kManifest, manifest_with("", "\"123\"")},
      {20, "fraction", kManifest, manifest_with("", "1.5")},
      {23, "path for a digest", kManifest, manifest_with("", "2", "sha256:../../etc/passwd")},
      {23, "no digest", kManifest, manifest_with("", "2", "")},
      {23, "upper-case algorithm", kManifest, manifest_with("", "2", "SHA256:" + std::string(64, 'a'))},
      {24, "md5", kManifest, manifest_with("", "2", "md5:" + std::string(32, 'a'))},
      {24, "multihash", kManifest,
       manifest_with("", "2", "multihash+base58:QmRZxt2b1FVZPNqd8hsiykDL3TdBDeTSPX9Kv46HmX4Gx8")},
      {27, "data that is not base64", kManifest,
       R"({"schemaVersion":2,"config":{"mediaType":"a/b","digest":")" + kDigest +
           R"(","size":2,"data":"!!"},"layers":[]})"},
      {31, "schema 1", "application/vnd.docker.distribution.manifest.v1+prettyjws",
       R"({"schemaVersion":1,"fsLayers":[]})"},
      {33, "something after the end", kManifest, manifest_with("") + "x"},
      {33, "a BOM", kManifest, "\xEF\xBB\xBF" + manifest_with("")},
      {33, "invalid UTF-8", kManifest, manifest_with(",\"x\":\"\xFF\"")},
      {33, "a lone surrogate", kManifest, manifest_with(R"(,"x":"\ud800")")},
      {33, "NaN", kManifest, manifest_with(",\"x\":NaN")},
  };
  std::string many;
  for (int i = 0; i < 2000; ++i)
    many += fmt::format(R"({}{{"mediaType":"a/b","digest":"{}","size":1}})", i == 0 ? "" : ",", kDigest);
  all.push_back({19, "2000 children", kIndex, R"({"schemaVersion":2,"manifests":[)" + many + "]}"});
  return all;
}

TEST(Hostile, Row013_To_Row033_DocumentsThatAreRefused) {
  for (const BadDocument& bad : bad_documents()) {
    Wire wire([&](const Request&) { return Answer{.headers = {{"content-type", bad.type}}, .body = bad.body}; });
    const auto target = wire.open("h.example/a");
    const auto by_tag = target->fetch_document(std::string("v1"));
    EXPECT_FALSE(by_tag.has_value()) << bad.row << ": " << bad.why;
    if (!by_tag) {
      EXPECT_LT(by_tag.error().describe().size(), 2000u) << bad.row;
    }
    EXPECT_FALSE(target->fetch_document(io::digest_of(bad.body)).has_value()) << bad.row << " by digest: " << bad.why;
  }
}

/// Data embedded in a descriptor is text until somebody checks it: blobs are asked for, and hashed, all the same.
TEST(Hostile, Row027_EmbeddedDataIsNotTrusted) {
  Wire wire([](const Request&) { return Answer{.headers = {}, .body = kBlobText}; });
  oci::Descriptor blob = make_blob(kBlobText).descriptor;
  blob.data = std::string(kBlobText.size(), 'x');
  EXPECT_EQ(read(*wire.open("h.example/a"), blob).value(), kBlobText);
}

TEST(Hostile, Row021_Row022_BlobsOfAnotherSizeOrDigest) {
  for (const std::string& lie :
       {kBlobText + "x", kBlobText.substr(1), std::string(kBlobText.size(), 'x'), std::string()}) {
    Wire wire([&](const Request&) { return Answer{.headers = {}, .body = lie}; });
    const auto blob = read_blob(*wire.open("h.example/a"));
    ASSERT_FALSE(blob.has_value()) << lie;
    EXPECT_EQ(blob.error().code, Errc::verification_failed) << lie;
    EXPECT_NE(blob.error().describe().find(make_blob(kBlobText).descriptor.digest.str()), std::string::npos);
  }
}

TEST(Hostile, Row022_AManifestOfAnotherDigest) {
  Wire wire([](const Request&) { return manifest_answer(); });
  const auto fetched = wire.open("h.example/a")->fetch_document(io::digest_of("something else"));
  ASSERT_FALSE(fetched.has_value());
  EXPECT_EQ(fetched.error().code, Errc::verification_failed);
}

TEST(Hostile, Row029_ReferrersThatNameNoManifestAreNotFollowedAndTheSubjectIsNoList) {
  const Blob subject = make_index({});
  Wire wire([&](const Request& request) {
    if (request.url.find("/referrers/") != std::string::npos) return Answer{.status = 404, .headers = {}, .body = {}};
    return Answer{.headers = {{"content-type", kIndex}},
                  .body = subject.bytes};  // the tag of a list leads to the subject
  });
  const auto listed =
      store::as<store::ReferrerLister>(*wire.open("h.example/a"))->referrers(subject.descriptor.digest, "");
  ASSERT_FALSE(listed.has_value());
  EXPECT_EQ(listed.error().code, Errc::conflict);
}

TEST(Hostile, Row028_UrlsOfLayersAreNeverAsked) {
  Wire wire([](const Request&) { return Answer{.status = 404, .headers = {}, .body = {}}; });
  oci::Descriptor layer = make_blob(kBlobText).descriptor;
  layer.urls = {"http://169.254.169.254/latest", "https://evil.example/layer"};
  EXPECT_EQ(wire.open("h.example/a")->fetch(layer).error().code, Errc::not_found);
  for (const auto& line : wire.transport.lines())
    EXPECT_TRUE(begins(line, "GET https://h.example/")) << line;
}

TEST(Hostile, Row076_OnlyScopesThatWereAskedForAreWanted) {
  Wire wire([&](const Request& request) {
    if (request.url.find("/token") != std::string::npos) return Answer{.headers = {}, .body = R"({"token":"t"})"};
    if (!request.authorization.empty()) return manifest_answer();
    return challenge(
        R"(Bearer realm="https://auth.example/token",scope="repository:payroll/secrets:pull,push,delete")");
  });
  wire.credentials.set("user", "pass");
  ASSERT_TRUE(wire.open("h.example/a")->resolve(std::string("v1")).has_value());
  EXPECT_EQ(wire.transport.lines()[1], "GET https://auth.example/token?scope=repository%3Aa%3Apull");
}

TEST(Hostile, Row077_LifetimesAreClampedAndTokensCapped) {
  struct Case {
    const char* lifetime;
    bool again;
  };
  for (const Case& c : {Case{"-1", false}, {"0", false}, {"9223372036854775807", true}, {"\"x\"", false}}) {
    int tokens = 0;
    Wire wire([&](const Request& request) {
      if (request.url.find("/token") == std::string::npos) {
        return request.authorization.empty() ? challenge("Bearer realm=\"https://auth.example/token\"")
                                             : manifest_answer();
      }
      ++tokens;
      return Answer{.headers = {}, .body = fmt::format(R"({{"token":"t","expires_in":{}}})", c.lifetime)};
    });
    const auto target = wire.open("h.example/a");
    ASSERT_TRUE(target->resolve(std::string("v1")).has_value()) << c.lifetime;
    wire.clock.advance(std::chrono::seconds(40));
    ASSERT_TRUE(target->resolve(std::string("v1")).has_value());
    EXPECT_EQ(tokens, 1) << "a minute at least: " << c.lifetime;
    wire.clock.advance(std::chrono::hours(1));
    ASSERT_TRUE(target->resolve(std::string("v1")).has_value());
    EXPECT_EQ(tokens, c.again ? 1 : 2) << c.lifetime;
    wire.clock.advance(std::chrono::hours(12));
    ASSERT_TRUE(target->resolve(std::string("v1")).has_value());
    EXPECT_EQ(tokens, c.again ? 2 : 3) << "half a day at most: " << c.lifetime;
  }
  Wire flood([&](const Request& request) {
    if (request.url.find("/token") == std::string::npos)
      return challenge("Bearer realm=\"https://auth.example/token\"");
    return Answer{.headers = {}, .body = R"({"token":")" + std::string(1u << 20, 't') + "\"}"};
  });
  EXPECT_FALSE(flood.open("h.example/a")->resolve(std::string("v1")).has_value());
}

/// One host, two repositories, two logins: neither is ever used for the other.
TEST(Hostile, Row097_LoginsOfRepositoriesAreKeptApart) {
  class ByRepository final : public registry::CredentialStore {
   public:
    Result<std::optional<registry::Credential>> find(const std::string&, const std::string& repository) override {
      registry::Credential login;
      login.username = repository;
      login.password = Secret("p");
      return std::optional(std::move(login));
    }
  } logins;
  for (const char* asks : {"Basic realm=x", "Bearer realm=\"https://auth.example/token\""}) {
    FakeClock clock;
    SeededRng rng;
    ScriptedTransport transport([&](const Request& request) {
      if (request.url.find("/token") != std::string::npos) {
        return Answer{.headers = {}, .body = R"({"token":")" + request.authorization.reveal().substr(6, 6) + "\"}"};
      }
      return request.authorization.empty() ? challenge(asks) : manifest_answer();
    });
    const auto session = registry::Session::create({&transport, &logins, &clock, &rng}, {});
    std::map<std::string, std::set<std::string>> sent;
    for (const char* repository : {"aaa", "bbb", "aaa", "bbb"}) {
      const auto target = session->open(oci::Location::parse(std::string("h.example/") + repository).value());
      ASSERT_TRUE(target->resolve(std::string("v1")).has_value());
      sent[repository].insert(transport.asked().back().authorization);
    }
    EXPECT_EQ(sent["aaa"].size(), 1u) << asks;
    EXPECT_EQ(sent["bbb"].size(), 1u) << asks;
    EXPECT_NE(*sent["aaa"].begin(), *sent["bbb"].begin()) << asks;
  }
}

TEST(Hostile, Row089_WarningsAreShownOnceAndNeverToATerminal) {
  Wire wire([](const Request&) {
    Answer answer = manifest_answer();
    for (const char* text : {R"(299 - "this repository is \"old\"")", R"(299 - "this repository is \"old\"")",
                             "299 - \"\x1b[2J\"", "299 - \"open", "199 - \"other code\"", "299 - \"\"", "", "299"}) {
      answer.headers.emplace_back("warning", text);
    }
    answer.headers.emplace_back("warning", "299 - \"" + std::string(5000, 'x') + "\"");
    return answer;
  });
  const auto target = wire.open("h.example/a");
  ASSERT_TRUE(target->resolve(std::string("v1")).has_value());
  ASSERT_TRUE(target->resolve(std::string("v1")).has_value());
  EXPECT_EQ(wire.warnings, std::vector<std::string>{R"(h.example says: this repository is "old")"});
}

TEST(Faults, Row07_APauseIsForAllLanes) {
  int asked = 0;
  std::vector<std::chrono::milliseconds> when;
  FakeClock* clock = nullptr;
  Wire wire([&](const Request&) {
    when.push_back(clock->monotonic());
    if (++asked == 1) return Answer{.status = 429, .headers = {{"retry-after", "30"}}, .body = {}};
    return manifest_answer();
  });
  clock = &wire.clock;
  ASSERT_TRUE(wire.open("h.example/a")->resolve(std::string("v1")).has_value());
  ASSERT_TRUE(wire.open("h.example/b")->resolve(std::string("v1")).has_value());
  ASSERT_EQ(when.size(), 3u);
  EXPECT_GE(when[1] - when[0], std::chrono::seconds(30));
}

TEST(Faults, Row11_AManifestThatShowsUpLateIsWaitedFor) {
  int heads = 0;
  Wire wire([&](const Request& request) {
    if (request.method == "PUT") return Answer{.status = 200, .headers = {}, .body = {}};
    return ++heads < 3 ? Answer{.status = 404, .headers = {}, .body = {}} : manifest_answer();
  });
  EXPECT_TRUE(push(*wire.open("h.example/a"), make_index({})).has_value());
  EXPECT_EQ(heads, 3);
}

TEST(Faults, Row13_AHostThatDoesNotResolveIsAskedOnceOrTwice) {
  Wire wire([](const Request&) { return Answer{.headers = {}, .body = {}, .breakdown = Breakdown::resolve}; });
  EXPECT_EQ(wire.open("h.example/a")->resolve(std::string("v1")).error().code, Errc::network);
  EXPECT_LE(wire.transport.lines().size(), 2u);
}

TEST(Faults, Row21_AWrongClockDoesNotExpireTokens) {
  int tokens = 0;
  Wire wire([&](const Request& request) {
    if (request.url.find("/token") == std::string::npos) {
      return request.authorization.empty() ? challenge("Bearer realm=\"https://auth.example/token\"")
                                           : manifest_answer();
    }
    ++tokens;
    return Answer{.headers = {}, .body = R"({"token":"t","expires_in":300,"issued_at":"1999-01-01T00:00:00Z"})"};
  });
  const auto target = wire.open("h.example/a");
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(target->resolve(std::string("v1")).has_value());
  EXPECT_EQ(tokens, 1);
}

TEST(Faults, Row26_RetriesDoNotMultiply) {
  for (const int status : {500, 503, 429}) {
    Wire wire([&](const Request& request) {
      if (request.method == "POST") return Answer{.status = 202, .headers = {{"location", "/up"}}, .body = {}};
      return Answer{.status = status, .headers = {}, .body = {}};
    });
    EXPECT_FALSE(push(*wire.open("h.example/a"), make_blob(kBlobText)).has_value());
    int puts = 0;
    for (const auto& line : wire.transport.lines())
      puts += begins(line, "PUT") ? 1 : 0;
    EXPECT_EQ(puts, 5) << status;
    EXPECT_LE(wire.transport.lines().size(), 15u) << status << ": a session, a try and a look each";
  }
  Wire never([](const Request&) { return Answer{.headers = {}, .body = {}, .breakdown = Breakdown::other}; });
  EXPECT_FALSE(push(*never.open("h.example/a"), make_blob(kBlobText)).has_value());
  EXPECT_LE(never.transport.lines().size(), 5u);
}

}  // namespace
}  // namespace slipway::test
