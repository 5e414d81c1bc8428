#pragma once

#include "slipway/base/digest.h"
#include "slipway/base/result.h"

namespace slipway::store {

/// A power (powers.h): finds a blob by its digest alone, when no descriptor has its size. Thread-safe.
class BlobFinder {
 public:
  virtual ~BlobFinder() = default;
  /// Returns the size of a blob, in bytes. Errc::not_found.
  virtual Result<std::int64_t> blob_size(const Digest& digest) = 0;
};

}  // namespace slipway::store
