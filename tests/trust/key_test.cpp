#include "slipway/trust/key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "slipway/base/text.h"
#include "support/header_example.h"
#include "trust/key_file.h"

using namespace slipway;
using namespace slipway::trust;
using ::testing::HasSubstr;
using ::testing::Not;

namespace {

PasswordSource password(const std::string& text) {
  return [text]() -> Result<Secret> { return Secret(text); };
}

std::string file(const std::string& name) { return test::project_file("testdata/trust/" + name); }

// Made by cosign 3.1.1: a key pair with the password "secret".
TEST(Key, OpensWhatCosignMade) {
  const auto key = PrivateKey::parse(Secret(file("cosign.key")), "cosign.key", password("secret"));
  ASSERT_TRUE(key) << key.error().describe();
  EXPECT_EQ(key->public_key().pem(), file("cosign.pub"));
  EXPECT_EQ(key->public_key(), PublicKey::parse(file("cosign.pub"), "cosign.pub").value());
}

TEST(Key, RefusesAWrongPasswordWithoutSayingIt) {
  const auto key = PrivateKey::parse(Secret(file("cosign.key")), "cosign.key", password("not this"));
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().code, Errc::invalid_argument);
  EXPECT_THAT(key.error().message, HasSubstr("the password is wrong"));
  EXPECT_THAT(key.error().describe(), Not(HasSubstr("not this")));
}

TEST(Key, PassesOnThatThereIsNoPassword) {
  const auto none = []() -> Result<Secret> { return fail(Errc::invalid_argument, "nobody knows it"); };
  const auto key = PrivateKey::parse(Secret(file("cosign.key")), "cosign.key", none);
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().message, "nobody knows it");
}

TEST(Key, SignsWhatItsPublicHalfVerifies) {
  PrivateKey key = PrivateKey::generate().value();
  const std::string signature = key.sign("message").value();
  EXPECT_TRUE(key.public_key().verifies("message", signature));
  EXPECT_FALSE(key.public_key().verifies("another", signature));
  EXPECT_FALSE(key.public_key().verifies("message", signature.substr(1)));
  EXPECT_FALSE(key.public_key().verifies("message", ""));
  EXPECT_FALSE(PrivateKey::generate().value().public_key().verifies("message", signature));
}

TEST(Key, ComesBackFromItsEncryptedForm) {
  const PrivateKey key = PrivateKey::generate().value();
  for (const std::string& word : {std::string("word"), std::string(), std::string("p\xc3\xa4ss\nword")}) {
    const std::string sealed = key.encrypted(Secret(word)).value();
    EXPECT_THAT(sealed, HasSubstr("-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----"));
    const auto opened = PrivateKey::parse(Secret(sealed), "it", password(word));
    ASSERT_TRUE(opened) << opened.error().describe();
    EXPECT_EQ(opened->public_key(), key.public_key());
    EXPECT_FALSE(PrivateKey::parse(Secret(sealed), "it", password(word + "x")));
  }
  EXPECT_NE(key.encrypted(Secret("word")).value(), key.encrypted(Secret("word")).value()) << "salt and nonce are new";
}

TEST(Key, HintIsTheFingerprintInBase64) {
  const PublicKey key = PublicKey::parse(file("cosign.pub"), "cosign.pub").value();
  const std::string raw = base64_decode(key.hint()).value();
  EXPECT_EQ(Digest::from_bytes("sha256", raw), key.fingerprint());
}

TEST(Key, ReadsOtherFormsThatOpensslWrites) {
  for (const char* name : {"pkcs8.pem", "ec.pem", "rsa.pem"}) {
    auto key = PrivateKey::parse(Secret(file(name)), name, password("unused"));
    ASSERT_TRUE(key) << name << key.error().describe();
    EXPECT_TRUE(key->public_key().verifies("m", key->sign("m").value())) << name;
  }
  auto sealed = PrivateKey::parse(Secret(file("pkcs8-encrypted.pem")), "it", password("secret"));
  ASSERT_TRUE(sealed) << sealed.error().describe();
  EXPECT_FALSE(PrivateKey::parse(Secret(file("pkcs8-encrypted.pem")), "it", password("other")));
}

TEST(Key, RefusesWhatSignaturesOfImagesDoNotUse) {
  for (const char* name : {"ed25519.pem", "rsa-1024.pem", "secp256k1.pem"}) {
    const auto key = PrivateKey::parse(Secret(file(name)), name, password("unused"));
    ASSERT_FALSE(key) << name;
    EXPECT_EQ(key.error().code, Errc::invalid_argument) << name;
    EXPECT_THAT(key.error().message, HasSubstr("algorithm")) << name;
  }
  for (const std::string& text : {std::string(), std::string("no key"), file("pkcs8.pem")})
    EXPECT_FALSE(PublicKey::parse(text, "it")) << text;
  for (const std::string& text : {std::string(), std::string("no key"), file("cosign.pub")})
    EXPECT_FALSE(PrivateKey::parse(Secret(text), "it", password(""))) << text;
}

TEST(KeyDocument, RefusesCostsThatNobodyWrites) {
  const std::string good = seal_key_document(Secret("key"), Secret("word")).value();
  EXPECT_EQ(open_key_document(good, Secret("word")).value().reveal(), "key");
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string altered = good;
    altered.replace(altered.find(from), from.size(), to);
    return open_key_document(altered, Secret("word"));
  };
  for (const auto& [from, to] : {std::pair("\"N\":65536", "\"N\":1048576"),
                                 {"\"N\":65536", "\"N\":1024"},
                                 {"\"r\":8", "\"r\":16"},
                                 {"\"p\":1", "\"p\":2"},
                                 {"scrypt", "argon2"},
                                 {"nacl/secretbox", "aes"},
                                 {"\"kdf\"", "\"kd\""},
                                 {"\"ciphertext\"", "\"text\""}}) {
    const auto opened = with(from, to);
    ASSERT_FALSE(opened) << to;
    EXPECT_EQ(opened.error().code, Errc::malformed) << to;
  }
  const auto cheaper = with("\"N\":65536", "\"N\":32768");
  ASSERT_FALSE(cheaper) << "another key comes out";
  EXPECT_EQ(cheaper.error().code, Errc::unauthorized);
}

}  // namespace
