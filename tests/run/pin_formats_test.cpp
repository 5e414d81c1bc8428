#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "run/pinning.h"
#include "support/temp_dir.h"

namespace slipway::run {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// The app registry.example.com/team/hello, released to production.
Resolver production() {
  return resolve_release({"hello",
                          location("registry.example.com/prod/hello"),
                          {location("registry.example.com/team/hello")},
                          "hello.production-v3",
                          Digest::parse(kDigest).value()});
}

/// In `text` "@@" stands behind everything that is to be pinned.
struct FormatCase {
  const char* name;
  const char* file;
  const char* format;
  const char* text;
};

class PinFormats : public testing::TestWithParam<FormatCase> {};

TEST_P(PinFormats, ChangeExactlyWhereImagesStand) {
  for (const char* line_end : {"\n", "\r\n"}) {
    const std::string marked = replace_all(GetParam().text, "\n", line_end);
    const std::string text = replace_all(marked, "@@", "");
    const PinReport report = pinned(GetParam().file, text);
    EXPECT_EQ(report.format, GetParam().format);
    EXPECT_EQ(report.after, replace_all(marked, "@@", "@" + kDigest)) << notes(report);
    const PinReport second = pinned(GetParam().file, report.after);
    EXPECT_FALSE(second.changed());
    EXPECT_EQ(second.references, report.references);
    std::string cut = text;
    while (cut.ends_with('\n') || cut.ends_with('\r'))
      cut.pop_back();
    EXPECT_EQ(pinned(GetParam().file, cut).changes.size(), report.changes.size()) << "without a final newline";
  }
}

INSTANTIATE_TEST_SUITE_P(
    Table, PinFormats,
    testing::Values(
        FormatCase{"compose", "deploy/compose.yaml", "compose",
                   "# stack\nname: shop\nx-base: &base {restart: always}\nservices:\n  web:\n    <<: *base\n"
                   "    image: \"nginx:1.27@@\"   # front\n  db: {image: postgres:16@@, volumes: [image:/x]}\n"
                   "  own:\n    build: .\n    image: registry.example.com/own:1\n  var:\n    image: ${REGISTRY}/a:1\n"},
        FormatCase{"compose_by_content", "stack.yml", "compose", "services:\n  a:\n    image: 'a:1@@'\n"},
        FormatCase{
            "actions", ".github/workflows/ci.yml", "github-actions",
            "on: push\njobs:\n  a:\n    container: node:20@@\n    services:\n      db:\n        image: redis:7@@\n"
            "    steps:\n    - uses: actions/checkout@v4\n    - uses: docker://alpine:3@@ # keep\n"
            "    - run: echo image\n  b:\n    container:\n      image: node:20@@\n    steps: []\n"},
        FormatCase{"action", "action.yml", "github-actions",
                   "name: x\nruns:\n  using: docker\n  image: 'docker://alpine:3@@'\n"},
        FormatCase{
            "gitlab", ".gitlab-ci.yml", "gitlab-ci",
            "image: ruby:3.3@@\nservices: [postgres:16@@, {name: redis:7@@, alias: r}]\ndefault:\n  image:\n"
            "    name: alpine:3@@\n    entrypoint: ['']\nvariables: {image: nginx:1}\ntest:\n  image: \"node:20@@\"\n"
            "  script: [!reference [.a, script], 'echo image: x']\nown:\n  image: $CI_REGISTRY_IMAGE/x\n"},
        FormatCase{"values_string", "chart/values.yaml", "helm-values",
                   "image: nginx:1@@\nsidecars:\n- image: busybox:1.36@@\nreplicas: 2\n"},
        FormatCase{"dockerfile", "Dockerfile", "dockerfile",
                   "# syntax=docker/dockerfile:1@@\nARG V=1\nFROM --platform=$BUILDPLATFORM golang:1.22@@ AS build\n"
                   "RUN --mount=type=bind,from=busybox:1@@,target=/b <<EOF\nFROM nothing:1\nEOF\n"
                   "FROM build as tested\nfrom   \\\n  # why\n  alpine:3@@\n"
                   "COPY --from=build /a /a\nCOPY --link --from=nginx:1@@ /etc /etc\nCOPY --from=0 /a /b\n"
                   "FROM scratch\nFROM alpine:$V\nONBUILD COPY --from=php:8@@ / /\n"},
        FormatCase{"containerfile", "app/web.Containerfile", "dockerfile",
                   "# escape=`\nFROM `\n  alpine:3@@ `\n  AS a\nFROM a\n"},
        FormatCase{"dockerfile_quotes", "Dockerfile", "dockerfile",
                   "#!/usr/bin/env docker\n# syntax=docker/dockerfile:1.9@@\n\nFROM \"a:1@@\" AS q\n"
                   "COPY --from='b:1@@' / /\nCOPY --from=q / /\n"},
        FormatCase{"dockerfile_frontend", "Dockerfile", "dockerfile", "//syntax=a/frontend:1@@\nFROM b:1@@\n"},
        FormatCase{
            "gitlab_matrix", ".gitlab-ci.yml", "gitlab-ci",
            "a:\n  image: $IMAGE\n  parallel:\n    matrix:\n    - IMAGE: [a:1@@, b:1@@]\n    - IMAGE: c:1@@\n"
            "      X: y\ninclude:\n- component: gitlab.com/a/b@1.0\n  inputs: {job-image: 'd:1@@', stage: e:1}\n"},
        FormatCase{
            "gitlab_component", "templates/x.gitlab-ci.yml", "gitlab-ci",
            "spec:\n  inputs:\n    image: {default: a:1@@}\n    stage: {default: b:1}\n---\na: {image: b:2@@}\n"},
        FormatCase{
            "circleci_parameters", ".circleci/config.yml", "circleci",
            "parameters: {img: {type: string, default: a:1@@}, x: {default: b:1}}\nexecutors:\n  e:\n"
            "    parameters: {i: {default: 'c:1@@'}}\n    docker: [{image: << parameters.i >>}]\njobs:\n  j:\n"
            "    docker: [{image: <<pipeline.parameters.img>>}]\nworkflows: {w: {jobs: [{j: {image: d:1@@}}]}}\n"},
        FormatCase{"woodpecker_matrix", ".woodpecker/a.yaml", "woodpecker",
                   "matrix: {IMG: [a:1@@, b:1@@], V: [c:1]}\nsteps:\n- {name: x, image: '${IMG}'}\n- {name: y, image: "
                   "$IMG}\n"},
        FormatCase{"azure_parameters", "azure-pipelines.yml", "azure-pipelines",
                   "parameters:\n- {name: img, type: string, default: a:1@@}\n- {name: x, default: b:1}\njobs:\n"
                   "- {job: a, container: '${{ parameters.img }}'}\n- {job: b, container: '${{ parameters.img }}'}\n"},
        FormatCase{"cloudbuild_substitutions", "cloudbuild.yaml", "cloudbuild",
                   "steps: [{name: $_IMG}, {name: '${_IMG}'}, {name: b:1@@}]\nsubstitutions: {_IMG: a:1@@, _V: c:1}\n"},
        FormatCase{
            "skaffold_builders", "skaffold.yaml", "skaffold",
            "apiVersion: skaffold/v4beta11\nkind: Config\nbuild:\n  artifacts:\n  - {image: x:1, jib: {fromImage: "
            "a:1@@}}\n"
            "  - {image: y, ko: {fromImage: b:1@@}}\n  - {image: z, kaniko: {image: c:1@@, initImage: d:1@@}}\n"},
        FormatCase{"values_of_many_charts", "x/values.yaml", "helm-values",
                   "a: {webImage: nginx, webImageTag: 1.27@@}\nb: {apiImage: team/api, apiTag: v1@@}\n"
                   "c: {imageRepository: nginx, imageTag: 1@@}\nd: {imageName: nginx, tag: '1@@'}\n"
                   "e: {hub: docker.io/istio, tag: 1.23.2@@, image: proxyv2}\nf: {image: {repo: nginx, tag: 1@@}}\n"
                   "g: {images: {a: 'x/y:1@@', b: {repository: z, tag: 2@@}}, list: {images: ['c:1@@']}}\n"
                   "h: {initImage: busybox:1@@, logoImage: a/b.png, page: http://a/b:1}\n"},
        FormatCase{
            "compose_scalars", "compose.yaml", "compose",
            "services:\n  a:\n    image: ${A-redis:7@@}\n  b:\n    image: >-\n      caddy:2@@\n  c:\n    image: sha256:"
            "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n"},
        FormatCase{"quadlet", "web.container", "quadlet",
                   "[Unit]\nDescription=Image=no\n; Image=no\n[Container]\nImage=docker.io/library/nginx:1@@\n"
                   "Environment=Image=x\n[Service]\nRestart=always\n"},
        FormatCase{"quadlet_spaces", "web.image", "quadlet", "[Image]\nImage = quay.io/a/b:1@@\n"},
        FormatCase{"quadlet_other_file", "web.container", "quadlet", "[Container]\nImage=web.image\n"},
        FormatCase{
            "systemd", "web.service", "systemd",
            "[Service]\nExecStartPre=-/usr/bin/podman rm -f web\nExecStartPre=/usr/bin/podman pull -q nginx:1@@\n"
            "ExecStart=/usr/bin/podman --log-level info run --rm -dit --name web -p 80:80 -eA=b --env C=d \\\n"
            "  -v /a:/b \"--label=x y\" \\\n  # why\n  docker.io/library/nginx:1@@ nginx:2 --flag\n"
            "ExecStop=/usr/bin/docker stop web\nExecReload=/bin/echo run nginx:1\n"}),
    [](const testing::TestParamInfo<FormatCase>& tested) { return std::string(tested.param.name); });

TEST(PinFormats, WhatIsLeftAloneIsSaid) {
  struct Case {
    const char *file, *text, *note;
  };
  for (const Case& c :
       {Case{"compose.yaml", "services: {a: {build: ., image: x:1}}\n", "names what is built here"},
        Case{"compose.yaml", "services: {a: {image: '${X}:1'}}\n", "is not an image reference"},
        Case{"Dockerfile", "FROM $BASE\n", "1:6: FROM of stage 0: a build argument, left alone"},
        Case{"Dockerfile", "FROM ngi\\\nnx:1\n", "written over several lines"},
        Case{"Dockerfile.tmpl", "FROM {{.Base}}\n", "a template"},
        Case{"a.container", "[Container]\nImage=nginx:%i\n", "2:7: Container.Image: a variable"},
        Case{"a.container", "[Container]\nImage=\"nginx\":1\n", "quoted in part"},
        Case{"a.service", "[Service]\nExecStart=podman run $IMAGE\n", "ExecStart: podman run: a variable"},
        Case{"a.service", "[Service]\nExecStart=/bin/sh -c 'docker run nginx:1'\n",
             "ExecStart: a command in quotes that may run an image"},
        Case{"values.yaml", "image: {repository: nginx, tag: ''}\n", "has no tag here"},
        Case{"values.yaml", "image:\n  repository: nginx\n  tag: 1\n  digest:\n", "write digest: \"\""},
        Case{"kustomization.yaml", "images: [{name: a, newTag: '{{x}}'}]\n", "a template"},
        Case{"values.yaml", "image: {registry: ghcr.io, image: a/b:v1}\n", "its registry has a key of its own"},
        Case{"values.yaml", "global: {imageRegistry: r.example.com}\nimage: 'a/b:v1'\n",
             "its registry has a key of its own"},
        Case{"values.yaml", "image: {registry: '', repository: ~, name: bridge, tag: '1'}\n",
             "has a registry that only the chart's templates know"},
        Case{"values.yaml", "registry: r.example.com\na: {image: {repository: ~, name: bridge, tag: '1'}}\n",
             "has a registry that only the chart's templates know"},
        Case{"values.yaml", "registry:\nimage: {name: agent, tag: '7'}\n", "has a registry that only"},
        Case{"values.yaml", "reloader: quay.io/a/b:v1\n", "reloader: may name an image"},
        Case{"values.yaml", "proxy: {image: proxyv2}\n", "\"proxyv2\" has no tag here"},
        Case{"values-prod.yaml", "image: {tag: '1.27'}\n", "image.tag: a tag whose repository is not here"},
        Case{"azure-pipelines.yml", "resources: {containers: [{container: a, type: ACR, repository: b, tag: c}]}\n",
             "an image of a service connection"},
        Case{".github/workflows/a.yml", "on: push\njobs: {a: {steps: [{uses: a/b@v1, with: {image: 'c:1'}}]}}\n",
             "jobs.a: steps[0].with.image: an input of an action"},
        Case{"flow.yaml",
             "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nspec:\n  templates:\n"
             "  - dag: {tasks: [{inline: {container: {image: 'a:1'}}}]}\n",
             "Workflow (argoproj.io/v1alpha1): 1 image reference not at a place of images"},
        Case{"map.yaml", "apiVersion: v1\nkind: ConfigMap\ndata:\n  pod: |\n    - image: \"a:1\"\n",
             "ConfigMap (v1): 1 image reference left alone"},
        Case{"pod.yaml",
             "apiVersion: v1\nkind: Pod\nmetadata: {annotations: {x/proxyImage: 'a/b:1'}}\nspec:\n  containers:\n"
             "  - {args: ['--reloader=quay.io/a/b:v1', '--addr=:80', '--image=c'], env: [{name: X_IMAGE, value: "
             "'a:1'}]}\n",
             "an argument that may name an image"}}) {
    const PinReport report = pinned(c.file, c.text);
    EXPECT_FALSE(report.changed()) << c.text;
    EXPECT_TRUE(report.understood()) << c.text;
    EXPECT_THAT(notes(report), HasSubstr(c.note)) << c.text;
  }
}

// The URL of an OCIRepository is not part of its reference: a release elsewhere would be a digest of another
// repository.
TEST(PinFormats, AnOciRepositoryNeverGetsTheDigestOfAnotherOne) {
  const std::string text =
      "apiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\nmetadata: {name: shop}\nspec:\n"
      "  url: oci://registry.example.com/team/hello\n  ref: {tag: v1}\n";
  const PinReport report = pinned("flux.yaml", text, production());
  EXPECT_FALSE(report.changed());
  EXPECT_EQ(report.unpinned(), 1u);
  EXPECT_THAT(notes(report), HasSubstr("has its repository in another place"));
  EXPECT_THAT(pinned("flux.yaml", replace_all(text, "team/hello", "prod/hello"), production()).after,
              HasSubstr("ref: {tag: hello.production-v3, digest: "));
}

TEST(PinFormats, NotesAreGroupedByTheirReason) {
  std::vector<PinReport> reports;
  for (const char* file : {"a.yaml", "b.yaml"}) {
    reports.push_back(pinned(file,
                             "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: '{{a}}'\n  - image: '{{b}}'\n"
                             "  - image: '$X'\n"));
  }
  const auto groups = group_notes(reports);
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(groups[0].reason, "a template, left alone");
  EXPECT_EQ(groups[0].notes.size(), 4u);
  EXPECT_EQ(groups[0].files, 2u);
  EXPECT_EQ(groups[1].notes.size(), 2u);
  EXPECT_EQ(groups[1].notes[0]->message(),
            "Pod: containers[2].image: \"$X\" is not an image reference of a registry, left alone");
}

// The tag of a policy is resolved and written with its digest; whatever form the reference has.
TEST(PinFormats, UpdatePoliciesMoveTags) {
  PinOptions options;
  std::vector<std::string> asked;
  options.choose_tag = [&](const oci::Location& written, const std::optional<UpdatePolicy>& beside) {
    asked.push_back(written.str());
    const std::vector<std::string> tags{"1.27.1", "1.27.2", "1.28.0"};
    return Result<std::optional<ChosenTag>>(
        beside ? std::optional(ChosenTag{newest_tag(*beside, *written.tag(), tags), beside->str()}) : std::nullopt);
  };
  const Resolver by_tag = [&](const oci::Location& written) -> Result<std::optional<PinnedReference>> {
    if (written.digest()) return std::nullopt;
    const char digit = written.tag()->back();
    return PinnedReference{std::nullopt, std::nullopt, Digest::parse("sha256:" + std::string(64, digit)).value()};
  };
  const std::string old = "@sha256:" + std::string(64, '1');
  const std::string two = "@sha256:" + std::string(64, '2'), zero = "@sha256:" + std::string(64, '0');
  const PinReport dockerfile =
      pinned("Dockerfile", "# slipway: semver ~1.27\nFROM nginx:1.27.1" + old + "\nFROM nginx:1.27.1" + old + "\n",
             by_tag, options);
  EXPECT_EQ(dockerfile.after, "# slipway: semver ~1.27\nFROM nginx:1.27.2" + two + "\nFROM nginx:1.27.1" + old + "\n");
  ASSERT_EQ(dockerfile.changes.size(), 1u);
  EXPECT_EQ(dockerfile.changes[0].policy, "semver ~1.27");
  const PinReport values = pinned(
      "values.yaml", "image:\n  repository: nginx\n  tag: 1.27.1" + old + " # slipway: semver 1.x\n", by_tag, options);
  EXPECT_EQ(values.after, "image:\n  repository: nginx\n  tag: 1.28.0" + zero + " # slipway: semver 1.x\n");
  const PinReport kustomize =
      pinned("kustomization.yaml", "images:\n- name: nginx # slipway: semver 1.x\n  newTag: 1.27.1\n", by_tag, options);
  EXPECT_EQ(kustomize.after,
            "images:\n- name: nginx # slipway: semver 1.x\n  newTag: 1.28.0\n  digest: " + zero.substr(1) + "\n");
  const PinReport broken = pin_text("FROM nginx:1 # slipway: latest\n", "Dockerfile", by_tag, options);
  ASSERT_EQ(broken.errors.size(), 1u);
  EXPECT_THAT(broken.errors[0].describe(), HasSubstr("\"latest\" is not an update policy"));
  EXPECT_FALSE(broken.changed());
}

TEST(PinParts, AKustomizationGetsADigestLine) {
  const std::string text =
      "resources: [a.yaml]\nimages:\n# the app\n- name: nginx\n  newTag: \"1.27\" # tag\n- name: a\n  newName: b\n"
      "  newTag: '2'\n  digest: ''\n- newName: c\n  name: x\n";
  const PinReport report = pinned("base/kustomization.yaml", text);
  EXPECT_EQ(report.format, "kustomize");
  EXPECT_EQ(report.after,
            "resources: [a.yaml]\nimages:\n# the app\n- name: nginx\n  newTag: \"1.27\" # tag\n  digest: " + kDigest +
                "\n- name: a\n  newName: b\n  newTag: '2'\n  digest: '" + kDigest + "'\n- newName: c\n  name: x\n")
      << notes(report);
  ASSERT_EQ(report.changes.size(), 2u);
  EXPECT_EQ(report.changes[0].before, "nginx:1.27");
  EXPECT_EQ(report.changes[0].after, "nginx:1.27@" + kDigest);
  EXPECT_THAT(notes(report), HasSubstr("images[2]: \"c\" has no tag here"));
  EXPECT_FALSE(pinned("base/kustomization.yaml", report.after).changed());
}

TEST(PinParts, AReleaseBringsItsNameAndTag) {
  const PinReport report = pinned("kustomization.yaml",
                                  "images:\r\n  - {name: registry.example.com/team/hello, newTag: x}\r\n"
                                  "  - name: registry.example.com/team/hello\r\n    newTag: x",
                                  production());
  EXPECT_EQ(report.after,
            "images:\r\n  - {name: registry.example.com/team/hello, newTag: hello.production-v3, newName: "
            "registry.example.com/prod/hello, digest: " +
                kDigest +
                "}\r\n  - name: registry.example.com/team/hello\r\n    newTag: hello.production-v3\r\n    newName: "
                "registry.example.com/prod/hello\r\n    digest: " +
                kDigest)
      << notes(report);
  EXPECT_FALSE(pinned("kustomization.yaml", report.after, production()).changed());
}

TEST(PinParts, HelmTriplesKeepTheirRegistryApart) {
  const std::string text =
      "image:\n  registry: registry.example.com\n  repository: team/hello\n  # the tag\n  tag: v1\n  pullPolicy: "
      "Always\n"
      "other:\n  image: {repository: nginx, tag: '1', digest: \"\"}\n";
  const PinReport report = pinned("values.yaml", text, production());
  EXPECT_EQ(report.after,
            "image:\n  registry: registry.example.com\n  repository: prod/hello\n  # the tag\n  tag: "
            "hello.production-v3@" +
                kDigest + "\n  pullPolicy: Always\nother:\n  image: {repository: nginx, tag: '1', digest: \"\"}\n");
  EXPECT_THAT(pinned("values-prod.yaml", text).after, HasSubstr("{repository: nginx, tag: '1', digest: \"" + kDigest));
  EXPECT_FALSE(pinned("values.yaml", report.after, production()).changed());
}

// The place of a new digest is what --helm says, whatever keys there are; one that is there is replaced in its place.
TEST(PinParts, HelmDigestsGoWhereTheOptionSays) {
  const std::string plain = "image: {repository: nginx, tag: '1'}\n";
  const std::string keyed = "image: {repository: nginx, tag: '1', digest: ''}\n";
  PinOptions options;
  options.helm = HelmDigest::digest;
  EXPECT_EQ(pinned("values.yaml", plain, everything(), options).after,
            "image: {repository: nginx, tag: '1', digest: " + kDigest + "}\n");
  options.helm = HelmDigest::tag;
  EXPECT_EQ(pinned("values.yaml", keyed, everything(), options).after,
            "image: {repository: nginx, tag: '1@" + kDigest + "', digest: ''}\n");
  const std::string pinned_by_key = "image: {repository: nginx, tag: '1', digest: " + kDigest + "}\n";
  EXPECT_FALSE(pinned("values.yaml", pinned_by_key, everything(), options).changed());
}

TEST(PinParts, ATagIsNeverGuessed) {
  for (const char* text : {"image: {repository: nginx, tag: ''}\n", "image: {repository: nginx}\n",
                           "image: nginx\ntag: ''\n", "image: {repository: nginx, digest: ''}\n"}) {
    const PinReport report = pinned("values.yaml", text);
    EXPECT_FALSE(report.changed()) << text;
    EXPECT_THAT(notes(report), HasSubstr("has no tag here")) << text;
    EXPECT_EQ(report.unpinned(), 1u) << text;
  }
}

TEST(PinParts, PlacesThatNeedDifferentDigestsShareNoAnchor) {
  const std::string text =
      "a: {repository: nginx, tag: &v '1'}\nb: {repository: redis, tag: *v}\nc: {repository: x, tag: '2'}\n";
  const auto by_name = [](const oci::Location& asked) {
    return Digest::parse("sha256:" + std::string(64, asked.place().ends_with("nginx") ? 'a' : 'b'));
  };
  const PinReport report = pinned("values.yaml", text, resolve_from(by_name));
  EXPECT_EQ(report.after, replace_all(text, "'2'", "'2@" + kDigest + "'"));
  EXPECT_THAT(notes(report), HasSubstr("shares a value with another reference"));
  EXPECT_EQ(report.unpinned(), 2u);
}

TEST(PinCounts, SayWhatACheckSaw) {
  const PinReport report = pinned("compose.yaml", "services:\n  a: {image: 'a:1@" + kDigest +
                                                      "'}\n  b: {image: 'b:1'}\n"
                                                      "  c: {image: '${C}'}\n  d: {image: d, build: .}\n");
  EXPECT_EQ(report.references, 2u);
  EXPECT_EQ(report.pinned, 2u);
  EXPECT_EQ(report.changes.size(), 1u);
  EXPECT_EQ(report.left_alone(), 1u) << "the variable; what is built here is not an image to be pinned";
}

TEST(PinFormats, AreAssignedByRules) {
  PinOptions options;
  options.formats = {*parse_format_rule("gitlab-ci=ci/*.yml"), *parse_format_rule("dockerfile=*.tmpl")};
  EXPECT_EQ(pinned("ci/build.yml", "build: {image: 'a:1'}\n", everything(), options).after,
            "build: {image: 'a:1@" + kDigest + "'}\n");
  EXPECT_EQ(pinned("x/web.tmpl", "FROM a:1\n", everything(), options).after, "FROM a:1@" + kDigest + "\n");
  for (const char* bad : {"", "gitlab-ci", "=x", "gitlab-ci=", "nothing=x"})
    EXPECT_FALSE(parse_format_rule(bad)) << bad;
}

TEST(PinFormats, ManyDocumentsAreOneFile) {
  std::string text;
  for (int i = 0; i < 8000; ++i)
    text += fmt::format(
        "---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: p{}\n  labels: {{a: b, c: d, e: f}}\nspec:\n  "
        "containers:\n  - name: c\n    image: nginx:1\n    env: [{{name: A, value: b}}, {{name: C, value: d}}]\n",
        i);
  const PinReport report = pinned("a.yaml", text);
  EXPECT_EQ(report.changes.size(), 8000u);
  EXPECT_TRUE(report.after == replace_all(text, "nginx:1\n", "nginx:1@" + kDigest + "\n"));
}

TEST(PinSarif, HasAResultForEverythingThatIsNotPinned) {
  const PinReport report = pinned("compose.yaml", "services:\n  a: {image: 'a:1'}\n  b: {image: '${B}'}\n");
  const Json sarif = sarif_of({report});
  EXPECT_EQ(sarif.text("version"), "2.1.0");
  const Json& first = sarif.items("runs")[0];
  ASSERT_EQ(first.items("results").size(), 2u);
  EXPECT_EQ(first.items("results")[0].text("ruleId"), "unpinned");
  EXPECT_EQ(first.items("results")[1].text("ruleId"), "left-alone");
}

TEST(PinSarif, HasWhatTheResolverDoesNotKnow) {
  const auto nothing = [](const oci::Location&) { return Result<std::optional<PinnedReference>>(std::nullopt); };
  const PinReport report = pinned("Dockerfile", "FROM a:1\nFROM b:1@" + kDigest + "\n", nothing);
  const std::string text = sarif_of({report}).pretty();
  EXPECT_THAT(text, HasSubstr("FROM of stage 0: \\\"a:1\\\" is not pinned"));
  EXPECT_THAT(text, testing::Not(HasSubstr("stage 1")));
}

TEST(PinCustom, PathsLeadToPodsAndToImages) {
  const std::string rollout =
      "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nspec: {template: {spec: {containers: [{image: 'a:1'}]}}}\n";
  const std::string task = "apiVersion: tekton.dev/v1\nkind: Task\nspec:\n  steps:\n  - image: a:1\n  - name: x\n";
  PinOptions options;
  options.custom = {*parse_custom_path("Rollout.argoproj.io=spec.template.spec"),
                    *parse_custom_path("Task=spec.steps[].image")};
  for (const std::string& text : {rollout, task})
    EXPECT_EQ(pinned("a.yaml", text, everything(), options).after, replace_all(text, "a:1", "a:1@" + kDigest));
  const std::string unknown = replace_all(rollout, "argoproj.io/v1alpha1", "example.com/v1");
  EXPECT_THAT(notes(pinned("a.yaml", unknown, everything(), options)), HasSubstr("name the place with --crd"));
  for (const char* bad : {"", "Rollout", "=a", "Rollout=", ".x=a"})
    EXPECT_FALSE(parse_custom_path(bad)) << bad;
}

// Files made of known pieces: where each reference stands is known by construction.
TEST(PinFormats, RandomFilesChangeExactlyWhereImagesStand) {
  const std::vector<std::string> images{"nginx:1", "quay.io/a/b:2", "localhost:5000/c:3"};
  for (unsigned seed = 0; seed < 400; ++seed) {
    std::mt19937 random(seed);
    const auto pick = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
    const auto image = [&] { return images[pick(images.size())] + "@@"; };
    std::string file, marked;
    switch (pick(4)) {
      case 0:
        file = "Dockerfile";
        for (std::size_t i = pick(4) + 1; i > 0; --i) {
          marked += pick(2) ? "# FROM x:1\n\n" : "";
          marked += (pick(2) ? "FROM " : "FROM --platform=linux/amd64 \\\n   ") + image() + " AS s\n";
          marked += pick(2) ? "COPY --from=s / /\nRUN echo \\\n  # FROM y\n  nginx:1\n" : "RUN <<E\nFROM z:1\nE\n";
        }
        break;
      case 1:
        file = "a.service";
        marked = "[Unit]\nAfter=x\n[Service]\n";
        for (std::size_t i = pick(3) + 1; i > 0; --i) {
          marked += pick(2) ? "# ExecStart=podman run x:1\n" : "Environment=\"A=podman run x:1\"\n";
          marked += "ExecStart=/usr/bin/docker run " + std::string(pick(2) ? "--rm -e A=b \\\n  " : "-dp 80:80 ") +
                    image() + " x:1\n";
        }
        break;
      case 2:
        file = "compose.yaml";
        marked = "services:\n";
        for (std::size_t i = pick(4) + 1; i > 0; --i)
          marked += fmt::format("  s{}:\n    image: {}{} # \xc3\xa4 x:1\n    command: [image, x:1]\n", i,
                                pick(2) ? "" : "\"", image());
        // Quotes are closed where they were opened.
        for (std::size_t at = marked.find(": \""); at != std::string::npos; at = marked.find(": \"", at + 3))
          marked.insert(marked.find("@@", at) + 2, "\"");
        break;
      default:
        file = ".gitlab-ci.yml";
        for (std::size_t i = pick(4) + 1; i > 0; --i)
          marked += fmt::format("job{}:\n  image: {}\n  services: [{}, '{}']\n  script: ['image: x:1']\n", i, image(),
                                image(), image());
    }
    if (pick(2) == 0) marked = replace_all(marked, "\n", "\r\n");
    const std::string text = replace_all(marked, "@@", "");
    const PinReport report = pinned(file, text);
    EXPECT_EQ(report.after, replace_all(marked, "@@", "@" + kDigest)) << "seed " << seed << notes(report);
    EXPECT_FALSE(pinned(file, report.after).changed()) << "seed " << seed;
  }
}

class PinLock : public testing::Test {
 protected:
  Resolver resolver(const std::vector<std::string>& update = {}) {
    auto made = resolve_locked(lock_, update, [this](const oci::Location& asked) -> Result<Digest> {
      asked_.push_back(asked.str());
      return Digest::parse(kDigest);
    });
    EXPECT_TRUE(made);
    return made.value_or(everything());
  }
  std::string after(const std::string& image, const std::vector<std::string>& update = {}) {
    return replace_all(pinned("Dockerfile", "FROM " + image + "\n", resolver(update)).after, kDigest, "NEW");
  }

  const std::string old_ = "sha256:" + std::string(64, 'c');
  image::Lock lock_;
  std::vector<std::string> asked_;
};

TEST_F(PinLock, HasTheDigestsAndLearnsNewOnes) {
  lock_.set("docker.io/library/nginx:1", *Digest::parse(old_));
  EXPECT_EQ(after("nginx:1"), "FROM nginx:1@" + old_ + "\n");
  EXPECT_THAT(asked_, IsEmpty());
  EXPECT_EQ(after("redis:7"), "FROM redis:7@NEW\n");
  EXPECT_THAT(asked_, ElementsAre("docker.io/library/redis:7"));
  EXPECT_EQ(lock_.find("docker.io/library/redis:7")->str(), kDigest);
}

TEST_F(PinLock, UpdatesOnlyWhatItIsTold) {
  lock_.set("docker.io/library/nginx:1", *Digest::parse(old_));
  lock_.set("docker.io/library/redis:7", *Digest::parse(old_));
  EXPECT_EQ(after("nginx:1@" + old_, {"nginx"}), "FROM nginx:1@NEW\n");
  EXPECT_EQ(after("redis:7@" + old_, {"nginx"}), "FROM redis:7@" + old_ + "\n");
  EXPECT_EQ(lock_.find("docker.io/library/nginx:1")->str(), kDigest);
  EXPECT_EQ(after("redis:7", {"*"}), "FROM redis:7@NEW\n");
  EXPECT_FALSE(resolve_locked(lock_, {"nginx:1"}, {}));
}

TEST_F(PinLock, TakesOverWhatFilesHaveButWinsOverThem) {
  EXPECT_EQ(after("nginx:1@" + old_), "FROM nginx:1@" + old_ + "\n");
  EXPECT_EQ(lock_.find("docker.io/library/nginx:1")->str(), old_);
  lock_.set("docker.io/library/nginx:1", *Digest::parse(kDigest));
  EXPECT_EQ(after("nginx:1@" + old_), "FROM nginx:1@NEW\n");
  EXPECT_EQ(after("nginx@" + old_), "FROM nginx@" + old_ + "\n") << "a digest alone has no tag to lock";
  EXPECT_THAT(asked_, IsEmpty());
}

TEST(PinUpdate, AsksAgainForTheNamesGiven) {
  const std::string old = "sha256:" + std::string(64, 'c');
  const auto resolver = resolve_updating({"nginx"}, [](const oci::Location&) { return Digest::parse(kDigest); });
  ASSERT_TRUE(resolver);
  EXPECT_EQ(pinned("Dockerfile", "FROM nginx:1@" + old + "\nFROM redis:7@" + old + "\nFROM a:1\n", *resolver).after,
            "FROM nginx:1@" + kDigest + "\nFROM redis:7@" + old + "\nFROM a:1@" + kDigest + "\n");
}

TEST(FindFiles, WhatIsIgnoredIsPassedOver) {
  const test::TempDir dir;
  for (const char* name : {"a.yaml", "b.yaml", "sub/c.yaml", "vendor/d.yaml", "sub/gen/e.yaml", ".circleci/config.yml",
                           "package.json", ".hidden.txt"}) {
    ASSERT_TRUE(real_fs().make_directories((dir.path() / name).parent_path()));
    ASSERT_TRUE(write_file_atomically(real_fs(), dir.path() / name, "x"));
  }
  ASSERT_TRUE(write_file_atomically(real_fs(), dir.path() / ".slipwayignore", "# made elsewhere\nvendor\n"));
  ASSERT_TRUE(write_file_atomically(real_fs(), dir.path() / "sub/.slipwayignore", "gen/\n"));
  auto files = find_files(real_fs(), {dir.path().native()}, {"b.*"});
  ASSERT_TRUE(files);
  for (std::string& file : *files)
    file = stdfs::path(file).lexically_relative(dir.path()).native();
  EXPECT_THAT(*files, ElementsAre(".circleci/config.yml", "a.yaml", "package.json", "sub/c.yaml"));
}

TEST(FindFiles, FoldersAndPatternsStandForWhatPinKnows) {
  const test::TempDir dir;
  for (const char* name : {"a.yaml", "Dockerfile", "README.md", ".github/workflows/ci.yml", ".git/x.yaml",
                           "sub/web.container", "sub/kustomization.yml"}) {
    ASSERT_TRUE(real_fs().make_directories((dir.path() / name).parent_path()));
    ASSERT_TRUE(write_file_atomically(real_fs(), dir.path() / name, "x"));
  }
  stdfs::create_symlink(dir.path() / "a.yaml", dir.path() / "link.yaml");
  const auto relative = [&](const std::vector<std::string>& words) {
    std::vector<std::string> full;
    for (const std::string& word : words)
      full.push_back((dir.path() / word).native());
    auto files = find_files(real_fs(), full);
    EXPECT_TRUE(files);
    for (std::string& file : *files)
      file = stdfs::path(file).lexically_relative(dir.path()).native();
    return *files;
  };
  EXPECT_THAT(relative({""}), ElementsAre(".github/workflows/ci.yml", "Dockerfile", "a.yaml", "sub/kustomization.yml",
                                          "sub/web.container"));
  EXPECT_THAT(relative({"*.yaml"}), ElementsAre("a.yaml", "link.yaml"));
  EXPECT_THAT(relative({"README.md"}), ElementsAre("README.md")) << "what is named is looked at";
  const auto missing = find_files(real_fs(), {(dir.path() / "no").native(), (dir.path() / "*.none").native()});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Errc::not_found);
  EXPECT_EQ(missing.error().causes.size(), 2u);
}

TEST(LookForFiles, AFolderThatCannotBeLookedAtHidesNoOther) {
  const test::TempDir dir;
  stdfs::path deep = dir.path();
  for (int i = 0; i < 66; ++i)
    deep /= "d";
  ASSERT_TRUE(real_fs().make_directories(deep));
  ASSERT_TRUE(write_file_atomically(real_fs(), dir.path() / "e.yaml", "x"));
  const auto found = look_for_files(real_fs(), {"/no/such.yaml", dir.path().native()});
  ASSERT_TRUE(found);
  EXPECT_THAT(found->files, ElementsAre((dir.path() / "e.yaml").native()));
  ASSERT_EQ(found->faults.size(), 2u);
  EXPECT_EQ(found->faults[0].file, "/no/such.yaml");
  EXPECT_EQ(found->faults[0].errors[0].code, Errc::not_found);
  EXPECT_THAT(found->faults[1].errors[0].describe(), HasSubstr("folders too deep"));
  EXPECT_FALSE(look_for_files(real_fs(), {dir.path().native()}, {"[z-a]"})) << "a pattern that is not one";
}

}  // namespace
}  // namespace slipway::run
