// Kinds of references that only another file, or another part of the file, explains: each is pinned rightly, or left
// alone and counted.
#include <gmock/gmock.h>

#include "run/build_contexts.h"
#include "run/pinning.h"
#include "run/utf16.h"
#include "support/temp_dir.h"

namespace slipway::run {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// Pins every reference of a text without a digest, and returns what was asked for.
std::vector<std::string> asked(const std::string& file, const std::string& text, const PinOptions& options = {}) {
  std::vector<std::string> out;
  (void)pinned(file, text, resolve_from([&](const oci::Location& at) {
                 out.push_back(at.str());
                 return Digest::parse(kDigest);
               }),
               options);
  return out;
}

PinOptions with_templates(const std::string& templates) {
  PinOptions options;
  options.templates = [=](const std::string&, const std::string& subchart) {
    return subchart.empty() ? std::optional(templates) : std::nullopt;
  };
  return options;
}

// traefik's oci_meta: the repository of all names stands beside them, and only the templates say so.
TEST(HelmNames, AreCompletedByWhatTheTemplatesPrintInFront) {
  const std::string values = "oci_meta: {repo: r.example.com/team, images: {proxy: {image: traefik, tag: v3}}}\n";
  const std::string prints =
      "{{ printf \"%s/%s:%s\" .Values.oci_meta.repo .Values.oci_meta.images.proxy.image "
      ".Values.oci_meta.images.proxy.tag }}";
  EXPECT_THAT(asked("values.yaml", values, with_templates(prints)), ElementsAre("r.example.com/team/traefik:v3"));
  EXPECT_THAT(asked("values.yaml", values, with_templates("{{ .Values.oci_meta.images.proxy.image }}")),
              ElementsAre("docker.io/library/traefik:v3"))
      << "nothing prints it";
  const PinReport alone = pinned("values.yaml", values);
  EXPECT_FALSE(alone.changed());
  EXPECT_EQ(alone.unpinned(), 1U);
  EXPECT_THAT(notes(alone), HasSubstr("has a registry that only the chart's templates know"));
}

const std::string kTwoDigests =
    "image: {image: ingress/controller, tag: v1, digest: '" + kDigest + "', digestChroot: '" + kDigest + "'}\n";

// ingress-nginx: another image with the same tag has a digest of its own.
TEST(HelmDigests, OfASecondImageAreItsOwn) {
  std::vector<std::string> names;
  const auto other = [&](const oci::Location& at) -> Result<std::optional<PinnedReference>> {
    names.push_back(at.str());
    const bool is_second = at.place().ends_with("-chroot");
    return PinnedReference{std::nullopt, std::nullopt,
                           Digest::parse("sha256:" + std::string(64, is_second ? 'd' : 'c')).value()};
  };
  const PinReport moved = pinned("values.yaml", kTwoDigests, other);
  EXPECT_THAT(names, ElementsAre("docker.io/ingress/controller:v1@" + kDigest,
                                 "docker.io/ingress/controller-chroot:v1@" + kDigest));
  EXPECT_EQ(moved.after, "image: {image: ingress/controller, tag: v1, digest: 'sha256:" + std::string(64, 'c') +
                             "', digestChroot: 'sha256:" + std::string(64, 'd') + "'}\n");
}

TEST(HelmDigests, OfASecondImageStopATagThatWouldLeaveThemBehind) {
  PinnedReference newer{std::nullopt, "v2", Digest::parse(kDigest).value()};
  const PinReport report = pinned("values.yaml", kTwoDigests, resolve_name("ingress/controller", newer).value());
  EXPECT_FALSE(report.changed());
  EXPECT_THAT(notes(report), HasSubstr("shares a value with another reference"));
  EXPECT_GT(report.unpinned(), 0U);
  const std::string unknown = replace_all(kTwoDigests, "digestChroot", "windowsDigest");
  const PinReport left = pinned("values.yaml", unknown, resolve_name("ingress/controller", newer).value());
  EXPECT_FALSE(left.changed());
  EXPECT_THAT(notes(left), HasSubstr("has another digest of its tag (windowsDigest)"));
}

// --image of one name never moves the tag of another one, which has it by an anchor.
TEST(PinParts, AnAnchorIsNotMovedUnderAReferenceThatStays) {
  const std::string text = "a: {repository: nginx, tag: &v '1'}\nb: {repository: redis, tag: *v}\n";
  PinnedReference newer{std::nullopt, "2", Digest::parse(kDigest).value()};
  const PinReport report = pinned("values.yaml", text, resolve_name("nginx", newer).value());
  EXPECT_FALSE(report.changed()) << report.after;
  EXPECT_EQ(report.unpinned(), 2U);
  EXPECT_THAT(notes(report), HasSubstr("shares a value with another reference"));
}

TEST(HelmTags, InMapsAreImagesOrNoted) {
  EXPECT_EQ(pinned("values.yaml", "images: {tags: {api: 'team/api:1', db: 'quay.io/team/db:2'}}\n").after,
            "images: {tags: {api: 'team/api:1@" + kDigest + "', db: 'quay.io/team/db:2@" + kDigest + "'}}\n");
  for (const char* values : {"images: {nginx: '1.27', pullPolicy: Always, retries: 3}\n", "imageTags: {nginx: 7}\n",
                             "imageVersions: {nginx: v2}\n", "images: {nginx: latest}\n"}) {
    const PinReport report = pinned("values.yaml", values);
    EXPECT_FALSE(report.changed()) << values;
    EXPECT_EQ(report.unpinned(), 1U) << values;
    EXPECT_THAT(notes(report), HasSubstr("a tag whose repository is not here")) << values;
  }
}

TEST(HelmTags, ThatAreEvaluatedTakeADigestAndTemplatesInThemAreNoted) {
  const std::string chart = "image: {{ tpl .Values.image.repository $ }}:{{ tpl .Values.image.tag $ }}\n";
  const std::string values = "image: {repository: a/b, tag: '1'}\n";
  EXPECT_EQ(pinned("values.yaml", values, everything(), with_templates(chart)).after,
            replace_all(values, "'1'", "'1@" + kDigest + "'"));
  const PinReport report = pinned("values.yaml", replace_all(values, "'1'", "'{{ .Chart.AppVersion }}'"), everything(),
                                  with_templates(chart));
  EXPECT_FALSE(report.changed());
  EXPECT_EQ(report.unpinned(), 1U);
  EXPECT_THAT(notes(report), HasSubstr("a template, left alone"));
}

// The chart of a kustomization's helmCharts says where its digest goes, and images of the list are pinned beside it.
TEST(Kustomize, AsksTheTemplatesOfTheChartBesideIt) {
  const std::string text =
      "helmCharts:\n- name: web\n  valuesInline: {image: {repository: a/b, tag: '1'}}\n"
      "images:\n- name: a/b\n  newTag: '2'\n";
  const auto pinned_by = [&](const std::string& templates) {
    PinOptions options;
    options.templates = [=](const std::string&, const std::string& chart) {
      return chart == "web" && !templates.empty() ? std::optional(templates) : std::nullopt;
    };
    return replace_all(pinned("kustomization.yaml", text, everything(), options).after, kDigest, "#");
  };
  EXPECT_THAT(pinned_by("{{ .Values.image.repository }}@{{ .Values.image.digest }}"),
              HasSubstr("tag: '1', digest: #}"));
  EXPECT_THAT(pinned_by(""), HasSubstr("tag: '1@#'}"));
  EXPECT_THAT(pinned_by(""), HasSubstr("newTag: '2'\n  digest: #\n"));
}

/// A text in UTF-16, little-endian with a byte order mark.
std::string utf16(const std::string& text) {
  std::string out = "\xff\xfe";
  for (const char c : text)
    out += std::string{c, '\0'};
  return out;
}

TEST(Utf16, WithImagesIsAnErrorThatSaysSo) {
  const std::string pod = "apiVersion: v1\nkind: Pod\nspec: {containers: [{image: 'a:1'}]}\n";
  for (const auto& [file, text] : {std::pair<std::string, std::string>{"pod.yaml", pod},
                                   {"pod.json", "{\"image\": \"a:1\"}"},
                                   {"Dockerfile", "FROM a:1\n"}}) {
    const PinReport report = pin_text(utf16(text), file, everything());
    ASSERT_EQ(report.errors.size(), 1U) << file;
    EXPECT_EQ(report.errors[0].code, Errc::invalid_argument);
    EXPECT_THAT(report.errors[0].describe(), HasSubstr(file + " is written in UTF-16"));
    EXPECT_FALSE(report.changed());
  }
  EXPECT_THAT(pin_text(utf16("{\"a\": 1}"), "settings.json", everything()).errors, IsEmpty()) << "no image";
}

TEST(Utf16, IsReadInBothOrders) {
  EXPECT_EQ(utf8_of_utf16(utf16("ab")), "ab");
  EXPECT_EQ(utf8_of_utf16(std::string("\xfe\xff\x00"
                                      "a\x20\xac\xd8\x3d\xde\x00\xd8\x00",
                                      12)),
            "a\u20ac\U0001F600\ufffd");
  EXPECT_EQ(utf8_of_utf16(std::string("a\0b\0", 4)), "ab") << "without a mark";
  for (const char* other : {"", "a", "ab", "\xff\xfe\x01",
                            "\x7f"
                            "ELF"})
    EXPECT_FALSE(utf8_of_utf16(other)) << other;
}

TEST(UnknownFormats, CountWhatLooksLikeAnImage) {
  for (const char* text : {"web: {image: 'nginx:1.27'}\n", "{\"jobs\": [{\"image\": \"nginx:1.27\"}]}",
                           "a: 1\n---\nb: [{baseImage: 'nginx:1.27'}]\n"}) {
    const PinReport report = pinned("settings.yaml", text);
    EXPECT_FALSE(report.understood()) << text;
    EXPECT_EQ(report.unpinned(), 1U) << text;
    EXPECT_THAT(notes(report), HasSubstr("1 image reference in a document of unknown format")) << text;
  }
  EXPECT_EQ(pinned("settings.yaml", "web: {image: logo.png}\n").unpinned(), 0U);
  EXPECT_EQ(pinned("settings.yaml", "web: {image: 'nginx:1.27@" + kDigest + "'}\n").unpinned(), 0U);
}

TEST(BuildArguments, ThatMayNameAnImageAreNoted) {
  const PinReport compose = pinned("compose.yaml",
                                   "services:\n  a: {build: {context: ., args: {BASE: 'nginx:1', PORT: 'a:1'}}}\n"
                                   "  b: {build: {context: ., args: ['BASE_IMAGE=nginx:1', 'X=nginx:1']}}\n");
  EXPECT_EQ(compose.unpinned(), 2U) << notes(compose);
  EXPECT_THAT(notes(compose), HasSubstr("services.a.build.args.BASE: an argument that may name an image"));
  const PinReport bake = pinned("docker-bake.hcl", "target \"a\" { args = { BASE = \"nginx:1\" } }\n");
  EXPECT_EQ(bake.unpinned(), 1U);
}

TEST(BakeContexts, AreTheKeysOfContexts) {
  EXPECT_THAT(bake_contexts("target \"a\" {\n  contexts = {\n    base = \"target:b\"\n    \"x:1\" = \"./src\"\n  }\n"
                            "  args = { no = \"x\" }\n}\n"),
              ElementsAre("base", "x:1"));
  EXPECT_THAT(bake_contexts(R"({"target": {"a": {"contexts": {"base": "target:b"}, "args": {"no": "x"}}}})"),
              ElementsAre("base"));
  EXPECT_THAT(bake_contexts(""), IsEmpty());
}

// A name that a bake or compose file gives to a stage of another target is not an image of that name.
TEST(BuildContexts, AreLeftAloneInDockerfilesBelow) {
  const test::TempDir dir;
  const auto put = [&](const std::string& name, const std::string& text) {
    EXPECT_TRUE(real_fs().make_directories((dir.path() / name).parent_path()));
    EXPECT_TRUE(write_file_atomically(real_fs(), dir.path() / name, text));
    return (dir.path() / name).native();
  };
  put("shop/docker-bake.hcl", "target \"web\" { contexts = { base = \"target:base\", \"node:22\" = \"./node\" } }\n");
  put("shop/compose.yaml", "services: {web: {build: {context: ., additional_contexts: ['tools=service:tools']}}}\n");
  put("shop/.git/HEAD", "");
  put("docker-bake.json", R"({"target": {"a": {"contexts": {"nginx": "target:n"}}}})");
  const std::string text = "FROM base\nFROM node:22\nCOPY --from=tools / /\nFROM nginx\nFROM node:20\n";
  const std::string file = put("shop/web/Dockerfile", text);
  const auto reports = plan_pins(real_fs(), {file}, everything());
  EXPECT_EQ(reports[0].after, "FROM base\nFROM node:22\nCOPY --from=tools / /\nFROM nginx:latest@" + kDigest +
                                  "\nFROM node:20@" + kDigest + "\n")
      << "the file above the repository is another project's";
  EXPECT_EQ(reports[0].unpinned(), 0U);
  EXPECT_THAT(notes(reports[0]), HasSubstr("1:6: FROM of stage 0: \"base\" a context of a bake or compose file"));
  const std::string outside = put("other/Dockerfile", "FROM nginx\n");
  EXPECT_FALSE(plan_pins(real_fs(), {outside}, everything())[0].changed());
}

}  // namespace
}  // namespace slipway::run
