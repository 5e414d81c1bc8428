#pragma once

#include <map>

#include "slipway/io/filters.h"
#include "slipway/oci/media_type.h"
#include "slipway/store/memory.h"

namespace slipway::release {

/// A repository of a registry that exists in memory only. It mounts, and counts what was pushed to it.
class FakeRepository final : public store::Target,
                             public store::TagLister,
                             public store::ReferrerLister,
                             public store::Mounter,
                             public store::Deleter {
 public:
  using Repositories = std::map<std::string, std::shared_ptr<FakeRepository>>;
  FakeRepository(Repositories& all, std::string host, std::string repository)
      : all_(all), host_(std::move(host)), repository_(std::move(repository)), content_(host_ + "/" + repository_) {}

  std::string name() const override { return content_.name(); }
  Result<oci::Descriptor> resolve(const store::TagOrDigest& reference) override { return content_.resolve(reference); }
  Result<bool> exists(const oci::Descriptor& descriptor) override { return content_.exists(descriptor); }
  Result<std::unique_ptr<io::Source>> fetch(const oci::Descriptor& descriptor) override {
    return content_.fetch(descriptor);
  }
  Status push(const oci::Descriptor& descriptor, io::RestartableSource& bytes, std::stop_token stop) override {
    // The artifacts of releases are small; what a promotion must not move are an image's blobs.
    if (!oci::is_graph_node(descriptor.media_type)) pushed_blobs.insert(descriptor.media_type);
    return content_.push(descriptor, bytes, std::move(stop));
  }
  Status tag(const oci::Descriptor& root, const std::string& tag_name) override {
    tagged.push_back(tag_name);
    return content_.tag(root, tag_name);
  }
  Result<std::vector<std::string>> list_tags() override { return content_.list_tags(); }
  Result<std::vector<oci::Descriptor>> referrers(const Digest& subject, const std::string& type) override {
    return content_.referrers(subject, type);
  }
  Status delete_tag(const std::string& tag_name) override { return content_.delete_tag(tag_name); }
  std::string registry() const override { return host_; }
  std::string repository() const override { return repository_; }
  Result<bool> mount(const oci::Descriptor& blob, const std::string& from) override {
    const auto at = all_.find(host_ + "/" + from);
    if (at == all_.end()) return false;
    auto source = at->second->content_.fetch(blob);
    if (!source) return false;
    SLIPWAY_ASSIGN(std::string bytes, io::read_all(**source, 1u << 20));
    io::StringSource text(std::move(bytes));
    SLIPWAY_TRY(content_.push(blob, text));
    ++mounted;
    return true;
  }

  std::set<std::string> pushed_blobs;  ///< media types
  std::vector<std::string> tagged;     ///< in order
  int mounted = 0;

 private:
  Repositories& all_;
  std::string host_;
  std::string repository_;
  store::MemoryTarget content_;
};

}  // namespace slipway::release
