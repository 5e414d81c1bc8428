#pragma once

#include <memory>
#include <string>

#include "slipway/base/digest.h"
#include "slipway/io/stream.h"

namespace slipway::io {

/// Incremental hash (OpenSSL EVP, SHA instructions where the machine has them). One thread at a time.
class Hasher {
 public:
  /// "sha256", "sha512"; "sha1" for formats that ask for it, with finish_hex() only.
  explicit Hasher(std::string_view algorithm = "sha256");
  ~Hasher();
  Hasher(Hasher&&) noexcept;
  Hasher& operator=(Hasher&&) noexcept;

  void update(Bytes bytes);
  /// The digest of everything so far; the hasher may not be used afterwards except by reset().
  Digest finish();
  /// As finish(), as lower-case hex without the algorithm.
  std::string finish_hex();
  void reset();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// sha256 of the bytes.
Digest digest_of(std::string_view bytes);

}  // namespace slipway::io
