#include "trust/key_file.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include "slipway/base/json_reader.h"
#include "slipway/base/text.h"
#include "trust/secretbox.h"

namespace slipway::trust {
namespace {

constexpr std::string_view kWhat = "the key file";
constexpr std::size_t kSalt = 32;  // bytes
constexpr std::int64_t kCost = 65'536;
constexpr std::int64_t kBlockSize = 8;

/// scrypt (RFC 7914) with r = 8 and p = 1.
Result<Secret> derived_key(const Secret& password, std::string_view salt, std::int64_t cost) {
  std::string key(kBoxKey, '\0');
  const auto most_memory = static_cast<std::uint64_t>(128 * kBlockSize * (cost + 2) + (1 << 20));
  const int done =
      EVP_PBE_scrypt(password.reveal().data(), password.reveal().size(),
                     reinterpret_cast<const unsigned char*>(salt.data()), salt.size(), static_cast<std::uint64_t>(cost),
                     kBlockSize, 1, most_memory, reinterpret_cast<unsigned char*>(key.data()), key.size());
  if (done != 1) return fail(Errc::failed, "the key cannot be derived from the password: scrypt failed");
  return Secret(std::move(key));
}

Result<std::string> bytes_of(JsonReader& reader, std::string_view key) {
  SLIPWAY_ASSIGN(const std::string text, reader.required_string(key));
  auto bytes = base64_decode(text);
  if (bytes) return *std::move(bytes);
  return fail(Errc::malformed, "{}: {} is not base64", kWhat, key);
}

Status require_name(JsonReader& reader, std::string_view name) {
  SLIPWAY_ASSIGN(const std::string found, reader.required_string("name"));
  if (found == name) return {};
  return fail(Errc::malformed, "{} uses \"{}\", and only \"{}\" is known", kWhat, printable(found, 80), name);
}

struct Box {
  std::string salt;
  std::int64_t cost = 0;
  std::string nonce, bytes;
};

Result<JsonReader> section(JsonReader& reader, std::string_view key) {
  SLIPWAY_ASSIGN(const Json* const found, reader.object(key));
  if (found == nullptr) return fail(Errc::malformed, "{} has no {}", kWhat, key);
  return JsonReader::of(*found, std::string(kWhat));
}

/// Other costs than those three are refused, as cosign does: somebody else's file may not choose how long we work.
Result<std::int64_t> cost_of(JsonReader& kdf) {
  SLIPWAY_ASSIGN(JsonReader params, section(kdf, "params"));
  SLIPWAY_ASSIGN(const std::int64_t cost, params.required_integer("N", 1, 1 << 20));
  SLIPWAY_ASSIGN(const std::int64_t block_size, params.required_integer("r", 1, 1 << 20));
  SLIPWAY_ASSIGN(const std::int64_t lanes, params.required_integer("p", 1, 1 << 20));
  const bool known =
      (cost == kCost / 2 || cost == kCost || cost == kCost * 2) && block_size == kBlockSize && lanes == 1;
  if (known) return cost;
  return fail(Errc::malformed, "{} has scrypt parameters that no known version writes: N {}, r {}, p {}", kWhat, cost,
              block_size, lanes);
}

Result<Box> read_box(std::string_view document) {
  SLIPWAY_ASSIGN(const Json json, Json::parse(document, kWhat, {.max_bytes = 64u << 10, .max_depth = 8}));
  SLIPWAY_ASSIGN(JsonReader reader, JsonReader::of(json, std::string(kWhat)));
  SLIPWAY_ASSIGN(JsonReader kdf, section(reader, "kdf"));
  SLIPWAY_ASSIGN(JsonReader cipher, section(reader, "cipher"));
  SLIPWAY_TRY(require_name(kdf, "scrypt"));
  SLIPWAY_TRY(require_name(cipher, "nacl/secretbox"));
  Box box;
  SLIPWAY_ASSIGN(box.cost, cost_of(kdf));
  SLIPWAY_ASSIGN(box.salt, bytes_of(kdf, "salt"));
  SLIPWAY_ASSIGN(box.nonce, bytes_of(cipher, "nonce"));
  SLIPWAY_ASSIGN(box.bytes, bytes_of(reader, "ciphertext"));
  if (box.nonce.size() == kBoxNonce && box.salt.size() == kSalt) return box;
  return fail(Errc::malformed, "{} has a salt or a nonce of another length", kWhat);
}

Result<std::string> random_bytes(std::size_t size) {
  std::string bytes(size, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(size)) == 1) return bytes;
  return fail(Errc::failed, "the system gives no random numbers");
}

}  // namespace

Result<Secret> open_key_document(std::string_view document, const Secret& password) {
  SLIPWAY_ASSIGN(const Box box, read_box(document));
  SLIPWAY_ASSIGN(const Secret key, derived_key(password, box.salt, box.cost));
  auto plain = open_box(key, box.nonce, box.bytes);
  if (plain) return *std::move(plain);
  return fail(Errc::unauthorized, "the password is wrong, or the file was altered");
}

Result<std::string> seal_key_document(const Secret& pkcs8, const Secret& password) {
  SLIPWAY_ASSIGN(const std::string salt, random_bytes(kSalt));
  SLIPWAY_ASSIGN(const std::string nonce, random_bytes(kBoxNonce));
  SLIPWAY_ASSIGN(const Secret key, derived_key(password, salt, kCost));
  Json params;
  params.set("N", kCost).set("r", kBlockSize).set("p", 1);
  Json kdf;
  kdf.set("name", "scrypt").set("params", std::move(params)).set("salt", base64_encode(salt));
  Json cipher;
  cipher.set("name", "nacl/secretbox").set("nonce", base64_encode(nonce));
  Json document;
  document.set("kdf", std::move(kdf)).set("cipher", std::move(cipher));
  document.set("ciphertext", base64_encode(seal_box(key, nonce, pkcs8)));
  return document.compact();
}

}  // namespace slipway::trust
