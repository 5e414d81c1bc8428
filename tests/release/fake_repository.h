#pragma once

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "slipway/io/filters.h"
#include "slipway/oci/document.h"
#include "slipway/oci/media_type.h"
#include "slipway/store/attachment_tag.h"
#include "slipway/store/memory.h"

namespace slipway::release {

/// A repository of a registry that exists in memory only. It mounts, and counts what was pushed to it, and the
/// requests that a real registry without the referrers API would get.
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
  store::Traits traits() const override { return {.asks_cost_a_request = true, .collects_untagged = true}; }
  Result<oci::Descriptor> resolve(const store::TagOrDigest& reference) override {
    ++requests;
    SLIPWAY_TRY(broken(reference));
    if (is_gone(reference)) return fail(Errc::not_found, "{} was deleted", store::to_string(reference));
    auto found = content_.resolve(reference);
    if (found && alter) alter(*found);
    return found;
  }
  Result<bool> exists(const oci::Descriptor& descriptor) override {
    ++requests;
    if (is_gone(descriptor.digest)) return false;
    return content_.exists(descriptor);
  }
  Result<store::Fetched> fetch_document(const store::TagOrDigest& reference) override {
    ++requests;
    ++reads;
    SLIPWAY_TRY(broken(reference));
    auto fetched = content_.fetch_document(reference);
    if (fetched) remember(fetched->descriptor.digest);
    return fetched;
  }
  Result<std::unique_ptr<io::Source>> fetch(const oci::Descriptor& descriptor) override {
    const std::scoped_lock lock(mutex_);
    if (!remembered_.contains(descriptor.digest)) {
      ++requests;
      ++reads;
    }
    if (oci::is_graph_node(descriptor.media_type)) remembered_.insert(descriptor.digest);
    return content_.fetch(descriptor);
  }
  Status push(const oci::Descriptor& descriptor, io::RestartableSource& bytes, std::stop_token stop) override {
    if (oci::is_graph_node(descriptor.media_type) && !descriptor.artifact_type.empty())
      SLIPWAY_TRY(answered(subject_status));
    // The artifacts of releases are small; what a promotion must not move are an image's blobs.
    const bool document = oci::is_graph_node(descriptor.media_type);
    // A manifest with a subject is added to the list of referrers: read, written.
    const int cost = document ? (descriptor.artifact_type.empty() ? 1 : 3) : 2;
    requests += cost;
    writes += cost;
    pushed.push_back(descriptor);
    if (!oci::is_graph_node(descriptor.media_type)) pushed_blobs.insert(descriptor.media_type);
    gone_.erase(descriptor.digest);
    SLIPWAY_TRY(content_.push(descriptor, bytes, std::move(stop)));
    return keep_referrer(descriptor);
  }
  /// As a registry target does it without a referrers API.
  Status keep_referrer(const oci::Descriptor& descriptor) {
    if (!oci::is_graph_node(descriptor.media_type) || descriptor.artifact_type.empty()) return {};
    SLIPWAY_ASSIGN(const store::Fetched fetched, content_.fetch_document(descriptor.digest));
    SLIPWAY_ASSIGN(const auto document, oci::parse_document(fetched.bytes, descriptor.media_type));
    const auto& subject = oci::subject_of(document);
    return subject ? content_.tag(descriptor, store::attachment_tag(subject->digest, descriptor.digest)) : Status();
  }
  Status push_tagged(const oci::Descriptor& root, std::string_view bytes, const std::string& tag_name) override {
    ++requests;
    ++writes;
    tagged.push_back(tag_name);
    call(before_tag, tag_name);
    const Status put = content_.push_tagged(root, bytes, tag_name);
    call(after_tag, tag_name);
    return put;
  }
  Status tag(const oci::Descriptor& root, const std::string& tag_name) override {
    ++requests;
    ++writes;
    if (immutable_tags && content_.resolve(tag_name)) {
      Error refused(Errc::conflict, fmt::format("{} does not move tags", name()));
      refused.http = HttpDetail{409, "TAG_INVALID", "immutable"};
      return fail(std::move(refused));
    }
    tagged.push_back(tag_name);
    call(before_tag, tag_name);
    const Status put = content_.tag(root, tag_name);
    call(after_tag, tag_name);
    return put;
  }
  Result<std::vector<std::string>> list_tags() override {
    ++requests;
    SLIPWAY_ASSIGN(auto tags, content_.list_tags());
    for (const auto& [tag, fault] : faults) {
      if (fault.listed && !std::binary_search(tags.begin(), tags.end(), tag)) tags.push_back(tag);
    }
    std::erase_if(tags, [this](const std::string& tag) { return unlisted.contains(tag); });
    std::sort(tags.begin(), tags.end());
    return tags;
  }
  Result<std::vector<oci::Descriptor>> referrers(const Digest& subject, const std::string& type) override {
    SLIPWAY_TRY(answered(referrers_status));
    // As a registry without the referrers API, where something else has the tag of the list.
    if (content_.resolve(store::referrers_tag(subject)))
      return fail(Errc::conflict, "{} is not a list of referrers", store::referrers_tag(subject));
    return content_.referrers(subject, type);
  }
  Status delete_tag(const std::string& tag_name) override {
    faults.erase(tag_name);
    if (deletes != Deletes::tags) return fail(Errc::unsupported, "{} deletes no tag alone", name());
    return content_.delete_tag(tag_name);
  }
  Status delete_manifest(const Digest& digest) override {
    if (deletes == Deletes::nothing) return fail(Errc::unsupported, "{} does not allow deleting", name());
    if (is_gone(digest) || !content_.resolve(digest)) return fail(Errc::not_found, "{} is not there", digest.str());
    SLIPWAY_ASSIGN(const auto tags, content_.list_tags());
    for (const std::string& tag_name : tags) {
      if (content_.resolve(tag_name)->digest == digest) SLIPWAY_TRY(content_.delete_tag(tag_name));
    }
    gone_.insert(digest);
    return {};
  }
  std::string registry() const override { return host_; }
  std::string repository() const override { return repository_; }
  Result<bool> mount(const oci::Descriptor& blob, const std::string& from) override {
    ++requests;
    ++writes;
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

  /// A tag, or a digest as text, that cannot be read.
  struct Fault {
    Errc code = Errc::not_found;
    int times = -1;      ///< how often; for ever when negative
    bool listed = true;  ///< among the tags
  };
  std::map<std::string, Fault> faults;
  std::set<std::string> unlisted;  ///< tags that the list does not show yet
  bool immutable_tags = false;     ///< tag() refuses to move one
  /// The rights of a client: it deletes tags alone and manifests, manifests with their tags, or nothing.
  enum class Deletes { tags, manifests, nothing };
  Deletes deletes = Deletes::tags;
  /// The registry's answer to documents with a subject; 0: it takes them.
  int subject_status = 0;
  /// The registry's answer to questions for referrers; 0: the list.
  int referrers_status = 0;
  std::function<void(const std::string& tag)> before_tag;  ///< called once, before the next tag is written
  std::function<void(const std::string& tag)> after_tag;   ///< called once, after the next tag was written
  std::function<void(oci::Descriptor& found)> alter;       ///< of every answer of resolve()

  std::set<std::string> pushed_blobs;  ///< media types
  std::vector<std::string> tagged;     ///< in order
  int mounted = 0;
  std::atomic<int> requests = 0;
  std::atomic<int> reads = 0;           ///< of them GETs
  std::atomic<int> writes = 0;          ///< of them POSTs and PUTs
  std::vector<oci::Descriptor> pushed;  ///< in order

 private:
  using Hook = std::function<void(const std::string& tag)>;
  static void call(Hook& hook, const std::string& tag) {
    if (!hook) return;
    const Hook once = std::exchange(hook, nullptr);
    once(tag);
  }
  Status answered(int status) const {
    if (status == 0) return {};
    const Errc code = status == 429 ? Errc::rate_limited : status == 401 ? Errc::unauthorized : Errc::failed;
    Error refused(code, fmt::format("{} answers {}", name(), status));
    refused.http = HttpDetail{status, "MANIFEST_INVALID", "subject"};
    return fail(std::move(refused));
  }
  Status broken(const store::TagOrDigest& reference) {
    const auto at = faults.find(store::to_string(reference));
    if (at == faults.end() || at->second.times == 0) return {};
    if (at->second.times > 0) --at->second.times;
    Error why(at->second.code, fmt::format("{} cannot be read", store::to_string(reference)));
    if (why.code == Errc::network) why.http = HttpDetail{500, "UNKNOWN", ""};
    return fail(std::move(why));
  }
  bool is_gone(const store::TagOrDigest& reference) const {
    const auto* digest = std::get_if<Digest>(&reference);
    return digest != nullptr && gone_.contains(*digest);
  }
  void remember(const Digest& digest) {
    const std::scoped_lock lock(mutex_);
    remembered_.insert(digest);
  }

  std::mutex mutex_;
  std::set<Digest> gone_;
  std::set<Digest> remembered_;  ///< documents that cost no second request
  Repositories& all_;
  std::string host_;
  std::string repository_;
  store::MemoryTarget content_;
};

}  // namespace slipway::release
