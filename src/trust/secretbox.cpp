#include "trust/secretbox.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <bit>
#include <cstdint>
#include <cstring>
#include <memory>

namespace slipway::trust {
namespace {

using Words = std::array<std::uint32_t, 16>;

constexpr std::array<std::uint32_t, 4> kSigma{0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};  // "expand 32-byte k"

std::uint32_t word_at(std::string_view bytes, std::size_t index) {
  std::uint32_t word = 0;
  for (std::size_t i = 4; i-- > 0;)
    word = word << 8 | static_cast<unsigned char>(bytes[4 * index + i]);
  return word;
}

void append_word(std::string& bytes, std::uint32_t word) {
  for (int i = 0; i < 4; ++i, word >>= 8)
    bytes += static_cast<char>(word & 0xff);
}

/// The start of the core: key at 1 to 4 and 11 to 14, `middle` at 6 to 9.
Words words_of(std::string_view key, const std::array<std::uint32_t, 4>& middle) {
  Words x{};
  for (std::size_t i = 0; i < 4; ++i) {
    x[5 * i] = kSigma[i];
    x[1 + i] = word_at(key, i);
    x[11 + i] = word_at(key, 4 + i);
    x[6 + i] = middle[i];
  }
  return x;
}

void quarter(std::uint32_t& a, std::uint32_t& b, std::uint32_t& c, std::uint32_t& d) {
  b ^= std::rotl(a + d, 7);
  c ^= std::rotl(b + a, 9);
  d ^= std::rotl(c + b, 13);
  a ^= std::rotl(d + c, 18);
}

/// Twenty rounds of Salsa20 (https://cr.yp.to/snuffle/spec.pdf sections 3 to 7).
void run_rounds(Words& x) {
  for (int i = 0; i < 10; ++i) {
    quarter(x[0], x[4], x[8], x[12]);
    quarter(x[5], x[9], x[13], x[1]);
    quarter(x[10], x[14], x[2], x[6]);
    quarter(x[15], x[3], x[7], x[11]);
    quarter(x[0], x[1], x[2], x[3]);
    quarter(x[5], x[6], x[7], x[4]);
    quarter(x[10], x[11], x[8], x[9]);
    quarter(x[15], x[12], x[13], x[14]);
  }
}

void wipe(std::string& bytes) { OPENSSL_cleanse(bytes.data(), bytes.size()); }

/// The XSalsa20 stream of a long nonce.
std::string stream_of(const Secret& key, std::string_view nonce, std::size_t size) {
  std::string inner = hsalsa20(key.reveal(), nonce.substr(0, 16));
  std::string stream = salsa20_stream(inner, nonce.substr(16), size);
  wipe(inner);
  return stream;
}

/// Adds the stream to the bytes, beside its first 32, which are the one-time key of the tag.
std::string mixed(std::string_view bytes, std::string_view stream) {
  std::string out(bytes);
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = static_cast<char>(out[i] ^ stream[kBoxKey + i]);
  return out;
}

}  // namespace

std::string hsalsa20(std::string_view key, std::string_view input) {
  Words x = words_of(key, {word_at(input, 0), word_at(input, 1), word_at(input, 2), word_at(input, 3)});
  run_rounds(x);
  std::string out;
  out.reserve(kBoxKey);
  for (const std::size_t i : std::array<std::size_t, 8>{0, 5, 10, 15, 6, 7, 8, 9})
    append_word(out, x[i]);
  OPENSSL_cleanse(x.data(), sizeof x);
  return out;
}

std::string salsa20_stream(std::string_view key, std::string_view nonce, std::size_t size) {
  std::string out;
  out.reserve(size + 64);
  for (std::uint64_t block = 0; out.size() < size; ++block) {
    const auto low = static_cast<std::uint32_t>(block), high = static_cast<std::uint32_t>(block >> 32);
    const Words start = words_of(key, {word_at(nonce, 0), word_at(nonce, 1), low, high});
    Words x = start;
    run_rounds(x);
    for (std::size_t i = 0; i < x.size(); ++i)
      append_word(out, x[i] + start[i]);
  }
  out.resize(size);
  return out;
}

std::string poly1305(std::string_view key, std::string_view message) {
  const std::unique_ptr<EVP_MAC, decltype(&EVP_MAC_free)> mac(EVP_MAC_fetch(nullptr, "POLY1305", nullptr),
                                                              &EVP_MAC_free);
  const std::unique_ptr<EVP_MAC_CTX, decltype(&EVP_MAC_CTX_free)> context(EVP_MAC_CTX_new(mac.get()),
                                                                          &EVP_MAC_CTX_free);
  std::array<unsigned char, kBoxTag> tag{};
  std::size_t size = 0;
  const auto bytes = [](std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); };
  EVP_MAC_init(context.get(), bytes(key), key.size(), nullptr);
  EVP_MAC_update(context.get(), bytes(message), message.size());
  EVP_MAC_final(context.get(), tag.data(), &size, tag.size());
  return {tag.begin(), tag.end()};
}

std::string seal_box(const Secret& key, std::string_view nonce, const Secret& plain) {
  std::string stream = stream_of(key, nonce, kBoxKey + plain.reveal().size());
  const std::string cipher = mixed(plain.reveal(), stream);
  std::string box = poly1305(std::string_view(stream).substr(0, kBoxKey), cipher) + cipher;
  wipe(stream);
  return box;
}

std::optional<Secret> open_box(const Secret& key, std::string_view nonce, std::string_view box) {
  if (box.size() < kBoxTag) return std::nullopt;
  const std::string_view cipher = box.substr(kBoxTag);
  std::string stream = stream_of(key, nonce, kBoxKey + cipher.size());
  const std::string tag = poly1305(std::string_view(stream).substr(0, kBoxKey), cipher);
  std::optional<Secret> plain;
  if (CRYPTO_memcmp(tag.data(), box.data(), kBoxTag) == 0) plain.emplace(mixed(cipher, stream));
  wipe(stream);
  return plain;
}

}  // namespace slipway::trust
