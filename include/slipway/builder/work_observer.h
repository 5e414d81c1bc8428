#pragma once

#include <cstdint>
#include <string>

#include "slipway/oci/descriptor.h"

namespace slipway::builder {

/// The power of an Observer to watch reading: the files of a layer while it is packed, the blobs of an image while they
/// are unpacked, validated or listed. Called from several threads, about once a MiB.
class WorkObserver {
 public:
  virtual ~WorkObserver() = default;
  /// `at` of `total` bytes of a layer's files have been read.
  virtual void files_read(const std::string& platform, const std::string& name, std::uint64_t at,
                          std::uint64_t total) = 0;
  /// `at` bytes of a blob have been read.
  virtual void blob_read(const oci::Descriptor& blob, std::uint64_t at) = 0;
  /// The blob is read to its end, or nobody reads on.
  virtual void blob_finished(const oci::Descriptor& blob) = 0;
};

}  // namespace slipway::builder
