// References in a text inside a scalar, and in parameters that set values one by one.
#include <gmock/gmock.h>

#include "run/pinning.h"

namespace slipway::run {
namespace {

using testing::HasSubstr;

TEST(PinTexts, ADockerfileInATextIsPinnedInItsLines) {
  const PinReport block = pinned("compose.yaml",
                                 "services:\n  a:\n    build:\n      dockerfile_inline: |-\n        ARG V=1\n        "
                                 "FROM a:1\n        FROM b:$V\n");
  EXPECT_THAT(block.after, HasSubstr("        FROM a:1@" + kDigest + "\n        FROM b:$V\n"));
  ASSERT_EQ(block.changes.size(), 1u);
  EXPECT_EQ(block.changes[0].where.row, 6);
  EXPECT_EQ(block.changes[0].role, "services.a.build.dockerfile_inline: FROM of stage 0");
  EXPECT_EQ(block.unpinned(), 1u) << "the build argument";
}

TEST(PinTexts, ADockerfileInAnotherScalarIsPinnedWhereItsBytesAreItsText) {
  const auto compose = [](const std::string& scalar) {
    return fmt::format("services: \n  a:\n   build:\n    dockerfile_inline: {}\n    x: 1\n", scalar);
  };
  for (const char* scalar : {"\"FROM a:1@@\\nFROM b:1@@\\nRUN echo \\\"x\\\" \\\n       y\\n\"",
                             ">\n      FROM a:1@@\n      AS c\n\n      FROM b:1@@ # d",
                             "'FROM a:1@@\n\n      RUN echo ''b:1''\n\n      FROM b:1@@'"}) {
    const std::string after = compose(replace_all(scalar, "@@", "@" + kDigest));
    const PinReport report = pinned("compose.yaml", compose(replace_all(scalar, "@@", "")));
    EXPECT_EQ(report.after, after);
    EXPECT_EQ(pinned("compose.yaml", report.after).after, report.after) << scalar;
  }
  for (const char* scalar : {"\"FROM \\x61:1\\nFROM b:1\\n\"", "&text |\n      FROM a:1\n"}) {
    const PinReport other = pinned("compose.yaml", compose(scalar));
    EXPECT_THAT(notes(other), HasSubstr("a Dockerfile in a text, left alone")) << scalar;
    EXPECT_EQ(other.left_alone(), 1u) << notes(other);
  }
}

TEST(PinTexts, ValuesInATextThatCannotBeEditedAreNotedAndCounted) {
  const auto chart = [](const std::string& text) {
    return "apiVersion: helm.cattle.io/v1\nkind: HelmChart\nspec:\n  valuesContent: " + text + "\n";
  };
  for (const auto& [text, note] : {std::pair{"\"image: \\x61:1\\nb: c\\n\"", "Helm values in a text, left alone"},
                                   std::pair{"|\n    image: {{ .x }}:1", "Helm values in a text that cannot be read"},
                                   std::pair{"|\n    image:\n      tag: 1.2", "a tag whose repository is not here"}}) {
    const PinReport report = pinned("chart.yaml", chart(text));
    EXPECT_FALSE(report.changed()) << text;
    EXPECT_EQ(report.unpinned(), 1u) << text << notes(report);
    EXPECT_THAT(notes(report), HasSubstr(note)) << text;
  }
  EXPECT_EQ(pinned("chart.yaml", chart("|\n    a: b")).left_alone(), 0u);
}

// References in a text follow policies as all others do.
TEST(PinTexts, AValueInATextFollowsAPolicyInItsText) {
  const std::string text =
      "apiVersion: helm.cattle.io/v1\nkind: HelmChart\nspec:\n  valuesContent: |\n    image:\n      repository: a\n"
      "      tag: 1.2.0 # slipway: semver ~1.2\n";
  PinOptions options;
  options.choose_tag = [](const oci::Location&, const std::optional<UpdatePolicy>& beside) {
    EXPECT_TRUE(beside);
    return Result<std::optional<ChosenTag>>(ChosenTag{"1.2.9", beside ? beside->str() : ""});
  };
  const PinReport report = pin_text(text, "chart.yaml", everything(), options);
  EXPECT_THAT(report.after, HasSubstr("      tag: 1.2.9@" + kDigest + " # slipway: semver ~1.2\n"));
}

TEST(PinTexts, ATagInAHelmParameterIsNotedAndCounted) {
  const PinReport report =
      pinned("app.yaml",
             "apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec:\n  source:\n    helm:\n"
             "      parameters:\n      - {name: image.tag, value: v1}\n      - {name: image, value: a:1}\n"
             "      - {name: image.pullPolicy, value: Always}\n      - {name: b.tag, value: ''}\n");
  EXPECT_EQ(report.changes.size(), 1u);
  EXPECT_EQ(report.left_alone(), 1u) << notes(report);
  EXPECT_THAT(notes(report), HasSubstr("spec.source.helm.parameters.image.tag: a tag whose repository is not here"));
}

}  // namespace
}  // namespace slipway::run
