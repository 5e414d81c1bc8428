#include "slipway/oci/image_config.h"

#include <gmock/gmock.h>

#include "slipway/oci/document.h"

namespace slipway::oci {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::string kId1 = "sha256:" + std::string(64, '1');
const std::string kId2 = "sha256:" + std::string(64, '2');

/// The required members, then `more`.
std::string with(const std::string& more) {
  return R"({"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[")" + kId1 + "\"]}" + more + "}";
}

std::string with_config(const std::string& members) { return with(R"(,"config":{)" + members + "}"); }

TEST(ImageConfig, ReadsTheLeast) {
  const auto config = ImageConfig::parse(with(""));
  ASSERT_TRUE(config.has_value()) << config.error().describe();
  EXPECT_EQ(config->platform.str(), "linux/amd64");
  EXPECT_THAT(config->diff_ids, ElementsAre(Digest::parse(kId1).value()));
  EXPECT_TRUE(config->history.empty());
}

// As docker writes it: nulls, empty members, members of its own.
const std::string kDockers =
    R"({"architecture":"arm64","config":{"Hostname":"","Domainname":"","User":"65532:65532","AttachStdin":false,)"
    R"("ExposedPorts":{"8080/tcp":{},"443/tcp":{}},"Env":["PATH=/bin","LANG=C"],"Cmd":["-v"],"Healthcheck":{"Test":["CMD","/x"]},)"
    R"("Image":"","Volumes":null,"WorkingDir":"/srv","Entrypoint":["/usr/bin/hello"],"OnBuild":null,"Labels":{"b":"2","a":"1"},)"
    R"("StopSignal":"SIGTERM","ArgsEscaped":true},"created":"2020-01-02T03:04:05.678Z","author":"me","docker_version":"25",)"
    R"("history":[{"created":"2020-01-02T03:04:05Z","created_by":"a","comment":"c","x-y":1},)"
    R"({"created_by":"b","author":"z","empty_layer":true}],"os":"linux","rootfs":{"type":"layers","diff_ids":[")" +
    kId1 + R"("],"base_layer":"q"},"variant":"v8","os.version":"1","os.features":["f"]})";

TEST(ImageConfig, ReadsWhatDockerWrites) {
  const auto parsed = ImageConfig::parse(kDockers);
  ASSERT_TRUE(parsed.has_value()) << parsed.error().describe();
  const ImageConfig& config = *parsed;
  EXPECT_EQ(config.platform.str(), "linux/arm64/v8");
  EXPECT_EQ(config.platform.os_version, "1");
  EXPECT_THAT(config.platform.os_features, ElementsAre("f"));
  EXPECT_EQ(config.created, "2020-01-02T03:04:05.678Z");
  EXPECT_EQ(config.author, "me");
  EXPECT_EQ(config.user, "65532:65532");
  EXPECT_THAT(config.exposed_ports, ElementsAre("443/tcp", "8080/tcp"));
  EXPECT_THAT(config.env, ElementsAre("PATH=/bin", "LANG=C"));
  EXPECT_THAT(config.entrypoint, ElementsAre("/usr/bin/hello"));
  EXPECT_THAT(config.cmd, ElementsAre("-v"));
  EXPECT_TRUE(config.volumes.empty());
  EXPECT_EQ(config.working_dir, "/srv");
  EXPECT_EQ(config.labels, (std::map<std::string, std::string>{{"a", "1"}, {"b", "2"}}));
  EXPECT_EQ(config.stop_signal, "SIGTERM");
  ASSERT_EQ(config.history.size(), 2u);
  EXPECT_EQ(config.history[0].comment, "c");
  EXPECT_FALSE(config.history[0].empty_layer);
  EXPECT_EQ(config.history[1].author, "z");
  EXPECT_TRUE(config.history[1].empty_layer);
}

TEST(ImageConfig, SerialisesInFixedOrderAndLosesNothing) {
  EXPECT_EQ(
      ImageConfig::parse(kDockers)->serialize(),
      R"({"created":"2020-01-02T03:04:05.678Z","author":"me","architecture":"arm64","os":"linux","os.version":"1",)"
      R"("os.features":["f"],"variant":"v8","config":{"User":"65532:65532","ExposedPorts":{"443/tcp":{},"8080/tcp":{}},)"
      R"("Env":["PATH=/bin","LANG=C"],"Entrypoint":["/usr/bin/hello"],"Cmd":["-v"],"WorkingDir":"/srv",)"
      R"("Labels":{"a":"1","b":"2"},"StopSignal":"SIGTERM","Hostname":"","Domainname":"","AttachStdin":false,)"
      R"("Healthcheck":{"Test":["CMD","/x"]},"Image":"","OnBuild":null,"ArgsEscaped":true},)"
      R"("rootfs":{"type":"layers","diff_ids":[")" +
          kId1 +
          R"("],"base_layer":"q"},"history":[{"created":"2020-01-02T03:04:05Z","created_by":"a","comment":"c","x-y":1},)"
          R"({"created_by":"b","author":"z","empty_layer":true}],"docker_version":"25"})");
}

TEST(ImageConfig, GoldenOfANewImage) {
  ImageConfig config;
  config.created = "1970-01-01T00:00:00Z";
  config.platform = Platform::parse("linux/amd64").value();
  config.entrypoint = {"/usr/bin/hello"};
  config.env = {"LANG=C.UTF-8"};
  config.volumes = {"/data"};
  config.diff_ids = {Digest::parse(kId1).value(), Digest::parse(kId2).value()};
  config.history = {{.created = "1970-01-01T00:00:00Z", .created_by = "slipway"}, {.created_by = "slipway"}};
  EXPECT_TRUE(config.check().has_value());
  EXPECT_EQ(
      config.serialize(),
      R"({"created":"1970-01-01T00:00:00Z","architecture":"amd64","os":"linux",)"
      R"("config":{"Env":["LANG=C.UTF-8"],"Entrypoint":["/usr/bin/hello"],"Volumes":{"/data":{}}},)"
      R"("rootfs":{"type":"layers","diff_ids":[")" +
          kId1 + "\",\"" + kId2 +
          R"("]},"history":[{"created":"1970-01-01T00:00:00Z","created_by":"slipway"},{"created_by":"slipway"}]})");
}

TEST(ImageConfig, TheEmptiestIsStillWhole) {
  ImageConfig config;
  config.platform = Platform::parse("linux/amd64").value();
  EXPECT_EQ(config.serialize(),
            R"({"architecture":"amd64","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":[]}})");
}

TEST(ImageConfig, SerialisingIsStable) {
  const std::string once = ImageConfig::parse(kDockers)->serialize();
  const auto again = ImageConfig::parse(once);
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(*again, *ImageConfig::parse(kDockers));
  EXPECT_EQ(again->serialize(), once);
}

TEST(ImageConfig, NullIsAbsent) {
  const auto config = ImageConfig::parse(
      with(R"(,"created":null,"author":null,"history":null,"variant":null,"os.features":null,"config":null)"));
  ASSERT_TRUE(config.has_value()) << config.error().describe();
  EXPECT_EQ(*config, *ImageConfig::parse(with("")));
  const auto inner = ImageConfig::parse(with_config(
      R"("User":null,"ExposedPorts":null,"Env":null,"Entrypoint":null,"Cmd":null,"Volumes":null,"WorkingDir":null,"Labels":null,"StopSignal":null)"));
  ASSERT_TRUE(inner.has_value()) << inner.error().describe();
  EXPECT_EQ(*inner, *ImageConfig::parse(with("")));
  EXPECT_TRUE(ImageConfig::parse(R"({"architecture":"a","os":"linux","rootfs":{"type":"layers","diff_ids":null}})")
                  ->diff_ids.empty());
}

TEST(ImageConfig, CarelessTextsAreKeptWhenRead) {
  const auto config = ImageConfig::parse(with_config(R"("Env":["NOVALUE","=x","A=b\nc",""],"User":"0:0\n")"));
  ASSERT_TRUE(config.has_value());
  EXPECT_THAT(config->env, ElementsAre("NOVALUE", "=x", "A=b\nc", ""));
  EXPECT_EQ(config->user, "0:0\n");
  EXPECT_FALSE(config->check().has_value());
}

TEST(ImageConfig, HistoryThatLiesIsReadButNotWritten) {
  const auto config = ImageConfig::parse(with(R"(,"history":[{},{},{}])"));
  ASSERT_TRUE(config.has_value());
  const auto status = config->check();
  ASSERT_FALSE(status.has_value());
  EXPECT_THAT(status.error().message, HasSubstr("history tells of 3 layers, there are 1"));
}

struct Bad {
  const char* name;
  std::string text;
  std::string part;
};

class ImageConfigRefuses : public testing::TestWithParam<Bad> {};

TEST_P(ImageConfigRefuses, NamingTheMember) {
  const auto config = ImageConfig::parse(GetParam().text);
  ASSERT_FALSE(config.has_value());
  EXPECT_EQ(config.error().code, Errc::malformed) << config.error().describe();
  EXPECT_THAT(config.error().message, HasSubstr("the image config"));
  EXPECT_THAT(config.error().message, HasSubstr(GetParam().part));
}

INSTANTIATE_TEST_SUITE_P(
    Table, ImageConfigRefuses,
    testing::Values(
        Bad{"Empty", "", "not valid JSON"}, Bad{"NoObject", "[1]", "not a JSON object"},
        Bad{"NoMembers", "{}", "\"architecture\" is missing"},
        Bad{"NoOs", R"({"architecture":"a"})", "\"os\" is missing"},
        Bad{"NoRootfs", R"({"architecture":"a","os":"b"})", "\"rootfs\" is missing"},
        Bad{"RootfsList", R"({"architecture":"a","os":"b","rootfs":[]})", "\"rootfs\" is not an object"},
        Bad{"RootfsUntyped", R"({"architecture":"a","os":"b","rootfs":{}})", "\"type\" is missing"},
        Bad{"RootfsOther", R"({"architecture":"a","os":"b","rootfs":{"type":"x"}})", R"("x", not "layers")"},
        Bad{"DiffIdBad", R"({"architecture":"a","os":"b","rootfs":{"type":"layers","diff_ids":["sha256:../x"]}})",
            "diff_ids"},
        Bad{"DiffIdNumber", R"({"architecture":"a","os":"b","rootfs":{"type":"layers","diff_ids":[1]}})", "diff_ids"},
        Bad{"DiffIdsCase", R"({"architecture":"a","os":"b","rootfs":{"type":"layers","Diff_IDs":[]}})", "only in case"},
        Bad{"Duplicate", with(R"(,"os":"windows")"), "duplicate name"},
        Bad{"CaseVariant", with(R"(,"OS":"windows")"), "only in case"},
        Bad{"Trailing", with("") + "{}", "not valid JSON"},
        Bad{"CreatedNumber", with(R"(,"created":0)"), "\"created\""},
        Bad{"AuthorList", with(R"(,"author":[])"), "\"author\""},
        Bad{"VariantNumber", with(R"(,"variant":7)"), "\"variant\""},
        Bad{"FeaturesText", with(R"(,"os.features":"x")"), "\"os.features\""},
        Bad{"ConfigList", with(R"(,"config":[])"), "\"config\""},
        Bad{"HistoryObject", with(R"(,"history":{})"), "\"history\""},
        Bad{"HistoryOfText", with(R"(,"history":["x"])"), "\"history\""},
        Bad{"HistoryFlag", with(R"(,"history":[{"empty_layer":"yes"}])"), "\"empty_layer\""},
        Bad{"HistoryNull", with(R"(,"history":[null])"), "\"history\""},
        Bad{"UserNumber", with_config(R"("User":0)"), "\"User\""},
        Bad{"EnvObject", with_config(R"("Env":{"A":"b"})"), "\"Env\""},
        Bad{"EnvOfNulls", with_config(R"("Env":[null])"), "\"Env\""},
        Bad{"EntrypointText", with_config(R"("Entrypoint":"/bin/sh")"), "\"Entrypoint\""},
        Bad{"CmdNumber", with_config(R"("Cmd":[1])"), "\"Cmd\""},
        Bad{"PortsList", with_config(R"("ExposedPorts":["80/tcp"])"), "\"ExposedPorts\""},
        Bad{"PortWithContent", with_config(R"("ExposedPorts":{"80/tcp":{"x":1}})"), R"("80/tcp")"},
        Bad{"VolumeTrue", with_config(R"("Volumes":{"/x":true})"), R"("/x")"},
        Bad{"LabelNumber", with_config(R"("Labels":{"a":1})"), "\"Labels\""},
        Bad{"StopSignalNumber", with_config(R"("StopSignal":15)"), "\"StopSignal\""},
        Bad{"InnerCase", with_config(R"("env":["A=b"])"), "only in case"}),
    [](const auto& row) { return row.param.name; });

std::string repeated(std::string_view item, std::size_t times) {
  std::string list;
  for (std::size_t i = 0; i < times; ++i)
    list += (i == 0 ? "" : ",") + std::string(item);
  return list;
}

TEST(ImageConfig, CountsAndBytesAreCapped) {
  const auto code = [](const std::string& text) { return ImageConfig::parse(text).error().code; };
  const auto ids = [](std::size_t n) {
    return R"({"architecture":"a","os":"b","rootfs":{"type":"layers","diff_ids":[)" + repeated("\"" + kId1 + "\"", n) +
           "]}}";
  };
  EXPECT_EQ(ImageConfig::parse(ids(kMaxChildren))->diff_ids.size(), kMaxChildren);
  EXPECT_EQ(code(ids(kMaxChildren + 1)), Errc::too_large);
  EXPECT_TRUE(ImageConfig::parse(with(R"(,"history":[)" + repeated("{}", 8192) + "]")).has_value());
  EXPECT_EQ(code(with(R"(,"history":[)" + repeated("{}", 8193) + "]")), Errc::too_large);
  EXPECT_EQ(code(with(R"(,"x":")" + std::string(kMaxDocument, 'x') + "\"")), Errc::too_large);
  EXPECT_EQ(code(with(R"(,"x":)" + std::string(1000, '['))), Errc::too_large);
}

ImageConfig valid() { return ImageConfig::parse(with("")).value(); }

TEST(ImageConfigCheck, AcceptsWhatTheSpecAllows) {
  ImageConfig config = valid();
  config.created = "2024-02-29T12:00:00+01:00";
  config.env = {"A=", "B=c=d", "PATH=/a:/b", "E=line\nline"};
  config.exposed_ports = {"80", "80/tcp", "53/udp", "132/sctp", "65535/tcp"};
  config.volumes = {"/data", "relative"};
  config.labels = {{"a", ""}};
  config.history = {{.created_by = "x"}, {.created_by = "y", .empty_layer = true}};
  const auto status = config.check();
  EXPECT_TRUE(status.has_value()) << status.error().describe();
}

TEST(ImageConfigCheck, RefusesWhatItForbids) {
  const auto refused = [](auto change) {
    ImageConfig config = valid();
    change(config);
    const auto status = config.check();
    EXPECT_FALSE(status.has_value());
    if (status.has_value()) return std::string();
    EXPECT_EQ(status.error().code, Errc::invalid_argument);
    return status.error().message;
  };
  for (const char* entry : {"", "A", "=b"}) {
    EXPECT_THAT(refused([&](ImageConfig& c) {
                  c.env = {"X=1", entry};
                }),
                HasSubstr("Env: \"" + std::string(entry) + "\" is not KEY=VALUE"));
  }
  EXPECT_THAT(refused([](ImageConfig& c) { c.env = {std::string("A=\0", 3)}; }), HasSubstr("NUL"));
  EXPECT_THAT(refused([](ImageConfig& c) { c.cmd = {std::string("\0", 1)}; }), HasSubstr("NUL"));
  for (const char* port :
       {"", "0", "65536", "80/", "/tcp", "80/icmp", "x/tcp", "80-90/tcp", "080000", "-1", "80/TCP"}) {
    EXPECT_THAT(refused([&](ImageConfig& c) { c.exposed_ports = {port}; }), HasSubstr("ExposedPorts")) << port;
  }
  for (const char* time : {"yesterday", "2024-02-30T00:00:00Z", "2024-01-01", "1700000000"}) {
    EXPECT_THAT(refused([&](ImageConfig& c) { c.created = time; }), HasSubstr("created")) << time;
    EXPECT_THAT(refused([&](ImageConfig& c) { c.history = {{.created = time}}; }), HasSubstr("history")) << time;
  }
  EXPECT_THAT(refused([](ImageConfig& c) { c.user = "0:0\n"; }), HasSubstr("User: \"0:0\\n\" has control characters"));
  EXPECT_THAT(refused([](ImageConfig& c) { c.working_dir = "/a\x1b"; }), HasSubstr("WorkingDir"));
  EXPECT_THAT(refused([](ImageConfig& c) { c.stop_signal = "SIG\n"; }), HasSubstr("StopSignal"));
  EXPECT_THAT(refused([](ImageConfig& c) { c.volumes = {""}; }), HasSubstr("Volumes"));
  EXPECT_THAT(refused([](ImageConfig& c) { c.labels = {{"", "x"}}; }), HasSubstr("Labels"));
  EXPECT_THAT(refused([](ImageConfig& c) { c.platform.os.clear(); }), HasSubstr("\"os\""));
  EXPECT_THAT(refused([](ImageConfig& c) { c.history = {{.empty_layer = true}}; }), HasSubstr("0 layers, there are 1"));
}

std::vector<std::string> env_with(std::vector<std::string> env, const std::string& key, const std::string& value) {
  set_env(env, key, value);
  return env;
}

TEST(SetEnv, ReplacesInPlaceOrAppends) {
  EXPECT_THAT(env_with({}, "A", "1"), ElementsAre("A=1"));
  EXPECT_THAT(env_with({"A=0", "B=2"}, "A", "1"), ElementsAre("A=1", "B=2"));
  EXPECT_THAT(env_with({"B=2"}, "A", ""), ElementsAre("B=2", "A="));
  EXPECT_THAT(env_with({"A=0", "B=2", "A=9"}, "A", "1"), ElementsAre("A=1", "B=2"));
  EXPECT_THAT(env_with({"AB=0", "A=0"}, "A", "x=y"), ElementsAre("AB=0", "A=x=y"));
  EXPECT_THAT(env_with({"A", "AB"}, "A", "1"), ElementsAre("A=1", "AB"))
      << "an entry without a value is that key's too";
}

}  // namespace
}  // namespace slipway::oci
