#pragma once

#include <memory>
#include <string>

#include "slipway/base/digest.h"
#include "slipway/io/stream.h"

namespace slipway::io {

/// An incremental hash (OpenSSL EVP, with SHA instructions where the machine has them). One thread at a time.
class Hasher {
 public:
  /// `algorithm` is "sha256", "sha512" or "sha1"; the last one is for formats that demand it, with finish_hex() only.
  /// Anything else is an error of the caller and not noticed.
  explicit Hasher(std::string_view algorithm = "sha256");
  ~Hasher();
  Hasher(Hasher&&) noexcept;
  Hasher& operator=(Hasher&&) noexcept;

  /// Adds bytes.
  void update(Bytes bytes);
  /// Returns the digest of everything so far. Afterwards only reset() may be called.
  Digest finish();
  /// Like finish(), as lower-case hex without the algorithm.
  std::string finish_hex();
  /// Starts again with no bytes.
  void reset();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Returns the sha256 digest of the bytes.
Digest digest_of(std::string_view bytes);

}  // namespace slipway::io
