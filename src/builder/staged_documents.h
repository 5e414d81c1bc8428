#pragma once

#include <map>
#include <mutex>

#include "slipway/store/target.h"

namespace slipway::builder {

/// The documents of a build (configs, manifests, index) between their making and the copy to the destinations.
class StagedDocuments final : public store::ReadTarget {
 public:
  /// Keeps the bytes and describes them.
  oci::Descriptor add(std::string media_type, std::string bytes);

  std::string name() const override { return "the build"; }
  Result<oci::Descriptor> resolve(const store::TagOrDigest& reference) override;
  Result<bool> exists(const oci::Descriptor& descriptor) override;
  Result<std::unique_ptr<io::Source>> fetch(const oci::Descriptor& descriptor) override;

 private:
  struct Document {
    std::string media_type;
    std::string bytes;
  };
  std::mutex mutex_;
  std::map<Digest, Document> documents_;
};

}  // namespace slipway::builder
