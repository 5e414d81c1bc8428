#pragma once

#include <map>
#include <mutex>

#include "registry/manifests.h"
#include "registry/referrers.h"
#include "registry/repository.h"
#include "slipway/store/blob_finder.h"

namespace slipway::registry {

/// A repository as a Target: manifests, referrers and the list of tags, and the blobs, which Upload and open_blob()
/// move.
class RegistryTarget final : public store::Target,
                             public store::Mounter,
                             public store::TagLister,
                             public store::ReferrerLister,
                             public store::Deleter,
                             public store::BlobFinder {
 public:
  RegistryTarget(std::shared_ptr<Host> host, std::string repository);

  void request_write_scope() { repository_.request_write_scope(); }

  std::string name() const override { return repository_.name(); }
  store::Traits traits() const override;
  std::string registry() const override { return repository_.host().name(); }
  std::string repository() const override { return repository_.path(); }

  Result<oci::Descriptor> resolve(const store::TagOrDigest& reference) override {
    return manifests_.resolve(reference);
  }
  Result<bool> exists(const oci::Descriptor& descriptor) override;
  Result<std::unique_ptr<io::Source>> fetch(const oci::Descriptor& descriptor) override;
  Result<store::Fetched> fetch_document(const store::TagOrDigest& reference) override {
    return manifests_.fetch(reference);
  }
  Status push(const oci::Descriptor& descriptor, io::RestartableSource& bytes, std::stop_token stop = {}) override;
  Status tag(const oci::Descriptor& root, const std::string& tag) override;
  Status push_tagged(const oci::Descriptor& root, std::string_view bytes, const std::string& tag) override;
  Result<std::int64_t> blob_size(const Digest& digest) override;
  Result<bool> mount(const oci::Descriptor& blob, const std::string& from_repository) override;
  Result<std::vector<std::string>> list_tags() override;
  Result<std::vector<oci::Descriptor>> referrers(const Digest& subject, const std::string& artifact_type) override {
    return referrers_.list(subject, artifact_type);
  }
  Status delete_tag(const std::string& tag) override;
  Status delete_manifest(const Digest& digest) override;

 private:
  Status put_document(const oci::Descriptor& descriptor, std::string_view bytes, const std::string& reference,
                      std::stop_token stop);
  Result<bool> has_blob(const oci::Descriptor& blob, bool retry);
  Status push_blob(const oci::Descriptor& blob, io::RestartableSource& bytes, std::stop_token stop);

  Repository repository_;
  Manifests manifests_;
  Referrers referrers_;
  std::mutex mutex_;
  std::map<Digest, std::string> sessions_;  // uploads that refused mounts left open, by blob
};

}  // namespace slipway::registry
