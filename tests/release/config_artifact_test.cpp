#include "slipway/release/config_artifact.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "slipway/base/fs.h"
#include "slipway/io/filters.h"
#include "slipway/io/hash.h"
#include "slipway/oci/media_type.h"
#include "slipway/release/config_layer.h"
#include "slipway/store/memory.h"

namespace slipway::release {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string golden(const std::string& name) {
  const char* folder = std::getenv("SLIPWAY_TESTDATA");
  auto text = read_file(real_fs(), stdfs::path(folder != nullptr ? folder : "testdata") / "release" / name);
  EXPECT_TRUE(text) << text.error().describe();
  return text ? *text : "";
}

struct Read {
  ConfigValues values;
  std::vector<std::string> problems;  ///< "row:col message"
  std::vector<std::string> warnings;
};

std::string shown(const Error& error) {
  return fmt::format("{}:{} {}", error.where->row, error.where->col, error.message);
}

Read read(std::string_view text) {
  Diagnostics diagnostics;
  Read out{parse_env_file(text, "app.env", diagnostics), {}, {}};
  for (const Error& error : diagnostics.errors())
    out.problems.push_back(shown(error));
  for (const Error& error : diagnostics.warnings())
    out.warnings.push_back(shown(error));
  return out;
}

using Values = std::map<std::string, std::string>;

struct Good {
  const char* name;
  std::string text;
  Values values;
};

class GoodEnvFile : public ::testing::TestWithParam<Good> {};
INSTANTIATE_TEST_SUITE_P(Table, GoodEnvFile,
                         ::testing::Values(Good{"empty", "", {}}, Good{"one", "A=1\n", {{"A", "1"}}},
                                           Good{"no_final_newline", "A=1", {{"A", "1"}}},
                                           Good{"empty_value", "A=\n", {{"A", ""}}},
                                           Good{"equals_in_value", "A=b=c\n", {{"A", "b=c"}}},
                                           Good{"spaces_stay", "A= 1 \t\n", {{"A", " 1 \t"}}},
                                           Good{"hash_stays", "A=1 # no comment\n", {{"A", "1 # no comment"}}},
                                           Good{"dollar_stays", "A=$HOME ${X}\n", {{"A", "$HOME ${X}"}}},
                                           Good{"backslash_stays", "A=a\\\nB=\\n\n", {{"A", "a\\"}, {"B", "\\n"}}},
                                           Good{"comments", "# A=1\n#\nB=2\n", {{"B", "2"}}},
                                           Good{"blank_lines", "\n  \n\t\nA=1\n\n", {{"A", "1"}}},
                                           Good{"crlf", "A=1\r\n\r\n#x\r\nB=2\r\n", {{"A", "1"}, {"B", "2"}}},
                                           Good{"cr_inside_stays", "A=1\r2\r\n", {{"A", "1\r2"}}},
                                           Good{"byte_order_mark",
                                                "\xEF\xBB\xBF"
                                                "A=1\n",
                                                {{"A", "1"}}},
                                           Good{"utf8", "A=ü€😀\n", {{"A", "ü€😀"}}},
                                           Good{"names", "_a9=1\nAbC_=2\n", {{"_a9", "1"}, {"AbC_", "2"}}}),
                         [](const auto& good) { return good.param.name; });

TEST_P(GoodEnvFile, Reads) {
  const Read out = read(GetParam().text);
  EXPECT_THAT(out.problems, ElementsAre());
  EXPECT_THAT(out.warnings, ElementsAre());
  EXPECT_EQ(out.values.values, GetParam().values);
}

struct Bad {
  const char* name;
  std::string text;
  std::vector<std::string> problems;
};

class BadEnvFile : public ::testing::TestWithParam<Bad> {};
INSTANTIATE_TEST_SUITE_P(
    Table, BadEnvFile,
    ::testing::Values(
        Bad{"bare_key", "A\n", {"1:1 \"A\" has no value"}},
        Bad{"exported", "export A=1\n", {"1:1 \"export A\" is not a name"}},
        Bad{"space_before_equals", "A =1\n", {"1:1 \"A \" is not a name"}},
        Bad{"indented", " A=1\n", {"1:1 \" A\" is not a name"}},
        Bad{"indented_comment", " # x\n", {"1:1 \" # x\" has no value"}},
        Bad{"digit_first", "1A=1\n", {"1:1 \"1A\" is not a name"}},
        Bad{"dot", "A.B=1\n", {"1:1 \"A.B\" is not a name"}}, Bad{"dash", "A-B=1\n", {"1:1 \"A-B\" is not a name"}},
        Bad{"no_name", "=1\n", {"1:1 \"\" is not a name"}}, Bad{"not_ascii", "Ä=1\n", {"1:1 \"Ä\" is not a name"}},
        Bad{"twice", "A=1\nB=2\nA=3\n", {"3:1 \"A\" is set twice, first in line 1"}},
        Bad{"value_and_secret", "A=1\nA=env://X\n", {"2:1 \"A\" is set twice, first in line 1"}},
        Bad{"nul", std::string("A=1\nB=x\0y\n", 10), {"2:4 a NUL byte"}},
        Bad{"nul_in_comment", std::string("#\0\n", 3), {"1:2 a NUL byte"}},
        Bad{"not_utf8", "A=ok\nB=\xC3\x28\n", {"2:3 bytes that are not UTF-8"}},
        Bad{"utf16",
            std::string("\xFF\xFE"
                        "A\0",
                        4),
            {"1:4 a NUL byte"}},
        Bad{"after_a_byte_order_mark",
            "\xEF\xBB\xBF"
            "A B=1\n",
            {"1:4 \"A B\" is not a name"}},
        Bad{"second_byte_order_mark",
            "A=1\n\xEF\xBB\xBF"
            "B=1\n",
            {"2:1 \"\xEF\xBB\xBF"
             "B\" is not a name"}},
        Bad{"all_at_once",
            "A\nB=1\n=\nB=2\n",
            {"1:1 \"A\" has no value", "3:1 \"\" is not a name", "4:1 \"B\" is set twice, first in line 2"}}),
    [](const auto& bad) { return bad.param.name; });

TEST_P(BadEnvFile, IsReported) { EXPECT_EQ(read(GetParam().text).problems, GetParam().problems); }

TEST(EnvFile, ReferencesAreKeptApart) {
  const Read out = read("A=secret://vault/db#password\nB=env://TOKEN\nC=file:///run/key\nD=https://x\nE=secret:/x\n");
  EXPECT_EQ(out.values.secrets,
            (Values{{"A", "secret://vault/db#password"}, {"B", "env://TOKEN"}, {"C", "file:///run/key"}}));
  EXPECT_EQ(out.values.values, (Values{{"D", "https://x"}, {"E", "secret:/x"}}));
}

TEST(EnvFile, QuotesStayAndWarn) {
  const Read out = read("A=\"x y\"\nB='z'\nC=it's\nD=\"\nE=\"a\" \"b\"\n");
  EXPECT_EQ(out.values.values.at("A"), "\"x y\"");
  EXPECT_EQ(out.warnings.size(), 3u);
  EXPECT_THAT(out.warnings.at(0), HasSubstr("1:3 "));
  EXPECT_THAT(out.warnings.at(1), HasSubstr("2:3 "));
}

ConfigValues sample() {
  return {{{"PORT", "443"}, {"NAME", "Ü \"x\"\t\\"}, {"EMPTY", ""}}, {{"PASSWORD", "secret://vault/db#password"}}};
}

TEST(Config, BytesNeverChange) {
  EXPECT_EQ(sample().canonical().value(), golden("config.json"));
  const auto artifact = make_config_artifact(sample()).value();
  EXPECT_EQ(artifact.manifest_bytes, golden("config-manifest.json"));
  EXPECT_EQ(artifact.manifest.digest, io::digest_of(artifact.manifest_bytes));
  EXPECT_EQ(artifact.blob.digest, io::digest_of(artifact.blob_bytes));
}

TEST(Config, ParsesBack) {
  EXPECT_EQ(ConfigValues::parse(golden("config.json")).value(), sample());
  EXPECT_EQ(ConfigValues::parse(ConfigValues().canonical().value()).value(), ConfigValues());
}

TEST(Config, RefusesWhatItCannotRead) {
  struct Case {
    std::string text;
    Errc code;
  };
  const auto with_file = [](const std::string& path, const std::string& mode, const std::string& rest) {
    return fmt::format(
        R"({{"schema":"slipway/v1/config","files":[{{"digest":"{}","mode":"{}","path":"{}","size":0}}]{}}})",
        io::digest_of("").str(), mode, path, rest);
  };
  EXPECT_TRUE(ConfigValues::parse(with_file("a", "0644", R"(,"path":"/etc/a")")));
  for (const auto& [text, code] :
       std::initializer_list<Case>{{"", Errc::malformed},
                                   {"[]", Errc::malformed},
                                   {R"({"values":{}})", Errc::malformed},
                                   {R"({"schema":"slipway/v2/config"})", Errc::invalid_argument},
                                   {R"({"schema":"slipway/v1/config","values":{"A":1}})", Errc::malformed},
                                   {R"({"schema":"slipway/v1/config","values":{"A":"1","A":"2"}})", Errc::malformed},
                                   {R"({"schema":"slipway/v1/config","Values":{}})", Errc::malformed},
                                   {R"({"schema":"slipway/v1/config","files":{}})", Errc::malformed},
                                   {R"({"schema":"slipway/v1/config","files":[{"path":"a"}]})", Errc::malformed},
                                   {with_file("a", "0644", ""), Errc::malformed},
                                   {with_file("../a", "0644", R"(,"path":"/etc/a")"), Errc::malformed},
                                   {with_file("/a", "0644", R"(,"path":"/etc/a")"), Errc::malformed},
                                   {with_file("a", "4755", R"(,"path":"/etc/a")"), Errc::malformed}}) {
    const auto parsed = ConfigValues::parse(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, code) << text;
  }
}

TEST(Config, LaterFilesWin) {
  ConfigValues base{{{"A", "1"}, {"B", "2"}}, {{"C", "env://C"}, {"D", "env://D"}}};
  base.overlay({{{"B", "3"}, {"C", "plain"}}, {{"A", "env://A"}}});
  EXPECT_EQ(base, (ConfigValues{{{"B", "3"}, {"C", "plain"}}, {{"A", "env://A"}, {"D", "env://D"}}}));
}

TEST(Config, TravelsAsAnArtifact) {
  store::MemoryTarget target;
  const auto artifact = make_config_artifact(sample()).value();
  for (int run = 0; run < 2; ++run)
    ASSERT_TRUE(push_config(artifact, target, "hello.staging.c.1"));
  EXPECT_EQ(target.resolve("hello.staging.c.1")->digest, artifact.manifest.digest);
  EXPECT_EQ(fetch_config(target, artifact.manifest.digest).value(), sample());
  const auto manifest = oci::parse_manifest(artifact.manifest_bytes, "").value();
  EXPECT_EQ(manifest.artifact_type, kConfigArtifactType);
  EXPECT_EQ(manifest.config, artifact.blob);
  EXPECT_EQ(manifest.layers, std::vector{artifact.blob});
}

FileValue file(const std::string& content, std::uint32_t mode = 0644) {
  return {io::digest_of(content), content.size(), mode, std::make_shared<const std::string>(content)};
}

ConfigValues with_files() {
  ConfigValues config = sample();
  config.path = "/etc/hello";
  config.files = {{"a.toml", file("x = 1\n")}, {"hooks/start", file("#!/bin/sh\n", 0755)}, {"ü/empty", file("")}};
  return config;
}

TEST(Config, FilesTravelAsTheLayerThatLayerModeHas) {
  store::MemoryTarget target;
  const auto artifact = make_config_artifact(with_files()).value();
  ASSERT_TRUE(artifact.layer);
  const auto layer = make_config_layer(with_files()).value();
  EXPECT_EQ(*artifact.layer, layer.blob);
  EXPECT_EQ(artifact.layer_bytes, layer.bytes);
  EXPECT_EQ(artifact.layer->digest.short_hex(), "9b64aa20194e") << "bytes never change";
  ASSERT_TRUE(push_config(artifact, target, "t"));
  const auto back = fetch_config(target, artifact.manifest.digest).value();
  EXPECT_EQ(back, with_files());
  EXPECT_EQ(*back.files.at("hooks/start").content, "#!/bin/sh\n");
  EXPECT_EQ(make_config_artifact(back)->manifest.digest, artifact.manifest.digest);
  EXPECT_EQ(ConfigValues::parse(artifact.blob_bytes).value(), with_files());
}

TEST(Config, ALayerThatIsNotWhatTheConfigListsIsRefused) {
  const std::vector<std::pair<std::string, FileValue>> wrong{
      {"a.toml", file("x = 2\n")}, {"a.toml", file("x = 1\n", 0755)}, {"more", file("")}};
  for (const auto& [name, value] : wrong) {
    store::MemoryTarget target;
    ConfigValues other = with_files();
    other.files.insert_or_assign(name, value);
    ConfigArtifact artifact = make_config_artifact(with_files()).value();
    ConfigArtifact theirs = make_config_artifact(other).value();
    auto manifest = oci::parse_manifest(artifact.manifest_bytes, "").value();
    manifest.layers.back() = *theirs.layer;
    artifact.layer = theirs.layer;
    artifact.layer_bytes = theirs.layer_bytes;
    artifact.manifest_bytes = oci::write_manifest(manifest);
    artifact.manifest.digest = io::digest_of(artifact.manifest_bytes);
    artifact.manifest.size = static_cast<std::int64_t>(artifact.manifest_bytes.size());
    ASSERT_TRUE(push_config(artifact, target, "t"));
    const auto read = fetch_config(target, artifact.manifest.digest);
    ASSERT_FALSE(read) << name;
    EXPECT_EQ(read.error().code, Errc::verification_failed) << name;
  }
  ConfigValues fewer = with_files();
  fewer.files.erase("a.toml");
  ConfigValues list = with_files();
  auto short_of = read_config_layer(std::make_unique<io::StringSource>(make_config_layer(fewer)->bytes), list);
  ASSERT_FALSE(short_of);
  EXPECT_THAT(short_of.error().message, HasSubstr("2 of its 3 files"));
}

TEST(Config, FilesWithoutContentsMakeNoArtifact) {
  const ConfigValues list = ConfigValues::parse(make_config_artifact(with_files())->blob_bytes).value();
  EXPECT_FALSE(make_config_artifact(list));
}

TEST(Config, AnInterruptedPushIsTaggedByTheNext) {
  store::MemoryTarget target;
  const auto artifact = make_config_artifact(sample()).value();
  ASSERT_TRUE(push_config(artifact, target, "t"));
  ASSERT_TRUE(target.delete_tag("t"));
  ASSERT_TRUE(push_config(artifact, target, "t"));
  EXPECT_TRUE(target.resolve("t"));
}

TEST(Config, OtherThingsAreNotAConfig) {
  store::MemoryTarget target;
  EXPECT_EQ(fetch_config(target, io::digest_of("nowhere")).error().code, Errc::not_found);
  io::TextSource empty(oci::kEmptyJson);
  ASSERT_TRUE(target.push(oci::empty_descriptor(), empty));
  oci::Manifest manifest{.raw = {},
                         .media_type = std::string(oci::kManifestType),
                         .artifact_type = "application/vnd.example",
                         .config = oci::empty_descriptor(),
                         .layers = {oci::empty_descriptor()},
                         .subject = {},
                         .annotations = {}};
  const std::string bytes = oci::write_manifest(manifest);
  io::TextSource source(bytes);
  const oci::Descriptor descriptor(std::string(oci::kManifestType), io::digest_of(bytes),
                                   static_cast<std::int64_t>(bytes.size()));
  ASSERT_TRUE(target.push(descriptor, source));
  EXPECT_EQ(fetch_config(target, descriptor.digest).error().code, Errc::verification_failed);
}

}  // namespace
}  // namespace slipway::release
