#pragma once

#include <memory>

#include "slipway/store/target.h"

namespace slipway::store {

/// Turns a Location into a Target. cli puts the real one together (layouts,
/// archives, registries); tests hand in one of their own. Thread-safe.
class Opener {
 public:
  virtual ~Opener() = default;
  /// `side` says which credentials and TLS flags apply, and whom errors blame.
  virtual Result<std::shared_ptr<ReadTarget>> open_for_reading(const oci::Location& location, Side side) = 0;
  virtual Result<std::shared_ptr<Target>> open_for_writing(const oci::Location& location, Side side) = 0;
};

/// The content that a location's tag or digest names: the digest decides, then the tag;
/// without either, the only image of a layout. Errc::invalid_argument when ambiguous.
Result<TagOrDigest> reference_of(const oci::Location& location, ReadTarget& target);

}  // namespace slipway::store
