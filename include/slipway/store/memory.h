#pragma once

#include <map>
#include <mutex>
#include <string>

#include "slipway/store/target.h"

namespace slipway::store {

/// A Target in memory, for tests and for documents on their way to another target. It verifies as every Target does,
/// and forgets everything when destroyed. `name` stands for it in messages.
class MemoryTarget final : public Target, public BlobIngest, public TagLister, public ReferrerLister, public Deleter {
 public:
  explicit MemoryTarget(std::string name = "memory") : name_(std::move(name)) {}
  std::string name() const override { return name_; }
  Result<oci::Descriptor> resolve(const TagOrDigest& reference) override;
  Result<bool> exists(const oci::Descriptor& descriptor) override;
  Result<std::unique_ptr<io::Source>> fetch(const oci::Descriptor& descriptor) override;
  Status push(const oci::Descriptor& descriptor, io::RestartableSource& bytes, std::stop_token stop = {}) override;
  Status tag(const oci::Descriptor& root, const std::string& tag) override;
  Result<std::unique_ptr<BlobWriter>> start_blob(std::string media_type) override;
  Result<std::vector<std::string>> list_tags() override;
  Result<std::vector<oci::Descriptor>> referrers(const Digest& subject, const std::string& artifact_type) override;
  Status delete_tag(const std::string& tag) override;

 private:
  struct Blob {
    std::string media_type;
    std::string bytes;
  };
  friend class MemoryBlobWriter;
  std::string name_;
  std::mutex mutex_;
  std::map<Digest, Blob> blobs_;
  std::map<std::string, oci::Descriptor> tags_;
};

}  // namespace slipway::store
