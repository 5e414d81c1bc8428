#pragma once

#include <atomic>
#include <map>

#include "registry/host.h"

namespace slipway::registry {

/// A repository as a Target. Documents it fetched or pushed are remembered, so
/// that tagging them needs no further request.
class RegistryTarget final : public store::Target,
                             public store::Mounter,
                             public store::TagLister,
                             public store::ReferrerLister,
                             public store::Deleter {
 public:
  RegistryTarget(std::shared_ptr<Host> host, std::string repository);

  /// Reading asks for the rights to write from now on, too: one token serves both.
  void will_be_written() { reading_ = "pull,push"; }

  std::string name() const override { return host_->name() + "/" + repository_; }
  store::Traits traits() const override {
    return {.asks_cost_a_request = true,
            .collects_untagged = true,
            .refuses_incomplete = host_->memory().refuses_incomplete()};
  }
  std::string registry() const override { return host_->name(); }
  std::string repository() const override { return repository_; }

  Result<oci::Descriptor> resolve(const store::TagOrDigest& reference) override;
  Result<bool> exists(const oci::Descriptor& descriptor) override;
  Result<std::unique_ptr<io::Source>> fetch(const oci::Descriptor& descriptor) override;
  Result<store::Fetched> fetch_document(const store::TagOrDigest& reference) override;
  Status push(const oci::Descriptor& descriptor, io::RestartableSource& bytes, std::stop_token stop = {}) override;
  Status tag(const oci::Descriptor& root, const std::string& tag) override;
  Status push_tagged(const oci::Descriptor& root, std::string_view bytes, const std::string& tag) override;
  Result<bool> mount(const oci::Descriptor& blob, const std::string& from_repository) override;
  Result<std::vector<std::string>> list_tags() override;
  Result<std::vector<oci::Descriptor>> referrers(const Digest& subject, const std::string& artifact_type) override;
  Status delete_tag(const std::string& tag) override;
  Status delete_manifest(const Digest& digest) override;

 private:
  Call call(std::string method, const std::string& path, std::string what, std::string actions = {}) const;
  Call manifest_call(std::string method, const std::string& reference, std::string actions = {}) const;
  Status put_document(const oci::Descriptor& descriptor, std::string_view bytes, const std::string& reference,
                      std::stop_token stop);
  Result<bool> has(const oci::Descriptor& descriptor, bool retry);
  /// Waits until a manifest that was taken is there.
  Status see(const oci::Descriptor& descriptor, std::stop_token stop);
  Status push_blob(const oci::Descriptor& descriptor, io::RestartableSource& bytes, std::stop_token stop);
  Result<store::Fetched> checked_document(const Reply& reply, const store::TagOrDigest& reference) const;

  Status add_fallback_referrer(const oci::Descriptor& referrer, std::string_view bytes, const Digest& subject);
  Result<std::optional<oci::Index>> fallback_index(const Digest& subject);
  /// Every page of the referrers API; nullopt when the registry does not have it.
  Result<std::optional<std::vector<oci::Descriptor>>> api_referrers(const Digest& subject);
  /// The path of the page after this one; nullopt when it is the last.
  Result<std::optional<std::string>> next_page(const Reply& reply, std::string_view list) const;

  void remember(const oci::Descriptor& descriptor, std::string_view bytes);
  std::optional<std::string> remembered(const Digest& digest);

  std::shared_ptr<Host> host_;
  std::string repository_;

  std::atomic<const char*> reading_ = "pull";

  std::mutex mutex_;
  std::map<Digest, std::string> documents_;
  std::size_t document_bytes_ = 0;
  std::map<Digest, std::string> sessions_;  // upload sessions that a refused mount left open
  std::mutex fallback_mutex_;
};

/// The tag that lists a subject's referrers where the API is missing (distribution-spec "Referrers Tag Schema").
std::string fallback_tag(const Digest& subject);

/// The rel="next" reference of a Link header; nullopt when there is none.
std::optional<std::string> next_link(std::string_view header);

}  // namespace slipway::registry
