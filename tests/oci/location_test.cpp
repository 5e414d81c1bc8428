#include "slipway/oci/location.h"

#include <gmock/gmock.h>

namespace slipway::oci {
namespace {

using testing::HasSubstr;

const std::string kHex(64, 'a');
const std::string kDigest = "sha256:" + kHex;
const std::string kDigest512 = "sha512:" + std::string(128, '0');
const std::string kAt = "@" + kDigest;

std::string repeat(std::string_view text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i)
    out += text;
  return out;
}

/// One accepted reference to a registry and all its parts; `printed` empty means: as typed.
struct Accepted {
  std::string text;
  std::string host;
  std::string repository;
  std::string tag;
  std::string digest;
  std::string printed = {};
};

std::ostream& operator<<(std::ostream& out, const Accepted& row) { return out << row.text; }

void expect_parts(const Location& location, const Accepted& row) {
  EXPECT_TRUE(location.is_registry());
  EXPECT_EQ(location.host(), row.host);
  EXPECT_EQ(location.repository(), row.repository);
  EXPECT_EQ(location.tag().value_or(""), row.tag);
  EXPECT_EQ(location.digest() ? location.digest()->str() : "", row.digest);
  EXPECT_EQ(location.path(), "");
  EXPECT_EQ(location.str(), row.printed.empty() ? row.text : row.printed);
}

class FullName : public testing::TestWithParam<Accepted> {};

TEST_P(FullName, ParsesForWritingAndPrintsBack) {
  const auto location = Location::parse(GetParam().text);
  ASSERT_TRUE(location.has_value()) << location.error().describe();
  expect_parts(*location, GetParam());
  EXPECT_EQ(Location::parse(location->str()).value(), *location);
}

TEST_P(FullName, ReadsTheSameButForTheDefaultTag) {
  const auto location = Location::parse_for_reading(GetParam().text);
  ASSERT_TRUE(location.has_value()) << location.error().describe();
  Accepted expected = GetParam();
  if (expected.tag.empty() && expected.digest.empty()) {
    expected.printed = (expected.printed.empty() ? expected.text : expected.printed) + ":latest";
    expected.tag = "latest";
  }
  expect_parts(*location, expected);
}

INSTANTIATE_TEST_SUITE_P(
    Table, FullName,
    testing::Values(
        Accepted{"r.io/a", "r.io", "a", "", ""}, Accepted{"r.io/a:1", "r.io", "a", "1", ""},
        Accepted{"r.io/a" + kAt, "r.io", "a", "", kDigest}, Accepted{"r.io/a:1" + kAt, "r.io", "a", "1", kDigest},
        Accepted{"r.io/a@" + kDigest512, "r.io", "a", "", kDigest512},
        Accepted{"registry.example.com/team/app:v1.2.3", "registry.example.com", "team/app", "v1.2.3", ""},
        Accepted{"registry.example.com:5000/team/app", "registry.example.com:5000", "team/app", "", ""},
        Accepted{"registry.example.com:5000/team/app:5000", "registry.example.com:5000", "team/app", "5000", ""},
        Accepted{"foo:5000/x", "foo:5000", "x", "", ""}, Accepted{"foo:1/x", "foo:1", "x", "", ""},
        Accepted{"foo:65535/x", "foo:65535", "x", "", ""}, Accepted{"localhost/x:t", "localhost", "x", "t", ""},
        Accepted{"localhost:5000/x/y/z", "localhost:5000", "x/y/z", "", ""},
        Accepted{"app.localhost/x", "app.localhost", "x", "", ""}, Accepted{"127.0.0.1/x", "127.0.0.1", "x", "", ""},
        Accepted{"127.0.0.1:5000/x:t" + kAt, "127.0.0.1:5000", "x", "t", kDigest},
        Accepted{"[::1]/x", "[::1]", "x", "", ""}, Accepted{"[::1]:5000/x:t", "[::1]:5000", "x", "t", ""},
        Accepted{"[2001:db8::1]/team/app" + kAt, "[2001:db8::1]", "team/app", "", kDigest},
        Accepted{"[2001:DB8:1:2:3:4:5:6]:80/x", "[2001:DB8:1:2:3:4:5:6]:80", "x", "", ""},
        Accepted{"[::]/x", "[::]", "x", "", ""},
        Accepted{"docker://[::1]:5000/x:t", "[::1]:5000", "x", "t", "", "[::1]:5000/x:t"},
        Accepted{"docker://r.io/a:1", "r.io", "a", "1", "", "r.io/a:1"},
        Accepted{"docker://r.io/a:1" + kAt, "r.io", "a", "1", kDigest, "r.io/a:1" + kAt},
        Accepted{"docker.io/library/alpine:3", "docker.io", "library/alpine", "3", ""},
        Accepted{"docker.io/alpine:3", "docker.io", "library/alpine", "3", "", "docker.io/library/alpine:3"},
        Accepted{"index.docker.io/alpine:3", "docker.io", "library/alpine", "3", "", "docker.io/library/alpine:3"},
        Accepted{"index.docker.io/team/app", "docker.io", "team/app", "", "", "docker.io/team/app"},
        Accepted{"registry-1.docker.io/library/alpine:3", "registry-1.docker.io", "library/alpine", "3", ""},
        Accepted{"UPPER.example.com/app:v", "UPPER.example.com", "app", "v", ""},
        Accepted{"Foo:443/app", "Foo:443", "app", "", ""},
        Accepted{"xn--7o8h.com/app:v", "xn--7o8h.com", "app", "v", ""},
        Accepted{"xn--7o8h.com:80/a/b" + kAt, "xn--7o8h.com:80", "a/b", "", kDigest},
        Accepted{"a-b.c--d.io/x", "a-b.c--d.io", "x", "", ""}, Accepted{"1.2/x", "1.2", "x", "", ""},
        Accepted{"r.io/a.b/c_d/e__f/g-h/i--j/k---l", "r.io", "a.b/c_d/e__f/g-h/i--j/k---l", "", ""},
        Accepted{"r.io/0", "r.io", "0", "", ""}, Accepted{"r.io/0/1/2", "r.io", "0/1/2", "", ""},
        Accepted{"r.io/sha256", "r.io", "sha256", "", ""}, Accepted{"r.io/a:_", "r.io", "a", "_", ""},
        Accepted{"r.io/a:__x__", "r.io", "a", "__x__", ""}, Accepted{"r.io/a:A.B-c_D", "r.io", "a", "A.B-c_D", ""},
        Accepted{"r.io/a:v1-", "r.io", "a", "v1-", ""}, Accepted{"r.io/a:1..2", "r.io", "a", "1..2", ""},
        Accepted{"r.io/a:latest", "r.io", "a", "latest", ""},
        Accepted{"r.io/a:" + std::string(128, 't'), "r.io", "a", std::string(128, 't'), ""},
        Accepted{"r.io/a:sha256-" + kHex, "r.io", "a", "sha256-" + kHex, ""},
        Accepted{"r.io/" + kHex, "r.io", kHex, "", ""}, Accepted{"r.io/a/" + kHex + ":t", "r.io", "a/" + kHex, "t", ""},
        Accepted{"r.io/" + std::string(250, 'a'), "r.io", std::string(250, 'a'), "", ""},
        Accepted{"r.io/" + repeat("a/", 124) + "ab", "r.io", repeat("a/", 124) + "ab", "", ""}));

/// Short names: what docker makes of them when reading, and why writing refuses them.
class ShortName : public testing::TestWithParam<Accepted> {};

TEST_P(ShortName, IsNormalisedForReading) {
  const auto location = Location::parse_for_reading(GetParam().text);
  ASSERT_TRUE(location.has_value()) << location.error().describe();
  expect_parts(*location, GetParam());
  EXPECT_EQ(Location::parse(location->str()).value(), *location);
}

TEST_P(ShortName, IsRefusedForWritingWithTheFullName) {
  const auto location = Location::parse(GetParam().text);
  ASSERT_FALSE(location.has_value());
  EXPECT_EQ(location.error().code, Errc::invalid_argument);
  EXPECT_THAT(location.error().message, HasSubstr("no registry host"));
  EXPECT_THAT(location.error().hint, HasSubstr("write the full name, for example docker.io/" + GetParam().repository));
  const std::string advice = location.error().hint.substr(location.error().hint.rfind(' ') + 1);
  EXPECT_TRUE(Location::parse(advice).has_value()) << advice;
}

INSTANTIATE_TEST_SUITE_P(
    Table, ShortName,
    testing::Values(
        Accepted{"alpine", "docker.io", "library/alpine", "latest", "", "docker.io/library/alpine:latest"},
        Accepted{"alpine:3", "docker.io", "library/alpine", "3", "", "docker.io/library/alpine:3"},
        Accepted{"alpine" + kAt, "docker.io", "library/alpine", "", kDigest, "docker.io/library/alpine" + kAt},
        Accepted{"alpine:3" + kAt, "docker.io", "library/alpine", "3", kDigest, "docker.io/library/alpine:3" + kAt},
        Accepted{"docker://alpine", "docker.io", "library/alpine", "latest", "", "docker.io/library/alpine:latest"},
        Accepted{"docker://team/app:1", "docker.io", "team/app", "1", "", "docker.io/team/app:1"},
        Accepted{"team/app", "docker.io", "team/app", "latest", "", "docker.io/team/app:latest"},
        Accepted{"a/b/c:t", "docker.io", "a/b/c", "t", "", "docker.io/a/b/c:t"},
        Accepted{"test.com", "docker.io", "library/test.com", "latest", "", "docker.io/library/test.com:latest"},
        Accepted{"test.com:5000", "docker.io", "library/test.com", "5000", "", "docker.io/library/test.com:5000"},
        Accepted{"localhost", "docker.io", "library/localhost", "latest", "", "docker.io/library/localhost:latest"},
        Accepted{"localhost:5000", "docker.io", "library/localhost", "5000", "", "docker.io/library/localhost:5000"},
        Accepted{"oci", "docker.io", "library/oci", "latest", "", "docker.io/library/oci:latest"},
        Accepted{"library/alpine", "docker.io", "library/alpine", "latest", "", "docker.io/library/alpine:latest"},
        Accepted{std::string(63, 'a'), "docker.io", "library/" + std::string(63, 'a'), "latest", "",
                 "docker.io/library/" + std::string(63, 'a') + ":latest"},
        Accepted{std::string(65, 'a'), "docker.io", "library/" + std::string(65, 'a'), "latest", "",
                 "docker.io/library/" + std::string(65, 'a') + ":latest"}));

struct Refused {
  std::string text;
  std::string why;
};

std::ostream& operator<<(std::ostream& out, const Refused& row) { return out << testing::PrintToString(row.text); }

class NoLocation : public testing::TestWithParam<Refused> {};

TEST_P(NoLocation, IsRefusedForReadingWithTheReason) {
  const auto location = Location::parse_for_reading(GetParam().text);
  ASSERT_FALSE(location.has_value()) << location->str();
  EXPECT_EQ(location.error().code, Errc::invalid_argument);
  EXPECT_THAT(location.error().message, HasSubstr("is not a location: "));
  EXPECT_THAT(location.error().message, HasSubstr(GetParam().why));
  EXPECT_EQ(location.error().describe().find_first_of(std::string_view("\0\r\x1b\x7f", 4)), std::string::npos);
}

TEST_P(NoLocation, IsRefusedForWriting) {
  const auto location = Location::parse(GetParam().text);
  ASSERT_FALSE(location.has_value()) << location->str();
  EXPECT_EQ(location.error().code, Errc::invalid_argument);
}

INSTANTIATE_TEST_SUITE_P(
    Names, NoLocation,
    testing::Values(
        Refused{"", "it is empty"}, Refused{":tag", "not a repository's name"},
        Refused{"@" + kDigest, "not a repository's name"}, Refused{"/", "not a repository's name"},
        Refused{"/a", "not a repository's name"}, Refused{"r.io/", "not a repository's name"},
        Refused{"r.io//a", "not a repository's name"}, Refused{"r.io/a/", "not a repository's name"},
        Refused{"a//b", "not a repository's name"}, Refused{"a/../b", "not a repository's name"},
        Refused{"a/./b", "not a repository's name"}, Refused{"../a", "not a host"}, Refused{"./a", "not a host"},
        Refused{"-x", "not a repository's name"}, Refused{"x-", "not a repository's name"},
        Refused{"a..b", "not a repository's name"}, Refused{"a___b", "not a repository's name"},
        Refused{"a._b", "not a repository's name"}, Refused{"a-_b", "not a repository's name"},
        Refused{"_a", "not a repository's name"}, Refused{".a", "not a repository's name"},
        Refused{"a_", "not a repository's name"}, Refused{"r.io/a-/b", "not a repository's name"},
        Refused{"r.io/-a", "not a repository's name"}, Refused{"r.io/a b", "not a repository's name"},
        Refused{"r.io/a%20b", "not a repository's name"}, Refused{"r.io/a?b", "not a repository's name"},
        Refused{"r.io/a#b", "not a repository's name"}, Refused{"r.io/a\\b", "not a repository's name"},
        Refused{"r.io/a+b", "not a repository's name"}, Refused{"r.io/a~b", "not a repository's name"},
        Refused{"r.io/a*", "not a repository's name"}, Refused{"r.io/\xC3\xA4", "not a repository's name"},
        Refused{"r.io/\xD0\xB0pp", "not a repository's name"}, Refused{" alpine", "not a repository's name"},
        Refused{"Alpine", "lower-case"}, Refused{"Repo/upper", "lower-case"}, Refused{"r.io/Team/app", "lower-case"},
        Refused{"r.io/tEam/app:v1", "lower-case"}, Refused{kHex, "image ID"}, Refused{"docker://" + kHex, "image ID"},
        Refused{kHex + ":t", "image ID"}, Refused{"r.io/" + std::string(251, 'a'), "at most 255"},
        Refused{std::string(240, 'a') + ":t", "at most 255"},
        Refused{"r.io/" + repeat("a/", 125) + "b", "at most 255"}));

INSTANTIATE_TEST_SUITE_P(
    Hosts, NoLocation,
    testing::Values(
        Refused{"user@r.io/a", "not a digest"}, Refused{"user:pw@r.io/a", "not a digest"},
        Refused{"r.io:/a", "not a host"}, Refused{"r.io:0/a", "not a host"}, Refused{"r.io:65536/a", "not a host"},
        Refused{"r.io:99999999999999999999/a", "not a host"}, Refused{"r.io:-1/a", "not a host"},
        Refused{"r.io:8o/a", "not a host"}, Refused{"r.io:80:80/a", "not a host"}, Refused{".io/a", "not a host"},
        Refused{"r..io/a", "not a host"}, Refused{"r.io./a", "not a host"}, Refused{"-r.io/a", "not a host"},
        Refused{"r-.io/a", "not a host"}, Refused{"r_x.io/a", "not a host"}, Refused{"r .io/a", "not a host"},
        Refused{"r.io%41/a", "not a host"}, Refused{"\xF0\x9F\x90\xB3.com/a", "not a host"},
        Refused{"r.\xD1\x96o/a", "not a host"}, Refused{"[::1/a", "not a host"}, Refused{"::1/a", "not a host"},
        Refused{"[]/a", "not a host"}, Refused{"[:]/a", "not a host"}, Refused{"[:::]/a", "not a host"},
        Refused{"[1:2:3]/a", "not a host"}, Refused{"[::12345]/a", "not a host"},
        Refused{"[fe80::1%eth0]/a", "not a host"}, Refused{"[fe80::1%25eth0]:5000/a", "not a host"},
        Refused{"[::ffff:192.0.2.1]/a", "not a host"}, Refused{"[::g]/a", "not a host"},
        Refused{"[::1]x/a", "not a host"}, Refused{"[::1]:/a", "not a host"}, Refused{"[::1]:0/a", "not a host"},
        Refused{"[::1]5000/a", "not a host"}, Refused{"[127.0.0.1]/a", "not a host"},
        Refused{"[::1]", "not a repository's name"}, Refused{"::1", "not a repository's name"},
        Refused{"https://r.io/a", "not a transport"}, Refused{"http://r.io/a:1", "not a transport"},
        Refused{"docker://https://r.io/a", "not a transport"}, Refused{"dir:/tmp/x", "not a host"},
        Refused{"DOCKER://r.io/a", "not a transport"}));

// "containers-storage:app" is, by docker's rules, the image containers-storage with the tag app.
TEST(Location, ANameMayLookLikeAnotherToolsTransport) {
  EXPECT_EQ(Location::parse_for_reading("containers-storage:app")->str(), "docker.io/library/containers-storage:app");
}

INSTANTIATE_TEST_SUITE_P(
    TagsAndDigests, NoLocation,
    testing::Values(
        Refused{"r.io/a:", "not a tag"}, Refused{"a:", "not a tag"}, Refused{"r.io/a:.x", "not a tag"},
        Refused{"r.io/a:-x", "not a tag"}, Refused{"r.io/a:x+y", "not a tag"}, Refused{"r.io/a:x y", "not a tag"},
        Refused{"r.io/a:\xC3\xA4", "not a tag"}, Refused{"r.io/a:" + std::string(129, 't'), "not a tag"},
        Refused{"r.io/a:1:2", "not a repository's name"}, Refused{"r.io/a@", "not a digest"},
        Refused{"r.io/a@sha256", "not a digest"}, Refused{"r.io/a@sha256:", "not a digest"},
        Refused{"r.io/a@sha256:abc", "3 hex digits"}, Refused{"r.io/a@sha256:" + std::string(63, 'a'), "63 hex digits"},
        Refused{"r.io/a@sha256:" + std::string(65, 'a'), "65 hex digits"},
        Refused{"r.io/a@sha256:" + std::string(64, 'A'), "0-9a-f"},
        Refused{"r.io/a@SHA256:" + kHex, "only sha256 and sha512"},
        Refused{"r.io/a@sha512:" + kHex, "64 hex digits, not 128"},
        Refused{"r.io/a@sha1:" + std::string(40, 'a'), "only sha256"},
        Refused{"r.io/a@md5:" + std::string(32, 'a'), "only sha256"},
        Refused{"r.io/a@sha256:../../../etc/passwd", "not a digest"}, Refused{"r.io/a" + kAt + ":tag", "not a digest"},
        Refused{"r.io/a" + kAt + kAt, "not a repository's name"}, Refused{"r.io/a" + kAt + "\n", "control"},
        Refused{"r.io/a:t\n", "control"}, Refused{"r.io/a\r\nHost: x", "control"},
        Refused{std::string("r.io/a\0b", 8), "control"}, Refused{"r.io/a\x1b[31m", "control"},
        Refused{"r.io/a\x7f", "control"}, Refused{"r.io/\xff", "not UTF-8"}));

/// Layouts and archives.
struct Path {
  std::string text;
  Transport transport;
  std::string path;
  std::string tag;
  std::string digest;
  std::string printed = {};
};

std::ostream& operator<<(std::ostream& out, const Path& row) { return out << row.text; }

class PathLocation : public testing::TestWithParam<Path> {};

TEST_P(PathLocation, ParsesTheSameForReadingAndWriting) {
  const Path& row = GetParam();
  for (const auto& location : {Location::parse(row.text), Location::parse_for_reading(row.text)}) {
    ASSERT_TRUE(location.has_value()) << location.error().describe();
    EXPECT_FALSE(location->is_registry());
    EXPECT_EQ(location->transport(), row.transport);
    EXPECT_EQ(location->path(), row.path);
    EXPECT_EQ(location->tag().value_or(""), row.tag);
    EXPECT_EQ(location->digest() ? location->digest()->str() : "", row.digest);
    EXPECT_EQ(location->host() + location->repository(), "");
    EXPECT_EQ(location->str(), row.printed.empty() ? row.text : row.printed);
    EXPECT_EQ(Location::parse(location->str()).value(), *location);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Table, PathLocation,
    testing::Values(
        Path{"oci:out", Transport::layout, "out", "", ""}, Path{"oci:out:v1", Transport::layout, "out", "v1", ""},
        Path{"oci:out:v1" + kAt, Transport::layout, "out", "v1", kDigest},
        Path{"oci:out" + kAt, Transport::layout, "out", "", kDigest}, Path{"oci:.", Transport::layout, ".", "", ""},
        Path{"oci:./images/", Transport::layout, "./images/", "", ""},
        Path{"oci:/abs/Path with spaces:v1", Transport::layout, "/abs/Path with spaces", "v1", ""},
        Path{"oci:../Bilder-\xC3\xA4:v1", Transport::layout, "../Bilder-\xC3\xA4", "v1", ""},
        Path{"oci:out:docker.io/library/app:v1", Transport::layout, "out", "docker.io/library/app:v1", ""},
        Path{"oci:out:team/app", Transport::layout, "out", "team/app", ""},
        Path{"oci:out:a--b", Transport::layout, "out", "a--b", ""},
        Path{"oci:out:1.2+build@4", Transport::layout, "out", "1.2+build@4", ""},
        Path{"oci:job@2:v1", Transport::layout, "job@2", "v1", ""},
        Path{"oci:/w/job@2", Transport::layout, "/w/job@2", "", ""},
        Path{"oci:/w/me@host/out:v1" + kAt, Transport::layout, "/w/me@host/out", "v1", kDigest},
        Path{"oci:out@" + kDigest512, Transport::layout, "out", "", kDigest512},
        Path{"oci:./-", Transport::layout, "./-", "", ""},
        Path{"ocidir://out", Transport::layout, "out", "", "", "oci:out"},
        Path{"ocidir://out:v1", Transport::layout, "out", "v1", "", "oci:out:v1"},
        Path{"ocidir:///abs/out:v1" + kAt, Transport::layout, "/abs/out", "v1", kDigest, "oci:/abs/out:v1" + kAt},
        Path{"ocidir://a:b/out:v1", Transport::layout, "a:b/out", "v1", ""},
        Path{"ocidir://a:b/out", Transport::layout, "a:b/out", "", ""},
        Path{"ocidir://a:b/:v1", Transport::layout, "a:b/", "v1", ""},
        Path{"ocidir://a:b/c:d:v1", Transport::layout, "a:b/c:d", "v1", ""},
        Path{"ocidir://a:b/c:d/" + kAt, Transport::layout, "a:b/c:d/", "", kDigest},
        Path{"ocidir:////share/out:v1", Transport::layout, "//share/out", "v1", ""},
        Path{"oci-archive:out.tar", Transport::oci_archive, "out.tar", "", ""},
        Path{"oci-archive:/x/out.tar:v1", Transport::oci_archive, "/x/out.tar", "v1", ""},
        Path{"oci-archive:-", Transport::oci_archive, "-", "", ""},
        Path{"oci-archive:-:v1", Transport::oci_archive, "-", "v1", ""},
        Path{"oci-archive:out.tar:v1" + kAt, Transport::oci_archive, "out.tar", "v1", kDigest},
        Path{"docker-archive:out.tar", Transport::docker_archive, "out.tar", "", ""},
        Path{"docker-archive:-", Transport::docker_archive, "-", "", ""},
        Path{"docker-archive:out.tar:app:v1", Transport::docker_archive, "out.tar", "app:v1", ""},
        Path{"docker-archive:out.tar:docker.io/library/my__app:v1_", Transport::docker_archive, "out.tar",
             "docker.io/library/my__app:v1_", ""},
        Path{"docker-archive:out.tar:localhost:5000/app:v1", Transport::docker_archive, "out.tar",
             "localhost:5000/app:v1", ""}));

INSTANTIATE_TEST_SUITE_P(
    Paths, NoLocation,
    testing::Values(
        Refused{"oci:", "names no path"}, Refused{"oci::v1", "names no path"}, Refused{"oci:" + kAt, "names no path"},
        Refused{"ocidir://", "names no path"}, Refused{"ocidir://:v1", "names no path"},
        Refused{"oci-archive:", "names no path"}, Refused{"docker-archive::x", "names no path"},
        Refused{"oci:-", "standard input or output"}, Refused{"oci:-:v1", "standard input or output"},
        Refused{"oci://registry.example.com/app", "slashes after the transport"},
        Refused{"oci-archive://x.tar", "slashes after the transport"}, Refused{"oci:out:", "not a tag"},
        Refused{"oci:out:-x", "not a tag"}, Refused{"oci:out:x-", "not a tag"}, Refused{"oci:out:a..b", "not a tag"},
        Refused{"oci:out:a---b", "not a tag"}, Refused{"oci:out:a__b", "not a tag"}, Refused{"oci:out:/a", "not a tag"},
        Refused{"oci:out:a//b", "not a tag"}, Refused{"oci:out:a b", "not a tag"}, Refused{"oci:out:v1:", "not a tag"},
        Refused{"oci:out:\xC3\xA4", "not a tag"}, Refused{"oci:out@sha256:abc", "not a digest"},
        Refused{"oci:out:v1@SHA256:" + kHex, "not a digest"}, Refused{"oci:out@sha512:" + kHex, "not a digest"},
        Refused{"oci:out@md5:" + std::string(32, 'a'), "not a digest"}, Refused{"oci:ou\nt:v1", "control"},
        Refused{"oci:\xff", "not UTF-8"}, Refused{"docker-archive:x.tar:UPPER__x", "not a tag"},
        Refused{"oci:out:" + std::string(513, 'a'), "not a tag"}));

TEST(Location, AnUnknownTransportHintsAtTheNameWithoutIt) {
  EXPECT_EQ(Location::parse("https://r.io/a:1").error().hint, "write r.io/a:1");
  EXPECT_EQ(Location::parse("oci://r.io/a:1").error().hint, "write r.io/a:1 for a registry, oci:/PATH for a path");
}

TEST(Location, UpperCaseHintsAtLowerCase) {
  EXPECT_EQ(Location::parse("r.io/Team/App:V1").error().hint, "write team/app");
}

TEST(Location, MessagesShowHostileTextEscapedAndShort) {
  const Error error = Location::parse("r.io/" + std::string(5000, 'x') + "\x1b[2J").error();
  EXPECT_EQ(error.message.find('\x1b'), std::string::npos);
  EXPECT_LT(error.message.size(), 500u);
}

TEST(Location, ReplacesAndDropsReferences) {
  const Digest digest = Digest::parse(kDigest).value();
  const Location location = Location::parse("r.io/a:1" + kAt).value();
  EXPECT_EQ(location.with_tag("2").str(), "r.io/a:2");
  EXPECT_EQ(location.without_reference().str(), "r.io/a");
  EXPECT_EQ(location.without_reference().with_digest(digest).str(), "r.io/a" + kAt);
  EXPECT_EQ(location.with_tag("2").with_digest(digest).str(), "r.io/a:2" + kAt);
  EXPECT_EQ(location.with_repository("b/c").str(), "r.io/b/c:1" + kAt);
  EXPECT_EQ(location.place(), "r.io/a");
  EXPECT_EQ(location.str(), "r.io/a:1" + kAt) << "a location is a value";
}

TEST(Location, SamePlaceLooksAtThePlaceOnly) {
  const auto at = [](const char* text) { return Location::parse(text).value(); };
  EXPECT_TRUE(at("r.io/a:1").same_place(at("r.io/a:2")));
  EXPECT_TRUE(at("oci:out:1").same_place(at("ocidir://out")));
  EXPECT_FALSE(at("r.io/a").same_place(at("r.io/b")));
  EXPECT_FALSE(at("oci:out").same_place(at("oci-archive:out")));
}

TEST(Location, RelativePathsAreOfAFolder) {
  const auto moved = [](const char* text) { return Location::parse(text)->relative_to("/base/dir").str(); };
  EXPECT_EQ(moved("oci:images:v1"), "oci:/base/dir/images:v1");
  EXPECT_EQ(moved("oci:./images"), "oci:/base/dir/images");
  EXPECT_EQ(moved("oci:../images"), "oci:/base/images");
  EXPECT_EQ(moved("oci:/abs/images"), "oci:/abs/images");
  EXPECT_EQ(moved("oci-archive:x.tar:v1"), "oci-archive:/base/dir/x.tar:v1");
  EXPECT_EQ(moved("oci-archive:-"), "oci-archive:-");
  EXPECT_EQ(moved("r.io/a:1"), "r.io/a:1");
}

TEST(Location, APathWithAColonPrintsSoThatItParses) {
  for (const char* path : {"a:b", "/x:y/z", "/x:y/z:w", "//share/x"}) {
    const Location location = Location::layout(path).with_tag("v1");
    const auto again = Location::parse(location.str());
    ASSERT_TRUE(again.has_value()) << location.str();
    EXPECT_TRUE(again->same_place(location)) << again->str() << " " << location.str();
    EXPECT_EQ(again->tag(), location.tag());
  }
}

TEST(ReferenceGrammar, Tags) {
  for (const char* tag : {"a", "0", "_", "v1.2.3", "A-b_c.D", "a--", "a.."})
    EXPECT_TRUE(is_valid_tag(tag)) << tag;
  for (const char* tag : {"", ".a", "-a", "a+b", "a/b", "a:b", "a b", "\xC3\xA4"})
    EXPECT_FALSE(is_valid_tag(tag)) << tag;
}

TEST(ReferenceGrammar, RefNames) {
  for (const char* name : {"a", "v1", "a-b", "a--b", "a.b_c:d@e+f", "a/b", "r.io:5000/a/b:v1", "A1/B2"}) {
    EXPECT_TRUE(is_valid_ref_name(name)) << name;
  }
  for (const char* name :
       {"", "-", "a-", "-a", "a..b", "a---b", "a-.b", "a/", "/a", "a//b", "a b", "a\nb", "a~b", "a-/b", "a/-b"}) {
    EXPECT_FALSE(is_valid_ref_name(name)) << name;
  }
}

TEST(ReferenceGrammar, Repositories) {
  EXPECT_TRUE(is_valid_repository("a"));
  EXPECT_TRUE(is_valid_repository(std::string(255, 'a')));
  EXPECT_FALSE(is_valid_repository(std::string(256, 'a')));
  EXPECT_FALSE(is_valid_repository(""));
  EXPECT_FALSE(is_valid_repository("A"));
  EXPECT_FALSE(is_valid_repository("a/"));
  EXPECT_FALSE(is_valid_repository("a:b"));
}

TEST(ReferenceGrammar, Hosts) {
  for (const char* host : {"a", "localhost", "r.io:443", "1.2.3.4:5", "[::1]", "[fe80::1]:1"})
    EXPECT_TRUE(is_valid_host(host)) << host;
  for (const char* host : {"", ":", ":80", "a:", "a:b", "[", "[]", "]", "a/b", "a@b", "[::1]:99999"})
    EXPECT_FALSE(is_valid_host(host)) << host;
}

}  // namespace
}  // namespace slipway::oci
