#include "run/chart_templates.h"

#include <gmock/gmock.h>

#include "run/pinning.h"
#include "support/temp_dir.h"

namespace slipway::run {
namespace {

TEST(UseOfKey, SeesKeysThatAreNamedInFull) {
  const std::string text = "image: {{ .Values.web.image.repository }}:{{ .Values.web.image.tag }}\n";
  EXPECT_TRUE(use_of_key(text, "web.image", "tag").read);
  EXPECT_FALSE(use_of_key(text, "web.image", "digest").read);
  EXPECT_FALSE(use_of_key(text, "api.image", "tag").read) << "another mapping";
  EXPECT_FALSE(use_of_key("{{ .Values.image.tagged }}", "image", "tag").read) << "a longer word";
}

TEST(UseOfKey, SeesKeysOfAMappingThatIsHandedOn) {
  EXPECT_TRUE(use_of_key("{{ with .Values.image }}{{ .repository }}@{{ .digest }}{{ end }}", "image", "digest").read);
  EXPECT_TRUE(
      use_of_key("{{ include \"i\" (dict \"root\" .Values.image) }}{{ .root.digest }}", "image", "digest").read);
  EXPECT_TRUE(use_of_key("{{- with .Values.web }}{{ .image.tag }}{{ end }}", "web.image", "tag").read);
  EXPECT_FALSE(use_of_key("{{ .Values.image.tag }} {{ .other.digest }}", "image", "digest").read);
  const std::string other = "{{ include \"i\" .Values.image }} x@sha256:{{ .Values.job.image.digest }}";
  EXPECT_FALSE(use_of_key(other, "image", "digest").read) << "another mapping's key, in full";
  EXPECT_FALSE(use_of_key(other + "{{ .digest }}", "image", "digest").bare);
}

TEST(UseOfKey, KnowsDigestsWithoutTheirAlgorithm) {
  EXPECT_TRUE(use_of_key("{{ .Values.image.tag }}@sha256:{{ .Values.image.sha }}", "image", "sha").bare);
  EXPECT_TRUE(use_of_key("{{ printf \"%s@sha256:%s\" $r .Values.image.sha }}", "image", "sha").bare);
  EXPECT_FALSE(use_of_key("{{ .Values.image.repository }}@{{ .Values.image.digest }}", "image", "digest").bare);
}

// A chart may read the key in one line and print it in another.
TEST(UseOfKey, FollowsADigestThroughAVariableAndAWith) {
  const std::string assigned = "{{- $tag := .Values.image.tag }}\n{{ $digest := .Values.image.digest -}}\n";
  EXPECT_TRUE(use_of_key(assigned + "image: x@sha256:{{ $digest }}\n", "image", "digest").bare);
  EXPECT_TRUE(
      use_of_key(assigned + "{{ if $digest }}{{ printf \"x@sha256:%s\" $digest }}{{ end }}", "image", "digest").bare);
  EXPECT_FALSE(use_of_key(assigned + "image: x@{{ $digest }}\n", "image", "digest").bare);
  EXPECT_FALSE(use_of_key(assigned + "x@{{ $digest }}{{ $digests }}", "image", "digest").bare);
  EXPECT_FALSE(
      use_of_key(assigned + "x@{{ $digest }}{{ $digest := .Values.b.digest }}@sha256:{{ $digest }}", "image", "digest")
          .bare)
      << "another file's variable";
  EXPECT_TRUE(use_of_key("x{{ with .Values.image.digest }}@sha256:{{ . }}{{ end }}", "image", "digest").bare);
  EXPECT_FALSE(use_of_key("x{{ with .Values.image.digest }}@{{ . }}{{ end }}", "image", "digest").bare);
}

// cockroachdb compares image.tag with semverCompare, and fails on "v1.2@sha256:...".
TEST(UseOfKey, KnowsTagsThatAreVersions) {
  const auto is_version = [](const std::string& text) { return use_of_key(text, "image", "tag").version; };
  EXPECT_TRUE(is_version("{{ if semverCompare \">=22.1.2\" .Values.image.tag }}"));
  EXPECT_TRUE(is_version("{{ $v := .Values.image.tag }}x:{{ $v }}{{ if (semver $v).Major }}"));
  EXPECT_TRUE(is_version("  app.kubernetes.io/version: \"{{ .Values.image.tag | default .Chart.AppVersion }}\"\n"));
  EXPECT_TRUE(is_version("{{ with .Values.image }}\nversion: {{ .tag | quote }}{{ end }}"));
  EXPECT_FALSE(is_version("image: {{ .Values.image.repository }}:{{ .Values.image.tag }}\n"));
  EXPECT_FALSE(is_version("version: {{ regexReplaceAll \"@sha.*\" .Values.image.tag \"\" }}\n"));
  EXPECT_FALSE(is_version("version: {{ (split \"@\" .Values.image.tag)._0 }}\n"));
  EXPECT_FALSE(is_version("{{ $v := splitList \"@\" .Values.image.tag | first }}{{ if semverCompare \">1\" $v }}"));
  EXPECT_FALSE(is_version("version: 1.0\nimage: x:{{ .Values.image.tag }}\n"));
}

PinOptions with_templates(const std::string& templates) {
  PinOptions options;
  options.templates = [=](const std::string&, const std::string& subchart) {
    return subchart.empty() ? std::optional(templates) : std::nullopt;
  };
  return options;
}

std::string pinned_with(const std::string& templates, const std::string& values) {
  return replace_all(pinned("c/values.yaml", values, everything(), with_templates(templates)).after, kDigest, "@@");
}

TEST(HelmValues, ATagThatIsAVersionIsLeftAlone) {
  const std::string values = "image: {repository: a/b, tag: v1.2.3}\n";
  const std::string line = "image: {{ .Values.image.repository }}:{{ .Values.image.tag }}\n";
  const std::string compares = line + "{{ if semverCompare \">1\" .Values.image.tag }}";
  EXPECT_EQ(pinned_with(line, values), "image: {repository: a/b, tag: v1.2.3@@@}\n");
  const PinReport report = pinned("c/values.yaml", values, everything(), with_templates(compares));
  EXPECT_FALSE(report.changed());
  EXPECT_EQ(report.left_alone(), 1U);
  EXPECT_THAT(notes(report), testing::HasSubstr("has a tag that the chart's templates also use as a version"));
  EXPECT_EQ(pinned_with(compares + "@{{ .Values.image.digest }}", values),
            "image: {repository: a/b, tag: v1.2.3, digest: @@}\n")
      << "a digest under a key of its own leaves the tag as it is";
  const std::string there = "image: {repository: a/b, tag: \"v1@" + kDigest + "\"}\n";
  EXPECT_EQ(pinned("c/values.yaml", there, everything(), with_templates(compares)).pinned, 1U) << "pinned by hand";
}

/// Pins every reference, and returns what was asked for.
std::vector<std::string> asked(const std::string& templates, const std::string& values) {
  std::vector<std::string> out;
  const auto ask = [&](const oci::Location& at) {
    out.push_back(at.str());
    return Digest::parse(kDigest);
  };
  const PinOptions options = templates.empty() ? PinOptions() : with_templates(templates);
  EXPECT_TRUE(pinned("c/values.yaml", values, resolve_from(ask), options).errors.empty());
  return out;
}

// ingress-nginx names registry.k8s.io once, in global.image.registry.
TEST(HelmValues, ARegistryThatImagesShareIsTheirs) {
  using testing::ElementsAre;
  const std::string values = "global: {image: {registry: r.example.com}}\nweb: {image: {image: a/b, tag: '1'}}\n";
  const std::string reads =
      "{{ with (merge .Values.web.image .Values.global.image) }}{{ .registry }}/{{ .image }}:{{ .tag }}{{ end }}";
  const std::string plain = "{{ .Values.web.image.image }}:{{ .Values.web.image.tag }}";
  EXPECT_THAT(asked(reads, values), ElementsAre("r.example.com/a/b:1"));
  EXPECT_THAT(asked("", values), ElementsAre("r.example.com/a/b:1"));
  EXPECT_THAT(asked(plain, values), ElementsAre("docker.io/a/b:1")) << "no template reads it";
  EXPECT_THAT(asked("", "hub: docker.io/mesh\npilot: {image: {repository: pilot, tag: '1'}}\n"),
              ElementsAre("docker.io/mesh/pilot:1"));
  EXPECT_THAT(asked("", "global: {imageRegistry: r.example.com/}\nimage: {registry: '', repository: b, tag: '1'}\n"),
              ElementsAre("r.example.com/b:1"));
  EXPECT_THAT(asked("", "image: {registry: ~, defaultRegistry: r.example.com, repository: b, tag: '1'}\n"),
              ElementsAre("r.example.com/b:1"));
  EXPECT_THAT(asked("", "global: {imageRegistry: r.example.com}\nimage: {repository: ghcr.io/a/b, tag: '1'}\n"),
              ElementsAre("ghcr.io/a/b:1"));
  EXPECT_THAT(asked("", "global: {imageRegistry: ''}\nimage: {repository: b, tag: '1'}\n"),
              ElementsAre("docker.io/library/b:1"));
  EXPECT_THAT(asked("", "a: {registry: r.example.com}\nimage: {repository: b, tag: '1'}\n"),
              ElementsAre("docker.io/library/b:1"))
      << "another part's registry";
  EXPECT_THAT(asked("", "registry: https://npm.example.com\nimage: {repository: b, tag: '1'}\n"),
              ElementsAre("docker.io/library/b:1"));
}

TEST(HelmValues, AReleaseElsewhereNeverTakesASharedRegistry) {
  const std::string values = "hub: r.example.com\nimage: {repository: a/b, tag: '1'}\n";
  const auto release_in = [&](const std::string& repository) {
    PinnedReference pin{repository, "v2", Digest::parse(kDigest).value()};
    return pinned("values.yaml", values, resolve_name("r.example.com/a/b", pin).value());
  };
  EXPECT_EQ(release_in("r.example.com/prod/b").after,
            "hub: r.example.com\nimage: {repository: prod/b, tag: 'v2@" + kDigest + "'}\n");
  const PinReport other = release_in("s.example.com/prod/b");
  EXPECT_FALSE(other.changed());
  EXPECT_THAT(notes(other), testing::HasSubstr("has its repository in another place"));
}

TEST(HelmValues, KeysThatBeginWithImageAndPairsOfRepositoryAndTag) {
  EXPECT_EQ(pinned_with("", "global: {imageK8S: 'a/b:1', imagePullPolicy: 'a/b:1', imageDigest: 'r/b:1'}\n"),
            "global: {imageK8S: 'a/b:1@@@', imagePullPolicy: 'a/b:1', imageDigest: 'r/b:1'}\n");
  EXPECT_EQ(pinned_with("", "defaultAirflowRepository: a/b\ndefaultAirflowTag: \"3\"\n"),
            "defaultAirflowRepository: a/b\ndefaultAirflowTag: \"3@@@\"\n");
  const std::string defaults = "defaultImageRepository: team\ndefaultImageTag: '1'\n";
  EXPECT_EQ(pinned_with("", defaults), defaults) << "parts of other names";
  EXPECT_EQ(pinned("values.yaml", "selector: kubernetes.io/os:linux\n").left_alone(), 0U);
}

TEST(TemplatesBeside, BelongToTheChartOrItsDependency) {
  const test::TempDir dir;
  const auto put = [&](const std::string& name, const std::string& text) {
    ASSERT_TRUE(real_fs().make_directories((dir.path() / name).parent_path()));
    ASSERT_TRUE(write_file_atomically(real_fs(), dir.path() / name, text));
  };
  put("Chart.yaml", "name: a\n");
  put("templates/inner/a.yaml", "outer");
  put("charts/lib/templates/_helpers.tpl", "library");
  put("charts/redis/Chart.yaml", "name: redis\n");
  put("charts/redis/templates/b.yaml", "inner");
  put("plain/values.yaml", "");
  const auto templates = templates_beside(real_fs());
  const std::string values = (dir.path() / "values.yaml").native();
  EXPECT_THAT(templates(values, "").value(),
              testing::AllOf(testing::HasSubstr("outer"), testing::HasSubstr("library")));
  EXPECT_THAT(templates(values, "redis").value(), testing::HasSubstr("inner"));
  EXPECT_FALSE(templates(values, "nothing"));
  EXPECT_FALSE(templates((dir.path() / "plain/values.yaml").native(), ""));
}

}  // namespace
}  // namespace slipway::run
