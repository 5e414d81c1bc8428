#pragma once

#include <memory>

#include "slipway/store/target.h"

namespace slipway::store {

/// Turns a Location into a Target; its tag and digest are ignored. cli has the one for layouts, archives and
/// registries; tests pass their own. Thread-safe. The targets stay usable after the Opener.
class Opener {
 public:
  virtual ~Opener() = default;
  /// `side` selects credentials and TLS options, and is the side of errors. Errc::not_found when a layout or archive to
  /// be read does not exist; opened for writing it is created. A registry is not contacted here.
  virtual Result<std::shared_ptr<ReadTarget>> open_for_reading(const oci::Location& location, Side side) = 0;
  virtual Result<std::shared_ptr<Target>> open_for_writing(const oci::Location& location, Side side) = 0;
};

/// Returns the argument for target.resolve() that a location means: its digest, else its tag, else the only image or
/// tag of a layout or archive. Errc::invalid_argument when there are several or the target cannot list them, not_found
/// when it is empty.
Result<TagOrDigest> reference_of(const oci::Location& location, ReadTarget& target);

}  // namespace slipway::store
