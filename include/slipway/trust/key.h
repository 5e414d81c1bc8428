#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "slipway/base/digest.h"
#include "slipway/base/secret.h"

struct evp_pkey_st;

namespace slipway::trust {

/// The public half of a signing key: ECDSA over P-256, P-384 or P-521, or RSA of 2,048 bits or more with PKCS #1 v1.5;
/// always over SHA-256, as cosign and containers/image verify. A value; thread-safe.
class PublicKey {
 public:
  /// Parses PEM `PUBLIC KEY` (RFC 7468 section 13). Errc::invalid_argument for anything else and for other algorithms;
  /// `what` names the text in messages.
  static Result<PublicKey> parse(std::string_view pem, const std::string& what);
  /// Returns the key as PEM.
  std::string pem() const;
  /// Returns the SHA-256 of the SubjectPublicKeyInfo (DER), by which keys are told apart.
  const Digest& fingerprint() const { return fingerprint_; }
  /// Returns the fingerprint's bytes in base64: the hint of a sigstore bundle.
  std::string hint() const;
  /// Returns true if `signature` (ASN.1 DER, or raw with RSA) of `message` was made by this key.
  bool verifies(std::string_view message, std::string_view signature) const;
  bool operator==(const PublicKey& other) const { return der_ == other.der_; }

 private:
  friend class PrivateKey;
  explicit PublicKey(std::string der);
  std::string der_;
  Digest fingerprint_;
};

/// Makes signatures.
class Signer {
 public:
  virtual ~Signer() = default;
  virtual const PublicKey& public_key() const = 0;
  /// Returns the signature over SHA-256 of `message`, which public_key() verifies.
  virtual Result<std::string> sign(std::string_view message) = 0;
};

/// Asked for a password when a key turns out to need one.
using PasswordSource = std::function<Result<Secret>()>;

/// A private key in memory, wiped when the last copy goes. Copies share the key. Thread-safe.
class PrivateKey final : public Signer {
 public:
  /// Makes a new key on P-256.
  static Result<PrivateKey> generate();
  /// Parses cosign's encrypted PEM (`ENCRYPTED SIGSTORE PRIVATE KEY`, `ENCRYPTED COSIGN PRIVATE KEY`: scrypt and NaCl's
  /// secretbox), PKCS #8, plain or encrypted, `EC PRIVATE KEY` and `RSA PRIVATE KEY`. Errc::invalid_argument for
  /// anything else and for a wrong password; `what` names the text, no message quotes it.
  static Result<PrivateKey> parse(const Secret& pem, const std::string& what, const PasswordSource& password);
  /// Returns the key in cosign's encrypted form, which cosign signs with.
  Result<std::string> encrypted(const Secret& password) const;

  const PublicKey& public_key() const override { return public_; }
  Result<std::string> sign(std::string_view message) override;

 private:
  PrivateKey(std::shared_ptr<evp_pkey_st> key, PublicKey half) : key_(std::move(key)), public_(std::move(half)) {}
  static Result<PrivateKey> of(std::shared_ptr<evp_pkey_st> key, const std::string& what);
  std::shared_ptr<evp_pkey_st> key_;
  PublicKey public_;
};

}  // namespace slipway::trust
