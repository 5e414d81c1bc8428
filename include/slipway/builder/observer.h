#pragma once

#include <string>

#include "slipway/copy/copy.h"

namespace slipway::builder {

/// Watches a build: its layers, then the transfers to the destinations. Called from several threads.
class BuildObserver : public copy::Observer {
 public:
  /// A layer that cannot be reused is being read and written.
  virtual void layer_started(const std::string& /*platform*/, const std::string& /*name*/) {}
  /// A layer was not read, because its files are those of an earlier build whose blob still exists.
  virtual void layer_reused(const std::string& /*platform*/, const std::string& /*name*/, const oci::Descriptor&) {}
  virtual void layer_built(const std::string& /*platform*/, const std::string& /*name*/, const oci::Descriptor&) {}
};

}  // namespace slipway::builder
