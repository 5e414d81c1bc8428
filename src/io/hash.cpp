#include "slipway/io/hash.h"

#include <openssl/evp.h>

#include <array>

namespace slipway::io {
namespace {

/// EVP_MD_fetch is slow; each algorithm is fetched once for the life of the process.
const EVP_MD* algorithm_named(std::string_view name) {
  static EVP_MD* const kSha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  static EVP_MD* const kSha512 = EVP_MD_fetch(nullptr, "SHA512", nullptr);
  static EVP_MD* const kSha1 = EVP_MD_fetch(nullptr, "SHA1", nullptr);
  return name == "sha512" ? kSha512 : name == "sha1" ? kSha1 : kSha256;
}

}  // namespace

struct Hasher::Impl {
  std::string name;
  const EVP_MD* algorithm;
  EVP_MD_CTX* context;

  explicit Impl(std::string_view n) : name(n), algorithm(algorithm_named(n)), context(EVP_MD_CTX_new()) {
    EVP_DigestInit_ex2(context, algorithm, nullptr);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() { EVP_MD_CTX_free(context); }
};

Hasher::Hasher(std::string_view algorithm) : impl_(std::make_unique<Impl>(algorithm)) {}
Hasher::~Hasher() = default;
Hasher::Hasher(Hasher&&) noexcept = default;
Hasher& Hasher::operator=(Hasher&&) noexcept = default;

void Hasher::update(Bytes bytes) { EVP_DigestUpdate(impl_->context, bytes.data(), bytes.size()); }

Digest Hasher::finish() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> raw;
  unsigned size = 0;
  EVP_DigestFinal_ex(impl_->context, raw.data(), &size);
  return Digest::from_bytes(impl_->name, {reinterpret_cast<const char*>(raw.data()), size});
}

std::string Hasher::finish_hex() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> raw;
  unsigned size = 0;
  EVP_DigestFinal_ex(impl_->context, raw.data(), &size);
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string hex;
  for (unsigned i = 0; i < size; ++i) {
    hex += kHex[raw[i] >> 4];
    hex += kHex[raw[i] & 15];
  }
  return hex;
}

void Hasher::reset() { EVP_DigestInit_ex2(impl_->context, impl_->algorithm, nullptr); }

Digest digest_of(std::string_view bytes) {
  Hasher hasher;
  hasher.update(as_bytes(bytes));
  return hasher.finish();
}

}  // namespace slipway::io
