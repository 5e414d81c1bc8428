#pragma once

#include "slipway/io/filters.h"
#include "slipway/store/target.h"

namespace slipway::cli {

/// An index that is nowhere yet, as somewhere to copy from.
class IndexSource final : public store::ReadTarget {
 public:
  IndexSource(oci::Descriptor root, std::string bytes) : root_(std::move(root)), bytes_(std::move(bytes)) {}
  std::string name() const override { return "the index"; }
  Result<oci::Descriptor> resolve(const store::TagOrDigest& reference) override {
    if (reference == store::TagOrDigest(root_.digest)) return root_;
    return fail(Errc::not_found, "the index is not {}", store::to_string(reference));
  }
  Result<bool> exists(const oci::Descriptor& descriptor) override { return descriptor.digest == root_.digest; }
  Result<std::unique_ptr<io::Source>> fetch(const oci::Descriptor& descriptor) override {
    if (descriptor.digest != root_.digest) return fail(Errc::not_found, "{} is not here", descriptor.digest.str());
    return std::unique_ptr<io::Source>(std::make_unique<io::StringSource>(bytes_));
  }

 private:
  const oci::Descriptor root_;
  const std::string bytes_;
};

}  // namespace slipway::cli
