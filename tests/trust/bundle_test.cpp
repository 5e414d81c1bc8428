#include "slipway/trust/bundle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "slipway/base/json.h"

using namespace slipway;
using namespace slipway::trust;

namespace {

const Bundle kBundleOfKey{{"application/vnd.in-toto+json", "{}", {"sig"}}, "hint"};

Json json_of(const Bundle& bundle) { return Json::parse(write_bundle(bundle), "it").value(); }

// The example of the DSSE specification (protocol.md).
TEST(Bundle, SignsTheBytesOfTheDsseSpecification) {
  EXPECT_EQ(signed_bytes("http://example.com/HelloWorld", "hello world"),
            "DSSEv1 29 http://example.com/HelloWorld 11 hello world");
  EXPECT_EQ(signed_bytes("", ""), "DSSEv1 0  0 ");
}

TEST(Bundle, IsWrittenInVersion03) {
  EXPECT_EQ(write_bundle(kBundleOfKey),
            R"({"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{"publicKey":)"
            R"({"hint":"hint"}},"dsseEnvelope":{"payload":"e30=","payloadType":"application/vnd.in-toto+json",)"
            R"("signatures":[{"sig":"c2ln"}]}})");
}

TEST(Bundle, ComesBack) {
  const Bundle read = parse_bundle(write_bundle(kBundleOfKey)).value();
  EXPECT_EQ(read.envelope.payload, "{}");
  EXPECT_EQ(read.envelope.payload_type, "application/vnd.in-toto+json");
  EXPECT_EQ(read.envelope.signatures, std::vector<std::string>{"sig"});
  EXPECT_EQ(read.hint, "hint");
  EXPECT_FALSE(read.certificate || read.log);
}

TEST(Bundle, SaysWhatIsNotChecked) {
  Json json = json_of(kBundleOfKey);
  json.set(
      "verificationMaterial",
      Json().set("certificate", Json().set("rawBytes", "AA==")).set("tlogEntries", Json::Array{Json(Json::Object{})}));
  const Bundle read = parse_bundle(json.compact()).value();
  EXPECT_TRUE(read.certificate);
  EXPECT_TRUE(read.log);
  EXPECT_EQ(read.hint, "");
}

TEST(Bundle, TakesTheOtherSpellingAndMediaType) {
  const std::string text =
      R"({"media_type":"application/vnd.dev.sigstore.bundle+json;version=0.3","verification_material":{"public_key":{}},)"
      R"("dsse_envelope":{"payload":"e30=","payload_type":"t","signatures":[{"sig":"c2ln","keyid":"k"}]}})";
  EXPECT_EQ(parse_bundle(text).value().envelope.payload_type, "t");
}

TEST(Bundle, RefusesWhatProtobufsReadersRefuse) {
  const auto with = [](const std::string& key, Json value) { return json_of(kBundleOfKey).set(key, std::move(value)); };
  Json two = json_of(kBundleOfKey);
  Json::Array signatures = two.find("dsseEnvelope")->items("signatures");
  signatures.push_back(signatures.front());
  Json envelope = *two.find("dsseEnvelope");
  two.set("dsseEnvelope", envelope.set("signatures", std::move(signatures)));
  for (const Json& bad :
       {with("unknown", 1), with("mediaType", "application/vnd.dev.sigstore.bundle.v0.2+json"),
        with("verificationMaterial", Json(Json::Object{})), with("dsseEnvelope", Json()),
        with("dsse_envelope", Json(Json::Object{})), with("messageSignature", Json(Json::Object{})),
        with("verificationMaterial", Json().set("publicKey", Json(Json::Object{})).set("x", 1)), two}) {
    const auto read = parse_bundle(bad.compact());
    ASSERT_FALSE(read) << bad.compact();
    EXPECT_EQ(read.error().code, Errc::malformed) << bad.compact();
  }
  for (const char* bad : {"", "[]", "{}", R"({"mediaType":1})"})
    EXPECT_FALSE(parse_bundle(bad)) << bad;
}

TEST(Bundle, OfAFileSaysNothingOfAnImage) {
  Json json = json_of(kBundleOfKey);
  json.set("messageSignature", Json(Json::Object{})).set("dsseEnvelope", Json());
  EXPECT_EQ(parse_bundle(json.compact()).error().code, Errc::unsupported);
}

TEST(Envelope, ComesBackWithItsEmptyKeyId) {
  const std::string text = write_envelope(kBundleOfKey.envelope);
  EXPECT_EQ(text, R"({"payload":"e30=","payloadType":"application/vnd.in-toto+json","signatures":)"
                  R"([{"keyid":"","sig":"c2ln"}]})");
  EXPECT_EQ(parse_envelope(text).value().payload, "{}");
}

TEST(Envelope, RefusesBrokenOnes) {
  for (const char* bad :
       {R"({"payload":"e30=","payloadType":"t","signatures":[]})", R"({"payload":"e30=","payloadType":"t"})",
        R"({"payload":"*","payloadType":"t","signatures":[{"sig":"c2ln"}]})",
        R"({"payload":"e30=","payloadType":"t","signatures":[{"sig":"*"}]})",
        R"({"payload":"e30=","payloadType":"t","signatures":[{"sig":"c2ln","cert":"x"}]})",
        R"({"payload":"e30=","payloadType":"t","signatures":[{}]})"})
    EXPECT_EQ(parse_envelope(bad).error().code, Errc::malformed) << bad;
}

}  // namespace
