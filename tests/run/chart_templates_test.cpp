#include "run/chart_templates.h"

#include <gmock/gmock.h>

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
