#include "slipway/oci/document.h"

#include <gmock/gmock.h>

#include "slipway/base/text.h"
#include "slipway/oci/media_type.h"

namespace slipway::oci {
namespace {

using testing::HasSubstr;

Digest digest(char c) { return Digest::parse("sha256:" + std::string(64, c)).value(); }

std::string descriptor(std::string_view type, char c, int size) {
  return Descriptor(std::string(type), digest(c), size).to_json().compact();
}

const std::string kConfigJson = descriptor(kConfigType, 'c', 10);
const std::string kLayerJson = descriptor(kLayerGzipType, '1', 20);
const std::string kChildJson = descriptor(kManifestType, 'd', 30);

std::string manifest_with(const std::string& more) {
  return R"({"schemaVersion":2,"config":)" + kConfigJson + R"(,"layers":[)" + kLayerJson + "]" + more + "}";
}

std::string index_with(const std::string& more) {
  return R"({"schemaVersion":2,"manifests":[)" + kChildJson + "]" + more + "}";
}

std::string type_member(std::string_view type) { return R"(,"mediaType":")" + std::string(type) + "\""; }

TEST(Document, ReadsAManifest) {
  const std::string raw = manifest_with(type_member(kManifestType) +
                                        R"(,"artifactType":"x/y","annotations":{"k":"v"},"subject":)" + kChildJson);
  const auto manifest = parse_manifest(raw, kManifestType);
  ASSERT_TRUE(manifest.has_value()) << manifest.error().describe();
  EXPECT_EQ(manifest->raw, raw);
  EXPECT_EQ(manifest->media_type, kManifestType);
  EXPECT_EQ(manifest->artifact_type, "x/y");
  EXPECT_EQ(manifest->config.digest, digest('c'));
  ASSERT_EQ(manifest->layers.size(), 1u);
  EXPECT_EQ(manifest->layers[0].size, 20);
  EXPECT_EQ(manifest->subject->digest, digest('d'));
  EXPECT_EQ(manifest->annotations, (Annotations{{"k", "v"}}));
}

TEST(Document, ReadsAnIndex) {
  const std::string raw = index_with(type_member(kIndexType) + R"(,"annotations":{"k":"v"})");
  const auto index = parse_index(raw, kIndexType);
  ASSERT_TRUE(index.has_value()) << index.error().describe();
  EXPECT_EQ(index->raw, raw);
  EXPECT_EQ(index->manifests.at(0).digest, digest('d'));
  EXPECT_EQ(index->annotations.at("k"), "v");
  EXPECT_FALSE(index->subject.has_value());
}

TEST(Document, RawBytesAreKeptWhateverTheirShape) {
  const std::string raw =
      "\n{ \"layers\" : [ ] ,\t\"config\":" + kConfigJson + ",\"schemaVersion\":2 , \"unknown\": {\"Layers\":1} }\n ";
  const auto document = parse_document(raw, kManifestType);
  ASSERT_TRUE(document.has_value()) << document.error().describe();
  EXPECT_EQ(raw_of(*document), raw);
}

TEST(Document, UnknownMembersOfDescriptorsAreKept) {
  const std::string child = kChildJson.substr(0, kChildJson.size() - 1) + R"(,"x":[1,{"y":null}]})";
  const auto index = parse_index(R"({"schemaVersion":2,"manifests":[)" + child + "]}", kIndexType);
  ASSERT_TRUE(index.has_value());
  EXPECT_EQ(index->manifests[0].to_json().compact(), child);
}

TEST(Document, DockersTypesAreRead) {
  EXPECT_EQ(parse_manifest(manifest_with(type_member(kDockerManifestType)), kDockerManifestType)->media_type,
            kDockerManifestType);
  EXPECT_EQ(parse_index(index_with(type_member(kDockerIndexType)), kDockerIndexType)->media_type, kDockerIndexType);
}

struct Typed {
  const char* name;
  std::string body;
  std::string promised;
  std::string_view type;
};

class DocumentType : public testing::TestWithParam<Typed> {};

TEST_P(DocumentType, IsAgreedOn) {
  const auto document = parse_document(GetParam().body, GetParam().promised);
  ASSERT_TRUE(document.has_value()) << document.error().describe();
  EXPECT_EQ(std::visit([](const auto& d) { return d.media_type; }, *document), GetParam().type);
  EXPECT_EQ(std::holds_alternative<Index>(*document), is_index(GetParam().type));
}

INSTANTIATE_TEST_SUITE_P(
    Table, DocumentType,
    testing::Values(
        Typed{"PromisedOnly", manifest_with(""), std::string(kManifestType), kManifestType},
        Typed{"PromisedIndexOnly", index_with(""), std::string(kIndexType), kIndexType},
        Typed{"PromisedDockerOnly", manifest_with(""), std::string(kDockerManifestType), kDockerManifestType},
        Typed{"WrittenOnly", manifest_with(type_member(kManifestType)), "", kManifestType},
        Typed{"WrittenIndexOnly", index_with(type_member(kDockerIndexType)), "", kDockerIndexType},
        Typed{"Neither", manifest_with(""), "", kManifestType}, Typed{"NeitherIndex", index_with(""), "", kIndexType},
        Typed{"OctetStream", index_with(""), "application/octet-stream", kIndexType},
        Typed{"PlainText", manifest_with(type_member(kDockerManifestType)), "text/plain", kDockerManifestType},
        Typed{"PlainJson", manifest_with(""), "application/json", kManifestType},
        Typed{"NullWritten", manifest_with(R"(,"mediaType":null)"), std::string(kManifestType), kManifestType}),
    [](const auto& row) { return row.param.name; });

struct Bad {
  const char* name;
  std::string body;
  std::string_view promised;
  Errc code;
  std::string part;
};

class DocumentRefuses : public testing::TestWithParam<Bad> {};

TEST_P(DocumentRefuses, WithCodeAndReason) {
  const auto document = parse_document(GetParam().body, GetParam().promised);
  ASSERT_FALSE(document.has_value());
  EXPECT_EQ(document.error().code, GetParam().code) << document.error().describe();
  EXPECT_THAT(document.error().message, HasSubstr(GetParam().part));
}

constexpr std::string_view kSchema1 = "application/vnd.docker.distribution.manifest.v1+prettyjws";
const std::string kSchema1Body = R"({"schemaVersion":1,"name":"a","tag":"b","fsLayers":[],"history":[]})";

INSTANTIATE_TEST_SUITE_P(
    Kinds, DocumentRefuses,
    testing::Values(
        Bad{"WrittenDiffersFromPromised", manifest_with(type_member(kDockerManifestType)), kManifestType,
            Errc::malformed, "says that it is"},
        Bad{"PromisedManifestIsIndex", index_with(type_member(kIndexType)), kManifestType, Errc::malformed,
            "says that it is"},
        Bad{"PromisedIndexIsManifest", manifest_with(type_member(kManifestType)), kIndexType, Errc::malformed,
            "says that it is"},
        Bad{"PromisedManifestLooksLikeIndex", index_with(""), kManifestType, Errc::malformed,
            "ambiguous: a manifest with \"manifests\""},
        Bad{"PromisedIndexLooksLikeManifest", manifest_with(""), kIndexType, Errc::malformed,
            "ambiguous: an index with \"layers\""},
        Bad{"BothKinds", manifest_with(R"(,"manifests":[])"), "", Errc::malformed, "ambiguous"},
        Bad{"BothKindsAsManifest", manifest_with(R"(,"manifests":[])"), kManifestType, Errc::malformed, "ambiguous"},
        Bad{"BothKindsAsIndex", index_with(R"(,"layers":[])"), kIndexType, Errc::malformed, "\"layers\""},
        Bad{"IndexWithConfig", index_with(R"(,"config":)" + kConfigJson), kIndexType, Errc::malformed, "\"config\""},
        Bad{"IndexWithNullConfig", index_with(R"(,"config":null)"), kIndexType, Errc::malformed, "\"config\""},
        Bad{"ManifestWithFsLayers", manifest_with(R"(,"fsLayers":[])"), kManifestType, Errc::malformed, "\"fsLayers\""},
        Bad{"ManifestWithHistory", manifest_with(R"(,"history":[])"), kManifestType, Errc::malformed, "\"history\""},
        Bad{"IndexWithFsLayers", index_with(R"(,"fsLayers":[])"), kIndexType, Errc::malformed, "\"fsLayers\""},
        Bad{"IndexWithLayersInAnotherCase", index_with(R"(,"LAYERS":[])"), kIndexType, Errc::malformed, "only in case"},
        Bad{"ManifestWithManifestsInAnotherCase", manifest_with(R"(,"Manifests":[])"), kManifestType, Errc::malformed,
            "only in case"},
        Bad{"ManifestWithMediaTypeInAnotherCase", manifest_with(R"(,"MediaType":"a/b")"), kManifestType,
            Errc::malformed, "only in case"},
        Bad{"PromisedSomethingElse", manifest_with(""), "image/png", Errc::unsupported, R"("image/png")"},
        Bad{"PromisedAConfig", manifest_with(""), kConfigType, Errc::unsupported, "neither"},
        Bad{"WrittenSomethingElse", manifest_with(type_member("image/png")), "", Errc::unsupported, R"("image/png")"},
        Bad{"WrittenSomethingElseThanPromised", manifest_with(type_member("image/png")), kManifestType,
            Errc::unsupported, R"("image/png")"},
        Bad{"Schema1", kSchema1Body, kSchema1, Errc::unsupported, "schema 1"},
        Bad{"Schema1Untyped", kSchema1Body, "", Errc::unsupported, "schema 1"},
        Bad{"Schema1AsOci", kSchema1Body, kManifestType, Errc::unsupported, "schema 1"},
        Bad{"Schema1AsIndex", kSchema1Body, kIndexType, Errc::unsupported, "schema 1"}),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Bodies, DocumentRefuses,
    testing::Values(
        Bad{"Empty", "", kManifestType, Errc::malformed, "not valid JSON"},
        Bad{"Html", "<html>login</html>", kManifestType, Errc::malformed, "not valid JSON"},
        Bad{"Array", "[]", kManifestType, Errc::malformed, "not a JSON object"},
        Bad{"Null", "null", kManifestType, Errc::malformed, "not a JSON object"},
        Bad{"Trailing", manifest_with("") + "x", kManifestType, Errc::malformed, "not valid JSON"},
        Bad{"TwoDocuments", manifest_with("") + manifest_with(""), kManifestType, Errc::malformed, "not valid JSON"},
        Bad{"Bom", "\xEF\xBB\xBF" + manifest_with(""), kManifestType, Errc::malformed, "byte order mark"},
        Bad{"ConfigTwice", manifest_with(R"(,"config":)" + kConfigJson), kManifestType, Errc::malformed,
            "duplicate name"},
        Bad{"MediaTypeTwice", manifest_with(type_member(kManifestType) + type_member(kManifestType)), kManifestType,
            Errc::malformed, "duplicate name"},
        Bad{"Utf8", manifest_with(",\"x\":\"\xff\""), kManifestType, Errc::malformed, "UTF-8"},
        Bad{"Deep", manifest_with(R"(,"x":)" + std::string(100000, '[')), kManifestType, Errc::too_large, "deeper"},
        Bad{"NoVersion", R"({"config":)" + kConfigJson + R"(,"layers":[]})", kManifestType, Errc::malformed,
            "\"schemaVersion\" is missing"},
        Bad{"Version3", R"({"schemaVersion":3,"layers":[]})", kManifestType, Errc::malformed, "schemaVersion is 3"},
        Bad{"VersionText", R"({"schemaVersion":"2","layers":[]})", kManifestType, Errc::malformed,
            "\"schemaVersion\" is not an integer"},
        Bad{"VersionFloat", R"({"schemaVersion":2.0,"layers":[]})", kManifestType, Errc::malformed,
            "\"schemaVersion\""},
        Bad{"NoConfig", R"({"schemaVersion":2,"layers":[]})", kManifestType, Errc::malformed, "\"config\" is missing"},
        Bad{"NullConfig", R"({"schemaVersion":2,"layers":[],"config":null})", kManifestType, Errc::malformed,
            "\"config\" is missing"},
        Bad{"ConfigList", R"({"schemaVersion":2,"layers":[],"config":[]})", kManifestType, Errc::malformed,
            "\"config\" is not an object"},
        Bad{"NoLayers", R"({"schemaVersion":2,"config":)" + kConfigJson + "}", kManifestType, Errc::malformed,
            "\"layers\" is missing"},
        Bad{"LayersObject", R"({"schemaVersion":2,"layers":{},"config":)" + kConfigJson + "}", kManifestType,
            Errc::malformed, "an array"},
        Bad{"LayerNull", R"({"schemaVersion":2,"layers":[null],"config":)" + kConfigJson + "}", kManifestType,
            Errc::malformed, "layers[0]"},
        Bad{"SecondLayerBad", R"({"schemaVersion":2,"layers":[)" + kLayerJson + R"(,{}],"config":)" + kConfigJson + "}",
            kManifestType, Errc::malformed, "layers[1]: \"mediaType\" is missing"},
        Bad{"NoManifests", R"({"schemaVersion":2})", kIndexType, Errc::malformed, "\"manifests\" is missing"},
        Bad{"ChildBad", R"({"schemaVersion":2,"manifests":[3]})", kIndexType, Errc::malformed, "manifests[0]"},
        Bad{"SubjectText", manifest_with(R"(,"subject":"x")"), kManifestType, Errc::malformed,
            "\"subject\" is not an object"},
        Bad{"SubjectBad", manifest_with(R"(,"subject":{"size":1})"), kManifestType, Errc::malformed,
            "subject: \"mediaType\" is missing"},
        Bad{"AnnotationNumber", manifest_with(R"(,"annotations":{"k":1})"), kManifestType, Errc::malformed,
            "\"annotations\""},
        Bad{"ArtifactTypeNumber", manifest_with(R"(,"artifactType":1)"), kManifestType, Errc::malformed,
            "\"artifactType\""}),
    [](const auto& row) { return row.param.name; });

TEST(Document, Schema1SaysWhatToDo) {
  EXPECT_THAT(parse_document(kSchema1Body, kSchema1).error().hint, HasSubstr("push the image again"));
}

std::string manifest_of(std::size_t layers) {
  std::string list;
  for (std::size_t i = 0; i < layers; ++i)
    list += (i == 0 ? "" : ",") + kLayerJson;
  return R"({"schemaVersion":2,"config":)" + kConfigJson + R"(,"layers":[)" + list + "]}";
}

TEST(Document, LayersAreCapped) {
  EXPECT_EQ(parse_manifest(manifest_of(kMaxChildren), kManifestType)->layers.size(), kMaxChildren);
  const auto more = parse_manifest(manifest_of(kMaxChildren + 1), kManifestType);
  ASSERT_FALSE(more.has_value());
  EXPECT_EQ(more.error().code, Errc::too_large);
  EXPECT_THAT(more.error().message, HasSubstr("1025 entries, the limit is 1024"));
}

TEST(Document, BytesAreCapped) {
  const std::string filler(kMaxDocument - manifest_with(R"(,"x":"")").size(), 'x');
  EXPECT_TRUE(parse_manifest(manifest_with(R"(,"x":")" + filler + "\""), kManifestType).has_value());
  const auto more = parse_manifest(manifest_with(R"(,"x":"x)" + filler + "\""), kManifestType);
  ASSERT_FALSE(more.has_value());
  EXPECT_EQ(more.error().code, Errc::too_large);
}

TEST(Document, NullAndEmptyListsAreEmpty) {
  EXPECT_TRUE(parse_manifest(R"({"schemaVersion":2,"layers":null,"config":)" + kConfigJson + "}", kManifestType)
                  ->layers.empty());
  EXPECT_TRUE(parse_index(R"({"schemaVersion":2,"manifests":null})", kIndexType)->manifests.empty());
  EXPECT_TRUE(parse_index(R"({"schemaVersion":2,"manifests":[]})", kIndexType)->manifests.empty());
}

TEST(Document, TheWrongKindIsSaid) {
  EXPECT_THAT(parse_manifest(index_with(""), kIndexType).error().message, HasSubstr("this is an index"));
  EXPECT_THAT(parse_index(manifest_with(""), kManifestType).error().message, HasSubstr("this is an image manifest"));
}

TEST(Document, ChildrenAreLayersThenConfigWithoutTheSubject) {
  const auto manifest = parse_document(manifest_with(R"(,"subject":)" + kChildJson), kManifestType).value();
  const auto list = children(manifest);
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[0].digest, digest('1'));
  EXPECT_EQ(list[1].digest, digest('c'));
  EXPECT_EQ(subject_of(manifest)->digest, digest('d'));

  const auto index = parse_document(index_with(""), kIndexType).value();
  ASSERT_EQ(children(index).size(), 1u);
  EXPECT_EQ(children(index)[0].digest, digest('d'));
  EXPECT_FALSE(subject_of(index).has_value());
}

Descriptor config_descriptor() { return {std::string(kConfigType), digest('c'), 10}; }

TEST(DocumentWriting, ManifestGolden) {
  Manifest manifest{"", std::string(kManifestType), "", config_descriptor(), {}, {}, {}};
  manifest.layers.emplace_back(std::string(kLayerGzipType), digest('1'), 20);
  manifest.layers.emplace_back(std::string(kLayerZstdType), digest('2'), 21);
  EXPECT_EQ(write_manifest(manifest),
            R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",)"
            R"("config":{"mediaType":"application/vnd.oci.image.config.v1+json",)"
            R"("digest":"sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc","size":10},)"
            R"("layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip",)"
            R"("digest":"sha256:1111111111111111111111111111111111111111111111111111111111111111","size":20},)"
            R"({"mediaType":"application/vnd.oci.image.layer.v1.tar+zstd",)"
            R"("digest":"sha256:2222222222222222222222222222222222222222222222222222222222222222","size":21}]})");
}

TEST(DocumentWriting, ArtifactManifestGolden) {
  Manifest manifest{"ignored", "", "application/vnd.example+json", empty_descriptor(), {}, {}, {}};
  manifest.subject = Descriptor(std::string(kManifestType), digest('d'), 30);
  manifest.annotations = {{"b", "2 \"quoted\" \xC3\xA4"}, {"a", "1"}};
  EXPECT_EQ(
      write_manifest(manifest),
      R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",)"
      R"("artifactType":"application/vnd.example+json",)"
      R"("config":{"mediaType":"application/vnd.oci.empty.v1+json",)"
      R"("digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},"layers":[],)"
      R"("subject":{"mediaType":"application/vnd.oci.image.manifest.v1+json",)"
      R"("digest":"sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd","size":30},)"
      "\"annotations\":{\"a\":\"1\",\"b\":\"2 \\\"quoted\\\" \xC3\xA4\"}}");
}

TEST(DocumentWriting, IndexGolden) {
  Index index;
  Descriptor child(std::string(kManifestType), digest('d'), 30);
  child.platform = Platform::parse("linux/arm/v7").value();
  index.manifests.push_back(child);
  index.annotations = {{"k", "v"}};
  EXPECT_EQ(write_index(index),
            R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json",)"
            R"("manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json",)"
            R"("digest":"sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd","size":30,)"
            R"("platform":{"architecture":"arm","os":"linux","variant":"v7"}}],"annotations":{"k":"v"}})");
  EXPECT_EQ(write_index(Index{}),
            R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]})");
}

TEST(DocumentWriting, WhatIsWrittenReadsBackTheSame) {
  const std::string raw = manifest_with(R"(,"annotations":{"k":"v"},"artifactType":"x/y","subject":)" + kChildJson);
  const Manifest first = parse_manifest(raw, kManifestType).value();
  const Manifest second = parse_manifest(write_manifest(first), kManifestType).value();
  EXPECT_EQ(second.config, first.config);
  EXPECT_EQ(second.layers, first.layers);
  EXPECT_EQ(second.subject, first.subject);
  EXPECT_EQ(second.annotations, first.annotations);
  EXPECT_EQ(second.artifact_type, first.artifact_type);
  EXPECT_EQ(write_manifest(second), second.raw);
}

TEST(Document, TheEmptyDescriptorIsOfTheEmptyObject) {
  EXPECT_EQ(empty_descriptor().size, static_cast<std::int64_t>(kEmptyJson.size()));
  EXPECT_EQ(empty_descriptor().media_type, kEmptyType);
}

class SelectPlatform : public testing::Test {
 protected:
  Descriptor& add(char c, const char* platform) {
    Descriptor child(std::string(kManifestType), digest(c), 1);
    if (platform != nullptr) child.platform = Platform::parse(platform).value();
    index_.manifests.push_back(std::move(child));
    return index_.manifests.back();
  }
  /// The first hex digit of the chosen child's digest, or '-' for none.
  char chosen(const char* wanted) const {
    const Descriptor* child = select_platform(index_, Platform::parse(wanted).value());
    return child == nullptr ? '-' : child->digest.hex()[0];
  }
  Index index_;
};

TEST_F(SelectPlatform, TakesTheFirstOfEquals) {
  add('1', nullptr);
  add('2', "linux/amd64");
  add('3', "linux/amd64");
  add('4', "linux/arm64");
  EXPECT_EQ(chosen("linux/amd64"), '2');
  EXPECT_EQ(chosen("linux/arm64/v8"), '4');
  EXPECT_EQ(chosen("linux/s390x"), '-');
}

TEST_F(SelectPlatform, TakesTheHighestVariantThatRuns) {
  add('1', "linux/amd64/v3");
  add('2', "linux/amd64");
  add('3', "linux/amd64/v2");
  add('5', "linux/arm/v5");
  add('6', "linux/arm/v6");
  add('7', "linux/arm/v7");
  EXPECT_EQ(chosen("linux/amd64"), '2');
  EXPECT_EQ(chosen("linux/amd64/v2"), '3');
  EXPECT_EQ(chosen("linux/amd64/v4"), '1');
  EXPECT_EQ(chosen("linux/arm/v7"), '7');
  EXPECT_EQ(chosen("linux/arm/v6"), '6');
  EXPECT_EQ(chosen("linux/arm"), '7');
}

TEST_F(SelectPlatform, LeavesAttestationsOut) {
  add('1', "unknown/unknown");
  add('2', "linux/amd64").annotations[std::string(kDockerReferenceType)] = "attestation-manifest";
  EXPECT_EQ(chosen("linux/amd64"), '-');
  add('3', "linux/amd64");
  EXPECT_EQ(chosen("linux/amd64"), '3');
}

}  // namespace
}  // namespace slipway::oci
