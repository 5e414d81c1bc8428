#include "slipway/run/pin.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <random>

#include "config/event_reader.h"
#include "slipway/base/subprocess.h"
#include "support/temp_dir.h"

namespace slipway::run {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string kHex(64, 'a');
const std::string kPinned = "registry.example.com/prod/hello:hello.production-v1@sha256:" + kHex;

oci::Location location(std::string_view text) { return oci::Location::parse_for_reading(text).value(); }

Resolver production() {
  return resolve_release({"hello",
                          location("registry.example.com/prod/hello"),
                          {location("registry.example.com/team/hello")},
                          "hello.production-v1",
                          Digest::parse("sha256:" + kHex).value()});
}

/// Gives every reference without a digest the same one.
Resolver everything() {
  return resolve_from([](const oci::Location&) { return Digest::parse("sha256:" + kHex); });
}

PinReport pinned(std::string_view text, const Resolver& resolve) {
  PinReport report = pin_text(text, "k8s.yaml", resolve);
  EXPECT_TRUE(report.errors.empty()) << report.errors[0].describe() << "\n" << text;
  return report;
}

/// "col:row role: before -> after" is too long for a table; role and after suffice.
std::vector<std::string> roles(const PinReport& report) {
  std::vector<std::string> out;
  for (const PinChange& change : report.changes)
    out.push_back(change.role);
  return out;
}

std::string notes(const PinReport& report) {
  std::string out;
  for (const PinNote& note : report.notes)
    out += fmt::format("{}: {}\n", note.where.row, note.message());
  return out;
}

std::string shop() {
  const char* folder = std::getenv("SLIPWAY_TESTDATA");
  EXPECT_NE(folder, nullptr) << "run the tests with ctest, or set SLIPWAY_TESTDATA";
  std::ifstream file(std::string(folder == nullptr ? "." : folder) + "/kubernetes/shop.yaml", std::ios::binary);
  return std::string((std::istreambuf_iterator<char>(file)), {});
}

std::string replace_all(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

std::string pod(std::string_view image) {
  return fmt::format(
      "apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec:\n  containers:\n  - name: c\n    image: {}\n", image);
}

TEST(PinText, FindsEveryWorkloadAndNothingElse) {
  const PinReport report = pinned(shop(), everything());
  EXPECT_EQ(report.format, "kubernetes");
  EXPECT_EQ(report.references, 9u);
  EXPECT_EQ(report.pinned, 9u);
  EXPECT_THAT(roles(report),
              ElementsAre("Deployment web: initContainers[0].image", "Deployment web: containers[0].image",
                          "Deployment web: containers[1].image", "Deployment web: volumes[0].image.reference",
                          "CronJob nightly: containers[0].image", "Pod debug: containers[0].image",
                          "Pod debug: ephemeralContainers[0].image", "StatefulSet db: containers[0].image",
                          "Rollout canary: containers[0].image"));
  EXPECT_EQ(report.changes[0].before, "busybox:1.36");
  EXPECT_EQ(report.changes[0].after, "busybox:1.36@sha256:" + kHex);
  EXPECT_EQ(report.changes[0].where.row, 19);
  EXPECT_EQ(report.changes[0].where.col, 24);
  EXPECT_EQ(report.changes[6].after, "registry.example.com/team/hello:latest@sha256:" + kHex);
}

TEST(PinText, ReplacesTheAppsReferencesOnlyAndKeepsEveryOtherByte) {
  const std::string text = shop();
  const PinReport report = pinned(text, production());
  EXPECT_EQ(report.changes.size(), 5u);
  // The same done by hand: of the file's lines only those that hold a workload's image change.
  std::string expected =
      replace_all(text, "image: registry.example.com/team/hello:latest # the app", "image: " + kPinned + " # the app");
  expected =
      replace_all(expected, "image: registry.example.com/team/hello:latest, args", "image: " + kPinned + ", args");
  expected = replace_all(expected, "\"registry.example.com/prod/hello:hello.production-v1\"", "\"" + kPinned + "\"");
  expected = replace_all(expected, "      image: registry.example.com/team/hello\n", "      image: " + kPinned + "\n");
  const std::string last = "image: registry.example.com/team/hello:latest";
  ASSERT_TRUE(expected.ends_with(last) || expected.ends_with(last + "\n"));
  expected.replace(expected.rfind(last), last.size(), "image: " + kPinned);
  EXPECT_EQ(report.after, expected);
  EXPECT_EQ(report.before, text);
}

TEST(PinText, PinningTwiceChangesNothing) {
  for (const Resolver& resolve : {production(), everything()}) {
    const PinReport first = pinned(shop(), resolve);
    EXPECT_TRUE(first.changed());
    const PinReport second = pinned(first.after, resolve);
    EXPECT_FALSE(second.changed());
    EXPECT_EQ(second.after, first.after);
    EXPECT_THAT(second.changes, IsEmpty());
    EXPECT_EQ(second.references, first.references);
  }
}

TEST(PinText, CrlfAndMissingFinalNewlineSurvive) {
  std::string text = replace_all(shop(), "\n", "\r\n");
  text.resize(text.size() - 2);
  const PinReport report = pinned(text, production());
  EXPECT_EQ(report.changes.size(), 5u);
  EXPECT_EQ(report.after, replace_all(pinned(shop(), production()).after, "\n", "\r\n").substr(0, report.after.size()));
  EXPECT_FALSE(report.after.ends_with("\n"));
}

struct KindCase {
  const char* kind;
  const char* api;
  const char* text;
};

class Kinds : public testing::TestWithParam<KindCase> {};

TEST_P(Kinds, HoldTheirImagesWhereKubernetesSays) {
  const std::string text =
      fmt::format("apiVersion: {}\nkind: {}\n{}\n", GetParam().api, GetParam().kind, GetParam().text);
  const PinReport report = pinned(text, everything());
  EXPECT_EQ(report.after, replace_all(text, "i:1", "i:1@sha256:" + kHex));
  EXPECT_EQ(report.changes.size(), 1u);
  EXPECT_THAT(report.notes, IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    Table, Kinds,
    testing::Values(
        KindCase{"Pod", "v1", "spec: {containers: [{image: i:1}]}"},
        KindCase{"PodTemplate", "v1", "template: {spec: {containers: [{image: i:1}]}}"},
        KindCase{"ReplicationController", "v1", "spec: {template: {spec: {containers: [{image: i:1}]}}}"},
        KindCase{"Deployment", "apps/v1", "spec: {template: {spec: {initContainers: [{image: i:1}]}}}"},
        KindCase{"ReplicaSet", "apps/v1", "spec: {template: {spec: {containers: [{image: i:1}]}}}"},
        KindCase{"StatefulSet", "apps/v1", "spec: {template: {spec: {containers: [{image: i:1}]}}}"},
        KindCase{"DaemonSet", "apps/v1", "spec: {template: {spec: {containers: [{image: i:1}]}}}"},
        KindCase{"Job", "batch/v1", "spec: {template: {spec: {containers: [{image: i:1}]}}}"},
        KindCase{"CronJob", "batch/v1",
                 "spec: {jobTemplate: {spec: {template: {spec: {containers: [{image: i:1}]}}}}}"},
        KindCase{"Deployment", "extensions/v1beta1", "spec: {template: {spec: {containers: [{image: i:1}]}}}"},
        KindCase{"PodList", "v1", "items: [{apiVersion: v1, kind: Pod, spec: {containers: [{image: i:1}]}}]"},
        KindCase{"List", "v1",
                 "items: [{apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: Pod, spec: {containers: [{image: "
                 "'i:1'}]}}]}]"}));

TEST(PinText, LeavesForeignKindsOfTheSameNameAlone) {
  const std::string text =
      "apiVersion: batch.example.com/v1\nkind: Job\nspec: {template: {spec: {containers: [{image: i:1}, {image: "
      "j:1}]}}}\n";
  const PinReport report = pinned(text, everything());
  EXPECT_FALSE(report.changed());
  EXPECT_THAT(notes(report), HasSubstr("1: Job (batch.example.com/v1): 2 image references left alone"));
}

TEST(PinText, OddObjectsAreNoTrouble) {
  for (const char* rest :
       {"", "spec:\n", "spec: text\n", "spec: []\n", "spec: {containers: }\n", "spec: {containers: text}\n",
        "spec: {containers: {image: x}}\n", "spec: {containers: [text, null, [], {}]}\n",
        "spec: {volumes: [{name: v, emptyDir: {}}, {image: text}, text]}\n"}) {
    const PinReport report = pinned(std::string("apiVersion: v1\nkind: Pod\n") + rest, everything());
    EXPECT_TRUE(report.understood()) << rest;
    EXPECT_FALSE(report.changed()) << rest;
  }
}

TEST(PinText, LeavesTemplatesAloneWithANote) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {pod("\"{{ .Values.image }}\""), "7: Pod p: containers[0].image: a template"},
      {pod("hello:{{ .Values.tag }}"), "7: Pod p: containers[0].image: a template"},
      {pod("{{ .Values.image }}"), "7: holds {{ }} templates"},
      {"{{- if .Values.on }}\n" + pod("a") + "{{- end }}\n", "1: holds {{ }} templates"}};
  for (const auto& [text, note] : cases) {
    const PinReport report = pinned(text, everything());
    EXPECT_EQ(report.after, text);
    EXPECT_THAT(notes(report), HasSubstr(note));
  }
  EXPECT_FALSE(pinned(cases[2].first, everything()).understood());
  EXPECT_EQ(pinned(cases[2].first, everything()).unpinned(), 0u) << "the values have the image";
  EXPECT_EQ(pinned(cases[3].first, everything()).unpinned(), 1u) << "the template has it";
}

TEST(PinText, LeavesWhatIsNoReferenceAloneWithANote) {
  for (const char* image :
       {"$(IMAGE)", "${IMAGE}", "UPPER/Case", "a b", "oci:folder", "''", "|\n      nginx", "[a]", "~"}) {
    const PinReport report = pinned(pod(image), everything());
    EXPECT_FALSE(report.changed()) << image;
    EXPECT_THAT(notes(report), HasSubstr("left alone")) << image;
    EXPECT_THAT(notes(report), HasSubstr("Pod p: containers[0].image")) << image;
  }
}

TEST(PinText, FilesOfOtherFormatsAreNamedAndNeverTouched) {
  for (const char* text :
       {"", "# nothing\n", "FROM scratch\nCOPY . /\n", "a: 1\n", "- a\n", "services: {web: {}}\n", "{\"a\": 1}"}) {
    const PinReport report = pinned(text, everything());
    EXPECT_FALSE(report.understood()) << text;
    EXPECT_EQ(report.after, text);
    EXPECT_THAT(notes(report), HasSubstr("format not recognized, left alone"));
  }
}

TEST(PinText, WhatIsNoYamlIsLeftAloneUnlessItsNameSaysThatItIs) {
  for (const char* text : {"\x7f"
                           "ELF\x01",
                           "\xff\xfe", "spec: [1\n"}) {
    const PinReport report = pin_text(text, "program", everything());
    EXPECT_THAT(report.errors, IsEmpty()) << text;
    EXPECT_FALSE(report.understood());
    for (const char* file : {"a.yaml", "a.yml"}) {
      const PinReport broken = pin_text(text, file, everything());
      ASSERT_EQ(broken.errors.size(), 1u) << file;
      EXPECT_EQ(broken.errors[0].code, Errc::invalid_argument);
      EXPECT_THAT(broken.errors[0].describe(), HasSubstr(std::string(file) + ":"));
    }
  }
}

TEST(PinText, OtherDocumentsBesideObjectsAreNoted) {
  const PinReport report = pinned("a: 1\n---\n" + pod("nginx") + "---\n", everything());
  EXPECT_EQ(report.changes.size(), 1u);
  EXPECT_EQ(notes(report), "1: not a Kubernetes object (apiVersion and kind), left alone\n");
}

TEST(PinText, JsonIsYamlToo) {
  const std::string text = R"({"apiVersion":"v1","kind":"Pod","spec":{"containers":[{"image":"nginx:1"}]}})";
  EXPECT_EQ(pinned(text, everything()).after, replace_all(text, "nginx:1", "nginx:1@sha256:" + kHex));
}

TEST(PinText, BrokenObjectsAreErrorsWithTheirPlace) {
  const PinReport report = pin_text("apiVersion: v1\nkind: Pod\nspec: [\n", "k8s.yaml", everything());
  ASSERT_EQ(report.errors.size(), 1u);
  EXPECT_EQ(report.errors[0].code, Errc::invalid_argument);
  EXPECT_THAT(report.errors[0].describe(), HasSubstr("k8s.yaml:4:1"));
  EXPECT_EQ(pin_text(pod("a") + "kind: Pod\n", "k8s.yaml", everything()).errors.size(), 1u) << "a key given twice";
}

TEST(PinText, AnAnchoredImageIsPinnedWhereAllItsAliasesAreImages) {
  const std::string text =
      "apiVersion: v1\nkind: Pod\nspec:\n  initContainers: [{image: &i nginx:1}]\n  containers: [{image: *i}, {image: "
      "*i}]\n";
  const PinReport report = pinned(text, everything());
  EXPECT_EQ(report.after, replace_all(text, "nginx:1", "nginx:1@sha256:" + kHex));
  EXPECT_THAT(report.notes, IsEmpty());
}

TEST(PinText, AnAnchoredImageThatIsUsedElsewhereIsLeftAlone) {
  const std::string head = "apiVersion: v1\nkind: Pod\nmetadata: {annotations: {was: ";
  const std::string used_elsewhere =
      "apiVersion: v1\nkind: Pod\nspec:\n  containers: [{image: &i nginx:1, args: [*i]}]\n";
  EXPECT_FALSE(pinned(used_elsewhere, everything()).changed());
  EXPECT_THAT(notes(pinned(used_elsewhere, everything())), HasSubstr("left alone, &i is used elsewhere too"));

  const std::string defined_elsewhere = head + "&i nginx:1}}\nspec: {containers: [{image: *i}]}\n";
  EXPECT_FALSE(pinned(defined_elsewhere, everything()).changed());
  EXPECT_THAT(notes(pinned(defined_elsewhere, everything())), HasSubstr("&i is used elsewhere too"));

  const std::string defined_twice =
      "apiVersion: v1\nkind: Pod\nspec:\n  containers: [{image: &i a:1}, {image: *i}, {image: &i b:1}, {image: *i}]\n";
  EXPECT_FALSE(pinned(defined_twice, everything()).changed());
}

TEST(PinText, AliasedAndMergedContainersFollowTheirAnchor) {
  const std::string known =
      "apiVersion: v1\nkind: Pod\nspec:\n  initContainers: [&c {image: a:1}]\n  containers: [*c, {<<: *c, name: x}]\n";
  const PinReport report = pinned(known, everything());
  EXPECT_EQ(report.after, replace_all(known, "a:1", "a:1@sha256:" + kHex));
  EXPECT_THAT(report.notes, IsEmpty());

  const std::string elsewhere =
      "apiVersion: v1\nkind: Pod\nx-base: &c {image: a:1}\nspec:\n  containers: [*c, {<<: *c}]\n";
  EXPECT_FALSE(pinned(elsewhere, everything()).changed());
  EXPECT_THAT(notes(pinned(elsewhere, everything())), HasSubstr("containers[1]: its image comes from elsewhere"));
}

TEST(PinText, AReferenceThatIsNotResolvedDoesNotStopTheOthers) {
  const Resolver some = [](const oci::Location& written) -> Result<std::optional<PinnedReference>> {
    if (written.place().ends_with("postgres")) return fail(Errc::not_found, "{} is not there", written.str());
    return everything()(written);
  };
  const PinReport report = pin_text(shop(), "k8s.yaml", some);
  ASSERT_EQ(report.errors.size(), 1u);
  EXPECT_EQ(report.errors[0].code, Errc::not_found);
  EXPECT_THAT(report.errors[0].describe(), HasSubstr("docker.io/library/postgres:16 is not there"));
  EXPECT_THAT(report.errors[0].describe(), HasSubstr("k8s.yaml:"));
  EXPECT_EQ(report.references, 9u);
  EXPECT_EQ(report.pinned, 8u);
  const PinReport whole = pinned(shop(), everything());
  EXPECT_EQ(report.unpinned(), whole.unpinned() + 1);
  EXPECT_EQ(report.changes.size() + 1, whole.changes.size());
}

// Random files out of known pieces: where each image stands is known by construction.
TEST(PinText, RandomFilesChangeExactlyWhereImagesStand) {
  const std::vector<std::string> quotes{"", "'", "\""};
  const std::vector<std::string> noise{"# image: nginx:1\n", "metadata: {name: x, labels: {image: 'nginx:1'}}\n",
                                       "status:\n    image: nginx:1 # no\n"};
  for (unsigned seed = 0; seed < 300; ++seed) {
    std::mt19937 random(seed);
    const auto pick = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
    std::string text;
    std::string expected;
    const auto both = [&](std::string_view part) {
      text += part;
      expected += part;
    };
    std::size_t images = 0;
    for (std::size_t document = pick(3) + 1; document > 0; --document) {
      both("---\napiVersion: apps/v1\nkind: Deployment\n");
      both(noise[pick(noise.size())]);
      both("spec:\n  template:\n    spec:\n      containers:\n");
      for (std::size_t container = pick(4) + 1; container > 0; --container, ++images) {
        const std::string& quote = quotes[pick(quotes.size())];
        both(pick(2) == 0 ? "      - image: " : "      -   name: \xc3\xa4\n          image:   ");
        both(quote);
        text += "nginx:1";
        expected += "nginx:1@sha256:" + kHex;
        both(quote + (pick(2) == 0 ? "  # keep \xe2\x82\xac\n" : "\n"));
      }
    }
    if (pick(2) == 0) {
      text = replace_all(text, "\n", "\r\n");
      expected = replace_all(expected, "\n", "\r\n");
    }
    const PinReport report = pinned(text, everything());
    EXPECT_EQ(report.after, expected) << "seed " << seed;
    EXPECT_EQ(report.changes.size(), images);
    EXPECT_EQ(pinned(report.after, everything()).after, expected);
  }
}

/// Files in a folder of their own.
class PinFiles : public testing::Test {
 protected:
  std::string put(const std::string& name, std::string_view text) {
    const stdfs::path path = folder_ / name;
    std::ofstream(path, std::ios::binary) << text;
    return path.string();
  }
  static std::string get(const stdfs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return std::string((std::istreambuf_iterator<char>(file)), {});
  }

  FileSystem& fs_ = real_fs();
  test::TempDir temporary_;
  stdfs::path folder_ = temporary_.path();
};

TEST_F(PinFiles, ArePlannedWithoutWritingAndWrittenAsPlanned) {
  const std::string a = put("a.yaml", pod("nginx:1"));
  const std::string b = put("b.yaml", pod("nginx:1"));
  const std::string other = put("README.md", "FROM nginx:1\n");
  stdfs::permissions(a, stdfs::perms::owner_all);
  int asked = 0;
  const auto plan = plan_pins(fs_, {a, other, b, a}, resolve_from([&](const oci::Location&) {
                                ++asked;
                                return Digest::parse("sha256:" + kHex);
                              }));
  ASSERT_EQ(plan.size(), 3u) << "a file named twice is one file";
  EXPECT_EQ(asked, 1) << "one reference is resolved once for all files";
  EXPECT_EQ(get(a), pod("nginx:1"));
  ASSERT_TRUE(write_pins(fs_, plan).has_value());
  EXPECT_EQ(get(a), pod("nginx:1@sha256:" + kHex));
  EXPECT_EQ(get(b), pod("nginx:1@sha256:" + kHex));
  EXPECT_EQ(get(other), "FROM nginx:1\n");
  EXPECT_EQ(stdfs::status(a).permissions(), stdfs::perms::owner_all);
}

TEST_F(PinFiles, SymlinksStayAndTheirTargetsChange) {
  stdfs::create_directory(folder_ / "real");
  const std::string target = put("real/a.yaml", pod("nginx:1"));
  stdfs::create_symlink("real/a.yaml", folder_ / "link.yaml");
  const auto plan = plan_pins(fs_, {(folder_ / "link.yaml").string()}, everything());
  ASSERT_TRUE(write_pins(fs_, plan).has_value());
  EXPECT_TRUE(stdfs::is_symlink(folder_ / "link.yaml"));
  EXPECT_EQ(get(target), pod("nginx:1@sha256:" + kHex));
}

TEST_F(PinFiles, AFileThatCannotBeReadDoesNotStopTheOthers) {
  const std::string broken = put("broken.yaml", "apiVersion: v1\nkind: Pod\nspec: [\n");
  const auto plan =
      plan_pins(fs_, {broken, (folder_ / "missing.yaml").string(), put("fine.yaml", pod("a"))}, everything());
  ASSERT_EQ(plan.size(), 3u);
  ASSERT_EQ(plan[0].errors.size(), 1u);
  EXPECT_THAT(plan[0].errors[0].describe(), HasSubstr("broken.yaml:4:1"));
  ASSERT_EQ(plan[1].errors.size(), 1u);
  EXPECT_EQ(plan[1].errors[0].code, Errc::not_found);
  EXPECT_THAT(plan[2].errors, IsEmpty());
  ASSERT_TRUE(write_pins(fs_, plan));
  EXPECT_EQ(get((folder_ / "fine.yaml").string()), pod("a:latest@sha256:" + kHex));
}

TEST_F(PinFiles, AFileThatChangedInBetweenStopsEverything) {
  const std::string a = put("a.yaml", pod("nginx:1"));
  const std::string b = put("b.yaml", pod("nginx:1"));
  const auto plan = plan_pins(fs_, {a, b}, everything());
  put("b.yaml", pod("nginx:2"));
  const Status written = write_pins(fs_, plan);
  ASSERT_FALSE(written.has_value());
  EXPECT_EQ(written.error().code, Errc::conflict);
  EXPECT_EQ(get(a), pod("nginx:1")) << "nothing is half-written";
}

// The work of pinning grows with the text: it is read once, and the result once more to prove it.
TEST(PinText, ATextIsReadOnceAndItsResultOnce) {
  std::string text;
  for (int i = 0; i < 300; ++i)
    text += (i == 0 ? "" : "---\n") + pod(fmt::format("nginx:{}", i));
  const std::uint64_t start = config::events_read();
  ASSERT_TRUE(config::parse_yaml(text, "k8s.yaml", {.allow_aliases = true}));
  const std::uint64_t before = config::events_read();
  const std::uint64_t one_reading = before - start;
  const PinReport report = pinned(text, everything());
  EXPECT_EQ(report.changes.size(), 300u);
  EXPECT_EQ(config::events_read() - before, 2 * one_reading);
  EXPECT_FALSE(pinned(report.after, everything()).changed());
  EXPECT_EQ(config::events_read() - before, 3 * one_reading) << "a pinned text has nothing to prove";
}

TEST(DiffOf, ShowsChangesWithContextLikeDiff) {
  const PinReport report = pinned(pod("nginx:1"), everything());
  EXPECT_EQ(diff_of(report),
            "--- k8s.yaml\n+++ k8s.yaml\n@@ -4,4 +4,4 @@\n spec:\n   containers:\n   - name: c\n"
            "-    image: nginx:1\n+    image: nginx:1@sha256:" +
                kHex + "\n");
  EXPECT_EQ(diff_of(pinned(report.after, everything())), "");
}

TEST(DiffOf, NamesAMissingFinalNewline) {
  std::string text = pod("nginx:1");
  text.pop_back();
  EXPECT_THAT(diff_of(pinned(text, everything())),
              HasSubstr("-    image: nginx:1\n\\ No newline at end of file\n+    image: nginx:1@sha256:" + kHex +
                        "\n\\ No newline"));
}

TEST_F(PinFiles, TheDiffIsOneThatPatchTakes) {
  std::vector<std::string> texts{shop(), replace_all(shop(), "\n", "\r\n"), pod("nginx:1"), pod("nginx:1\n      "),
                                 pod("\"nginx\\\n      :1\"") + "  # end\n"};
  texts.push_back(texts[2].substr(0, texts[2].size() - 1));
  for (const std::string& text : texts) {
    const PinReport report = pinned(text, everything());
    ASSERT_TRUE(report.changed());
    const std::string path = put("file.yaml", text);
    const auto result = run_command({.argv = {"patch", "--binary", "--quiet", path}, .input = diff_of(report)});
    ASSERT_TRUE(result.has_value()) << result.error().describe();
    EXPECT_EQ(result->status, 0) << result->out << result->err << diff_of(report);
    EXPECT_EQ(get(path), report.after);
  }
}

}  // namespace
}  // namespace slipway::run
