#include "slipway/trust/signatures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "slipway/base/text.h"
#include "slipway/io/filters.h"
#include "slipway/io/hash.h"
#include "slipway/oci/media_type.h"
#include "slipway/store/attachment_tag.h"
#include "slipway/store/memory.h"
#include "slipway/trust/bundle.h"
#include "support/header_example.h"

using namespace slipway;
using namespace slipway::trust;
using ::testing::HasSubstr;

namespace {

// EX signatures
Status sign_and_check(store::Target& target, const oci::Descriptor& image, trust::Signer& key) {
  trust::Signing signing{image};
  signing.reference = "registry.example.com/team/app";
  SLIPWAY_TRY(trust::sign(target, signing, key));
  SLIPWAY_ASSIGN(const trust::Checked checked, trust::check(target, image, {key.public_key()}));
  return checked.proofs.empty() ? Status(fail(Errc::verification_failed, "not signed")) : Status();
}

oci::Descriptor described(std::string_view type, std::string_view bytes) {
  return {std::string(type), io::digest_of(bytes), static_cast<std::int64_t>(bytes.size())};
}

class Signatures : public ::testing::Test {
 protected:
  oci::Descriptor put(std::string_view type, const std::string& bytes, const std::string& tag = {}) {
    const oci::Descriptor descriptor = described(type, bytes);
    io::TextSource source(bytes);
    EXPECT_TRUE(target.push(descriptor, source));
    if (!tag.empty()) EXPECT_TRUE(target.tag(descriptor, tag));
    return descriptor;
  }
  oci::Descriptor put_image(const std::string& text) {
    const oci::Descriptor config =
        put(oci::kConfigType, R"({"architecture":"amd64","os":"linux","x":")" + text + "\"}");
    return put(oci::kManifestType, oci::write_manifest({.raw = {},
                                                        .media_type = {},
                                                        .artifact_type = {},
                                                        .config = config,
                                                        .layers = {},
                                                        .subject = {},
                                                        .annotations = {}}));
  }
  /// Replaces the bundle that is attached to `image` by an altered one.
  void attach(const oci::Descriptor& subject, const std::string& bundle, const std::string& artifact_type) {
    const oci::Descriptor layer = put(kBundleType, bundle);
    put("application/vnd.oci.empty.v1+json", "{}");
    put(oci::kManifestType, oci::write_manifest({.raw = {},
                                                 .media_type = {},
                                                 .artifact_type = artifact_type,
                                                 .config = oci::empty_descriptor(),
                                                 .layers = {layer},
                                                 .subject = subject,
                                                 .annotations = {}}));
  }
  Bundle bundle_of(const Statement& statement, PrivateKey& by) {
    const std::string payload = write_statement(statement);
    return {{std::string(kInTotoType), payload, {by.sign(signed_bytes(kInTotoType, payload)).value()}},
            by.public_key().hint()};
  }
  Signing signing(std::map<std::string, std::string> annotations = {}) {
    Signing made{image};
    made.reference = "host/team/app";
    made.annotations = std::move(annotations);
    return made;
  }
  std::size_t proofs(const PublicKey& by) { return check(target, image, {by}).value().proofs.size(); }

  store::MemoryTarget target;
  oci::Descriptor image = put_image("one");
  PrivateKey key = PrivateKey::generate().value();
  PrivateKey other = PrivateKey::generate().value();
};

TEST_F(Signatures, ExampleOfTheHeader) {
  EXPECT_TRUE(sign_and_check(target, image, key));
  test::expect_example_is_compiled("include/slipway/trust/signatures.h", "tests/trust/signatures_test.cpp");
}

TEST_F(Signatures, BothFormsAreProvedByTheKeyAlone) {
  const Written written = sign(target, signing({{"env", "prod"}}), key).value();
  EXPECT_EQ(written.bundles, 1);
  EXPECT_EQ(written.legacy, 1);
  const Checked checked = check(target, image, {other.public_key(), key.public_key()}).value();
  ASSERT_EQ(checked.proofs.size(), 2u);
  EXPECT_EQ(checked.proofs[0].form, Form::bundle);
  EXPECT_EQ(checked.proofs[1].form, Form::legacy);
  EXPECT_EQ(checked.proofs[1].reference, "host/team/app");
  for (const Proof& proof : checked.proofs) {
    EXPECT_EQ(proof.predicate_type, kSignPredicate);
    EXPECT_EQ(proof.annotations.at("env"), "prod");
    EXPECT_EQ(proof.key, key.public_key().fingerprint());
  }
  EXPECT_EQ(proofs(other.public_key()), 0u);
  EXPECT_EQ(check(target, image, {other.public_key()}).value().refused.size(), 2u);
}

TEST_F(Signatures, TheSameIsNotWrittenAgain) {
  ASSERT_TRUE(sign(target, signing(), key));
  const Written again = sign(target, signing(), key).value();
  EXPECT_EQ(again.bundles + again.legacy, 0);
  EXPECT_EQ(sign(target, signing({{"a", "b"}}), key).value().bundles, 1) << "other annotations";
  Signing elsewhere = signing();
  elsewhere.reference = "prod/team/app";
  const Written named = sign(target, elsewhere, key).value();
  EXPECT_EQ(named.bundles, 0);
  EXPECT_EQ(named.legacy, 1) << "podman compares the name";
}

TEST_F(Signatures, OneFormAlone) {
  Signing bundle = signing();
  bundle.legacy = false;
  ASSERT_TRUE(sign(target, bundle, key));
  EXPECT_EQ(target.resolve(store::cosign_tag(image.digest, "sig")).error().code, Errc::not_found);
  Signing unnamed = signing();
  unnamed.reference = "";
  EXPECT_EQ(sign(target, unnamed, other).value().legacy, 0);
  Signing legacy = signing();
  legacy.bundle = false;
  EXPECT_EQ(sign(target, legacy, key).value().legacy, 1);
  EXPECT_EQ(target.referrers(image.digest, "").value().size(), 2u);
}

TEST_F(Signatures, TwoKeysMergeInTheOlderForm) {
  ASSERT_TRUE(sign(target, signing(), key));
  ASSERT_TRUE(sign(target, signing(), other));
  EXPECT_EQ(proofs(key.public_key()), 2u);
  EXPECT_EQ(proofs(other.public_key()), 2u);
}

TEST_F(Signatures, ABundleThatWouldHideAnotherKeysSignatureIsRefused) {
  Signing legacy = signing();
  legacy.bundle = false;
  ASSERT_TRUE(sign(target, legacy, other));
  const auto refused = sign(target, signing(), key);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::policy_denied);
  EXPECT_THAT(refused.error().message, HasSubstr("another key"));
  EXPECT_TRUE(target.referrers(image.digest, "").value().empty());
  EXPECT_TRUE(sign(target, legacy, key)) << "the older form hides nothing";
  const auto attested = attest(target, {image, "https://example.com/t", Json(Json::Object{})}, key);
  ASSERT_FALSE(attested);
  EXPECT_THAT(attested.error().message, HasSubstr("this key"));
  EXPECT_FALSE(sign(target, signing(), other)) << "its bundle would hide ours now";
}

TEST_F(Signatures, AttestationsAreProvedWithTheirPredicate) {
  Attesting attesting{image, "https://example.com/t", Json().set("k", "v")};
  EXPECT_EQ(attest(target, attesting, key).value().bundles, 1);
  const Written again = attest(target, attesting, key).value();
  EXPECT_EQ(again.bundles + again.legacy, 0);
  attesting.predicate.set("k", "w");
  EXPECT_EQ(attest(target, attesting, key).value().legacy, 1);
  const Checked checked = check(target, image, {key.public_key()}).value();
  ASSERT_EQ(checked.proofs.size(), 4u);
  EXPECT_EQ(checked.proofs[0].predicate_type, "https://example.com/t");
  EXPECT_EQ(std::count_if(checked.proofs.begin(), checked.proofs.end(),
                          [](const Proof& proof) { return proof.predicate == Json().set("k", "w"); }),
            2);
}

TEST_F(Signatures, EveryAlteredByteOfABundleIsRefused) {
  const Statement statement{{{"", {image.digest}, {}}}, std::string(kSignPredicate), Json(Json::Object{})};
  const std::string good = write_bundle(bundle_of(statement, key));
  attach(image, good, std::string(kBundleType));
  ASSERT_EQ(proofs(key.public_key()), 1u);
  const std::string begin = R"("dsseEnvelope":{"payload":")";
  const auto intact = parse_bundle(good).value().envelope;
  for (std::size_t at = good.find(begin) + begin.size(); at < good.size(); ++at) {
    std::string altered = good;
    altered[at] = altered[at] == 'A' ? 'B' : 'A';
    const auto parsed = parse_bundle(altered);
    if (!parsed) continue;
    const Envelope& envelope = parsed->envelope;
    EXPECT_FALSE(
        key.public_key().verifies(signed_bytes(envelope.payload_type, envelope.payload), envelope.signatures.front()))
        << at << " became " << altered[at] << ", was signed " << (envelope.signatures == intact.signatures);
  }
}

TEST_F(Signatures, AReplayedBundleProvesNothing) {
  const oci::Descriptor another = put_image("two");
  const Statement statement{{{"", {image.digest}, {}}}, std::string(kSignPredicate), Json(Json::Object{})};
  attach(another, write_bundle(bundle_of(statement, key)), std::string(kBundleType));
  const Checked checked = check(target, another, {key.public_key()}).value();
  EXPECT_TRUE(checked.proofs.empty());
  ASSERT_EQ(checked.refused.size(), 1u);
  EXPECT_THAT(checked.refused[0].message, HasSubstr("another image"));
}

TEST_F(Signatures, TheTypeInTheListIsNotBelieved) {
  const Statement statement{{{"", {image.digest}, {}}}, std::string(kSignPredicate), Json(Json::Object{})};
  attach(image, write_bundle(bundle_of(statement, key)), "application/vnd.oci.empty.v1+json");
  EXPECT_EQ(proofs(key.public_key()), 1u) << "cosign 3.1 writes this type into its list";
}

TEST_F(Signatures, BundlesWithCertificatesAndBrokenOnesAreNamed) {
  attach(image, "{}", std::string(kBundleType));
  Bundle keyless{{std::string(kInTotoType), "{}", {"sig"}}, ""};
  Json json = Json::parse(write_bundle(keyless), "it").value();
  json.set("verificationMaterial", Json().set("certificate", Json().set("rawBytes", "AA==")));
  attach(image, json.compact(), std::string(kBundleType));
  ASSERT_TRUE(sign(target, signing(), key));
  const Checked checked = check(target, image, {key.public_key()}).value();
  EXPECT_EQ(checked.proofs.size(), 2u) << "they do not stand in the way";
  ASSERT_EQ(checked.refused.size(), 2u);
  EXPECT_TRUE(std::any_of(checked.refused.begin(), checked.refused.end(),
                          [](const Error& error) { return error.message.find("certificate") != std::string::npos; }));
}

TEST_F(Signatures, ALegacyPayloadOfAnotherImageIsRefused) {
  const oci::Descriptor another = put_image("two");
  Signing legacy = signing();
  legacy.bundle = false;
  ASSERT_TRUE(sign(target, legacy, key));
  const oci::Descriptor behind = target.resolve(store::cosign_tag(image.digest, "sig")).value();
  ASSERT_TRUE(target.tag(behind, store::cosign_tag(another.digest, "sig")));
  const Checked checked = check(target, another, {key.public_key()}).value();
  EXPECT_TRUE(checked.proofs.empty());
  EXPECT_EQ(checked.refused.size(), 1u);
}

TEST_F(Signatures, AnIndexBehindTheTagIsAnError) {
  put(oci::kIndexType, oci::write_index({}), store::cosign_tag(image.digest, "sig"));
  EXPECT_FALSE(check(target, image, {key.public_key()}));
}

}  // namespace
