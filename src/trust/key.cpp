#include "slipway/trust/key.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <array>
#include <cstring>

#include "slipway/base/text.h"
#include "slipway/io/hash.h"
#include "trust/key_file.h"

namespace slipway::trust {
namespace {

constexpr std::string_view kSealed = "ENCRYPTED SIGSTORE PRIVATE KEY";
constexpr std::string_view kSealedBefore = "ENCRYPTED COSIGN PRIVATE KEY";
constexpr int kLeastRsaBits = 2048;

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Context = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;

Bio reading(std::string_view bytes) {
  return {BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())), &BIO_free};
}

/// Memory that OpenSSL wipes.
Bio writing() { return {BIO_new(BIO_s_secmem()), &BIO_free}; }

std::string text_of(BIO& bio) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(&bio, &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

std::shared_ptr<EVP_PKEY> owned(EVP_PKEY* key) { return {key, &EVP_PKEY_free}; }

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

bool is_supported(const EVP_PKEY& key) {
  if (EVP_PKEY_is_a(&key, "RSA")) return EVP_PKEY_get_bits(&key) >= kLeastRsaBits;
  if (!EVP_PKEY_is_a(&key, "EC")) return false;
  std::array<char, 40> group{};
  std::size_t size = 0;
  EVP_PKEY_get_group_name(&key, group.data(), group.size(), &size);
  const std::string_view name(group.data(), size);
  return name == "prime256v1" || name == "secp384r1" || name == "secp521r1";
}

Error unsupported(const std::string& what) {
  return error(Errc::invalid_argument, "{} holds a key of an algorithm that container signatures do not use",
               printable(what, 300))
      .with_hint("make a key on P-256, which every reader takes: slipway key generate");
}

std::string der_of(const EVP_PKEY& key) {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(&key, &der);
  if (size <= 0) return {};
  std::string bytes(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return bytes;
}

std::shared_ptr<EVP_PKEY> public_key_of(std::string_view der) {
  const unsigned char* at = bytes_of(der);
  return owned(d2i_PUBKEY(nullptr, &at, static_cast<long>(der.size())));
}

/// The label of a PEM text and its decoded bytes.
struct Armoured {
  std::string label;
  Secret bytes;
};

std::optional<Armoured> unarmoured(std::string_view pem) {
  const Bio bio = reading(pem);
  char* name = nullptr;
  char* header = nullptr;
  unsigned char* data = nullptr;
  long size = 0;
  if (PEM_read_bio(bio.get(), &name, &header, &data, &size) != 1) return std::nullopt;
  Armoured found{name, Secret(std::string(reinterpret_cast<const char*>(data), static_cast<std::size_t>(size)))};
  OPENSSL_free(name);
  OPENSSL_free(header);
  OPENSSL_clear_free(data, static_cast<std::size_t>(size));
  return found;
}

/// Passes the password on to OpenSSL, and what went wrong back.
struct Asked {
  const PasswordSource& password;
  std::optional<Error> problem = std::nullopt;
};

int give_password(char* buffer, int size, int /*writing*/, void* asked_by) {
  auto& asked = *static_cast<Asked*>(asked_by);
  const auto password = asked.password();
  if (!password) asked.problem = password.error();
  if (!password || password->reveal().size() > static_cast<std::size_t>(size)) return -1;
  std::memcpy(buffer, password->reveal().data(), password->reveal().size());
  return static_cast<int>(password->reveal().size());
}

Error unreadable(const std::string& what) {
  return error(Errc::invalid_argument, "{} holds no private key that can be opened", printable(what, 300))
      .with_hint("give a key of slipway or cosign, or PKCS #8, and its password in SLIPWAY_KEY_PASSWORD");
}

Result<std::shared_ptr<EVP_PKEY>> read_plain(const Secret& pem, const std::string& what,
                                             const PasswordSource& password) {
  Asked asked{password};
  const Bio bio = reading(pem.reveal());
  auto key = owned(PEM_read_bio_PrivateKey(bio.get(), nullptr, &give_password, &asked));
  if (key) return key;
  return fail(asked.problem ? *std::move(asked.problem) : unreadable(what));
}

Result<std::shared_ptr<EVP_PKEY>> read_sealed(const Secret& document, const std::string& what,
                                              const PasswordSource& password) {
  SLIPWAY_ASSIGN(const Secret given, password());
  const auto pkcs8 = open_key_document(document.reveal(), given);
  if (!pkcs8)
    return fail(error(Errc::invalid_argument, "{} cannot be opened: {}", printable(what, 300), pkcs8.error().message)
                    .with_hint("give its password in SLIPWAY_KEY_PASSWORD or COSIGN_PASSWORD"));
  const unsigned char* at = bytes_of(pkcs8->reveal());
  auto key = owned(d2i_AutoPrivateKey(nullptr, &at, static_cast<long>(pkcs8->reveal().size())));
  if (!key) return fail(unreadable(what));
  return key;
}

}  // namespace

PublicKey::PublicKey(std::string der) : der_(std::move(der)), fingerprint_(io::digest_of(der_)) {}

Result<PublicKey> PublicKey::parse(std::string_view pem, const std::string& what) {
  const Bio bio = reading(pem);
  const auto key = owned(PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr));
  if (!key) {
    return fail(error(Errc::invalid_argument, "{} is not a public key in PEM", printable(what, 300))
                    .with_hint("print the public half of a private key with: slipway key show FILE"));
  }
  if (!is_supported(*key)) return fail(unsupported(what));
  return PublicKey(der_of(*key));
}

std::string PublicKey::pem() const {
  const Bio bio = writing();
  PEM_write_bio_PUBKEY(bio.get(), public_key_of(der_).get());
  return text_of(*bio);
}

std::string PublicKey::hint() const {
  std::string raw;
  for (std::size_t i = 0; i + 1 < fingerprint_.hex().size(); i += 2)
    raw += static_cast<char>(*parse_whole<unsigned>(fingerprint_.hex().substr(i, 2), 16));
  return base64_encode(raw);
}

bool PublicKey::verifies(std::string_view message, std::string_view signature) const {
  const auto key = public_key_of(der_);
  const Context context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  return key && EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
         EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(message), message.size()) == 1;
}

Result<PrivateKey> PrivateKey::of(std::shared_ptr<EVP_PKEY> key, const std::string& what) {
  if (!is_supported(*key)) return fail(unsupported(what));
  PublicKey half(der_of(*key));
  return PrivateKey(std::move(key), std::move(half));
}

Result<PrivateKey> PrivateKey::generate() {
  auto key = owned(EVP_EC_gen("P-256"));
  if (!key) return fail(Errc::failed, "a key cannot be made: the system gives no random numbers");
  return of(std::move(key), "the new key");
}

Result<PrivateKey> PrivateKey::parse(const Secret& pem, const std::string& what, const PasswordSource& password) {
  const auto armoured = unarmoured(pem.reveal());
  if (!armoured) return fail(unreadable(what));
  const bool sealed = armoured->label == kSealed || armoured->label == kSealedBefore;
  auto read = sealed ? read_sealed(armoured->bytes, what, password) : read_plain(pem, what, password);
  if (!read) return fail(std::move(read).error());
  return of(*std::move(read), what);
}

Result<std::string> PrivateKey::encrypted(const Secret& password) const {
  const Bio der = writing();
  if (i2d_PKCS8PrivateKeyInfo_bio(der.get(), key_.get()) != 1) return fail(Errc::failed, "the key cannot be written");
  SLIPWAY_ASSIGN(const std::string document, seal_key_document(Secret(text_of(*der)), password));
  const Bio pem = writing();
  PEM_write_bio(pem.get(), std::string(kSealed).c_str(), "", bytes_of(document), static_cast<long>(document.size()));
  return text_of(*pem);
}

Result<std::string> PrivateKey::sign(std::string_view message) {
  const Context context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  std::size_t size = 0;
  if (EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, bytes_of(message), message.size()) != 1)
    return fail(Errc::failed, "the key cannot sign");
  std::string signature(size, '\0');
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, bytes_of(message),
                     message.size()) != 1)
    return fail(Errc::failed, "the key cannot sign");
  signature.resize(size);
  return signature;
}

}  // namespace slipway::trust
