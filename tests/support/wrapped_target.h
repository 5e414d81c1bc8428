#pragma once

#include "slipway/store/target.h"

namespace slipway::test {

/// A target that passes everything on to another one and has no powers of its own.
class WrappedTarget : public store::Target {
 public:
  explicit WrappedTarget(store::Target* wrapped) : wrapped_(*wrapped) {}

  std::string name() const override { return wrapped_.name(); }
  store::ReadTarget* inner() const override { return &wrapped_; }
  Result<oci::Descriptor> resolve(const store::TagOrDigest& reference) override { return wrapped_.resolve(reference); }
  Result<bool> exists(const oci::Descriptor& descriptor) override { return wrapped_.exists(descriptor); }
  Result<std::unique_ptr<io::Source>> fetch(const oci::Descriptor& descriptor) override {
    return wrapped_.fetch(descriptor);
  }
  Status push(const oci::Descriptor& descriptor, io::RestartableSource& bytes, std::stop_token stop) override {
    return wrapped_.push(descriptor, bytes, std::move(stop));
  }
  Status tag(const oci::Descriptor& root, const std::string& tag) override { return wrapped_.tag(root, tag); }

 private:
  store::Target& wrapped_;
};

}  // namespace slipway::test
