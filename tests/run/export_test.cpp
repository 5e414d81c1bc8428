#include "slipway/run/export.h"

#include <gmock/gmock.h>

#include <cstdlib>

#include "slipway/base/fs.h"
#include "slipway/config/yaml.h"
#include "slipway/run/pin.h"

namespace slipway::run {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const std::string kHex(64, 'a');

ExportRequest production() {
  return {.app = "hello",
          .environment = "production",
          .number = 3,
          .image = "registry.example.com/prod/hello:hello.production-v3@sha256:" + kHex,
          .written_as = {"registry.example.com/prod/hello", "registry.example.com/team/hello"},
          .build = Digest::parse("sha256:" + std::string(64, 'b')).value(),
          .revision = "0123abc",
          .values = {{"A", "plain"}, {"B", "a \"b\" $c: #d\n\xc3\xa4"}},
          .secrets = {},
          .patch = false};
}

std::vector<ExportFile> exported(const ExportRequest& request, ExportFormat format) {
  auto files = export_release(request, format);
  EXPECT_TRUE(files) << files.error().describe();
  return files.value_or(std::vector<ExportFile>());
}

std::string one(const ExportRequest& request, ExportFormat format) {
  const auto files = exported(request, format);
  EXPECT_EQ(files.size(), 1u);
  return files.empty() ? "" : files[0].content;
}

TEST(Export, KubernetesGetsADeploymentAndItsConfig) {
  const std::string text = one(production(), ExportFormat::kubernetes);
  const auto documents = config::parse_yaml(text, "k8s.yaml");
  ASSERT_TRUE(documents) << documents.error().describe() << text;
  ASSERT_EQ(documents->size(), 2u);
  const config::Node& map = (*documents)[0];
  EXPECT_EQ(map.find("data")->find("A")->scalar, "plain");
  EXPECT_EQ(map.find("data")->find("B")->scalar, "a \"b\" $c: #d\n\xc3\xa4");
  const std::string name = map.find("metadata")->find("name")->scalar;
  EXPECT_THAT(name, testing::MatchesRegex("hello-production-[0-9a-f]{10}"));
  const config::Node& container =
      (*documents)[1].find("spec")->find("template")->find("spec")->find("containers")->items[0];
  EXPECT_EQ(container.find("image")->scalar, production().image);
  EXPECT_EQ(container.find("envFrom")->items[0].find("configMapRef")->find("name")->scalar, name);
  const config::Node* notes = (*documents)[1].find("metadata")->find("annotations");
  EXPECT_EQ(notes->find("io.slipway.release")->scalar, "v3");
  EXPECT_EQ(notes->find("org.opencontainers.image.revision")->scalar, "0123abc");
}

TEST(Export, TheConfigsNameIsItsContents) {
  ExportRequest other = production();
  other.number = 4;
  const auto name = [](const ExportRequest& request) {
    const std::string text = one(request, ExportFormat::kubernetes);
    const std::size_t at = text.find("hello-production-");
    return text.substr(at, text.find('\n', at) - at);
  };
  EXPECT_EQ(name(other), name(production())) << "the number is not in it";
  other.values[0].second = "changed";
  EXPECT_NE(name(other), name(production()));
  EXPECT_EQ(one(production(), ExportFormat::kubernetes), one(production(), ExportFormat::kubernetes));
}

TEST(Export, SecretsAreReferencesOnly) {
  ExportRequest request = production();
  request.values.clear();
  request.secrets = {{"TOKEN", "secret://vault-token/value"}, {"KEY", "env://KEY"}};
  const std::string text = one(request, ExportFormat::kubernetes);
  EXPECT_THAT(
      text,
      HasSubstr("- name: \"TOKEN\"\n            valueFrom: {secretKeyRef: {name: \"vault-token\", key: \"value\"}}"));
  EXPECT_THAT(text, HasSubstr("secretKeyRef: {name: \"hello-production\", key: \"KEY\"}"));
  EXPECT_THAT(text, Not(HasSubstr("ConfigMap")));
  request.secrets = {{"A", "secret://vault/team/my_db#password"}, {"B", "secret://vault/Ü#k"}};
  const std::string by_path = one(request, ExportFormat::kubernetes);
  EXPECT_THAT(by_path, HasSubstr("secretKeyRef: {name: \"team-my-db\", key: \"password\"}"));
  EXPECT_THAT(by_path, HasSubstr("secretKeyRef: {name: \"hello-production\", key: \"B\"}"));
}

TEST(Export, SecretsAreTheFormatsOwnKindOfReference) {
  ExportRequest request = production();
  request.values.clear();
  request.secrets = {{"KEY", "env://KEY"}, {"TOKEN", "secret://vault/a${b}#c"}};
  const std::string compose = one(request, ExportFormat::compose);
  const auto document = config::parse_yaml(compose, "compose.yaml");
  ASSERT_TRUE(document) << compose;
  const config::Node* environment = (*document)[0].find("services")->find("hello")->find("environment");
  EXPECT_EQ(environment->find("KEY")->scalar, "${KEY:?env://KEY}");
  EXPECT_EQ(environment->find("TOKEN")->scalar, "${TOKEN:?secret://vault/a__b_#c}");
  const std::string quadlet = exported(request, ExportFormat::quadlet)[0].content;
  EXPECT_THAT(quadlet, HasSubstr("\nSecret=hello-production-KEY,type=env,target=KEY\n"));
  EXPECT_THAT(quadlet, HasSubstr("# podman secret hello-production-TOKEN: secret://vault/"));
  const std::string unit = exported(request, ExportFormat::systemd)[0].content;
  EXPECT_THAT(unit, HasSubstr("  --secret hello-production-TOKEN,type=env,target=TOKEN \\\n"));
}

TEST(Export, APatchSaysOnlyWhatTheReleaseDecides) {
  ExportRequest request = production();
  request.patch = true;
  const std::string text = one(request, ExportFormat::kubernetes);
  EXPECT_THAT(text, HasSubstr("image: \"" + request.image));
  EXPECT_THAT(text, Not(HasSubstr("selector")));
}

TEST(Export, KustomizeReplacesEveryNameOfTheApp) {
  const auto files = exported(production(), ExportFormat::kustomize);
  ASSERT_EQ(files.size(), 3u);
  EXPECT_EQ(files[1].name, "kustomization.yaml");
  const auto kind = config::parse_yaml(files[1].content, "kustomization.yaml");
  ASSERT_TRUE(kind);
  const config::Node* images = (*kind)[0].find("images");
  ASSERT_EQ(images->items.size(), 2u);
  EXPECT_EQ(images->items[1].find("name")->scalar, "registry.example.com/team/hello");
  EXPECT_EQ(images->items[1].find("newName")->scalar, "registry.example.com/prod/hello");
  EXPECT_EQ(images->items[1].find("newTag")->scalar, "hello.production-v3");
  EXPECT_EQ(images->items[1].find("digest")->scalar, "sha256:" + kHex);
  EXPECT_TRUE(config::parse_yaml(files[0].content, files[0].name));
  EXPECT_TRUE(config::parse_yaml(files[2].content, files[2].name));
}

TEST(Export, ComposeDoublesDollars) {
  const std::string text = one(production(), ExportFormat::compose);
  const auto document = config::parse_yaml(text, "compose.yaml");
  ASSERT_TRUE(document) << text;
  const config::Node* service = (*document)[0].find("services")->find("hello");
  EXPECT_EQ(service->find("environment")->find("B")->scalar, "a \"b\" $$c: #d\n\xc3\xa4");
}

// slipway pin has nothing to do in a file that slipway exported.
TEST(Export, EverythingIsPinned) {
  ExportRequest request = production();
  request.values = {{"A", "plain"}};
  const auto nothing = resolve_from([](const oci::Location& asked) -> Result<Digest> {
    return fail(Errc::internal, "{} was not pinned", asked.str());
  });
  for (const ExportFormat format : {ExportFormat::kubernetes, ExportFormat::compose, ExportFormat::quadlet,
                                    ExportFormat::systemd, ExportFormat::kustomize}) {
    std::size_t references = 0;
    for (const ExportFile& file : exported(request, format)) {
      const PinReport report = pin_text(file.content, file.name, nothing);
      ASSERT_TRUE(report.errors.empty()) << report.errors[0].describe();
      EXPECT_FALSE(report.changed());
      references += report.references;
    }
    EXPECT_GE(references, 1u);
  }
}

TEST(Export, UnitsHaveAnEnvFileBesideThem) {
  ExportRequest request = production();
  request.values = {{"A", "50% \"x\""}};
  const auto quadlet = exported(request, ExportFormat::quadlet);
  ASSERT_EQ(quadlet.size(), 2u);
  EXPECT_THAT(quadlet[0].content, HasSubstr("Image=" + request.image + "\nEnvironmentFile=./hello.env\n"));
  EXPECT_EQ(quadlet[1].content, "A=50% \"x\"\n");
  const auto unit = exported(request, ExportFormat::systemd);
  ASSERT_EQ(unit.size(), 2u);
  EXPECT_EQ(unit[1].name, "hello.service");
  EXPECT_THAT(unit[1].content, HasSubstr("--env-file %E/hello/hello.env"));
  request.revision = "50%\"\\";
  EXPECT_THAT(exported(request, ExportFormat::quadlet)[0].content, HasSubstr("revision=50%%\\\"\\\\\""));
  request.values = {{"A", "x\ny"}};
  EXPECT_FALSE(export_release(request, ExportFormat::quadlet)) << "an env file has one line for each value";
}

TEST(Export, WhatAConfigMapCannotHoldIsRefused) {
  ExportRequest request = production();
  request.values = {{"A", std::string((1u << 20) + 1, 'x')}};
  const auto large = export_release(request, ExportFormat::kubernetes);
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().code, Errc::too_large);
  EXPECT_THAT(large.error().hint, HasSubstr("layer"));
  request.values = {{"A", "\xff"}};
  EXPECT_FALSE(export_release(request, ExportFormat::kustomize));
  EXPECT_FALSE(parse_export_format("helm"));
  EXPECT_EQ(*parse_export_format("quadlet"), ExportFormat::quadlet);
}

/// A release with everything that a format can carry.
ExportRequest whole_release() {
  ExportRequest request = production();
  request.values = {{"A", "plain"}, {"B", "50% \"b\" $c: #d \xc3\xa4"}};
  request.secrets = {{"KEY", "env://KEY"}, {"TOKEN", "secret://vault/team/db#password"}};
  request.config_path = "/etc/hello";
  request.files = {
      {"a/b.yaml", "a: 1\n", 0644}, {"bin", std::string("\xff\0x", 3), 0600}, {"run.sh", "#!/bin/sh\n", 0755}};
  return request;
}

/// All files of a format in one text, each below its name and mode.
std::string all_files(const ExportRequest& request, ExportFormat format) {
  std::string out;
  for (const ExportFile& file : exported(request, format))
    out += fmt::format("=== {} {:o}\n{}", file.name, file.mode, file.content);
  return out;
}

// The bytes are what GitOps repositories have: they change only with the format's version.
TEST(Export, TheSameReleaseGivesTheSameBytesInEveryVersion) {
  const stdfs::path folder = stdfs::path(std::getenv("SLIPWAY_TESTDATA")) / "export";
  ExportRequest patch = whole_release();
  patch.patch = true;
  ExportRequest bare = production();
  bare.values.clear();
  const std::vector<std::pair<std::string, std::string>> golden{
      {"kubernetes", all_files(whole_release(), ExportFormat::kubernetes)},
      {"kubernetes-patch", all_files(patch, ExportFormat::kubernetes)},
      {"kubernetes-bare", all_files(bare, ExportFormat::kubernetes)},
      {"kustomize", all_files(whole_release(), ExportFormat::kustomize)},
      {"compose", all_files(whole_release(), ExportFormat::compose)},
      {"compose-bare", all_files(bare, ExportFormat::compose)},
      {"quadlet", all_files(whole_release(), ExportFormat::quadlet)},
      {"systemd", all_files(whole_release(), ExportFormat::systemd)}};
  for (const auto& [name, text] : golden)
    EXPECT_EQ(text, read_file(real_fs(), folder / name).value_or("(no such file)")) << name;
}

}  // namespace
}  // namespace slipway::run
