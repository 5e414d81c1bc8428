#pragma once

#include <cstdint>
#include <string>

#include "slipway/oci/descriptor.h"

namespace slipway::builder {

/// A power that a BuildObserver may have, too: watches planning, the reading of a layer's files while it is packed,
/// and of blobs while they are unpacked, validated or listed. Called from several threads, about once for each MiB.
class WorkObserver {
 public:
  virtual ~WorkObserver() = default;
  /// The files of a platform's image are being listed and the closures of its programs found; then that is done.
  virtual void planning_started(const std::string& /*platform*/) {}
  virtual void planning_finished(const std::string& /*platform*/) {}
  /// In between: `at` bytes have been read of the `total` of all files that were opened so far, such as the programs
  /// and libraries of a closure; the total grows while more are found.
  virtual void planning_read(const std::string& /*platform*/, std::uint64_t /*at*/, std::uint64_t /*total*/) {}
  /// `at` of `total` bytes of a layer's files have been read.
  virtual void files_read(const std::string& platform, const std::string& name, std::uint64_t at,
                          std::uint64_t total) = 0;
  /// `at` bytes of a blob have been read.
  virtual void blob_read(const oci::Descriptor& blob, std::uint64_t at) = 0;
  /// The blob was read to its end, or reading it was given up.
  virtual void blob_finished(const oci::Descriptor& blob) = 0;
};

}  // namespace slipway::builder
