#pragma once

#include <limits>
#include <mutex>

#include "slipway/registry/knowledge.h"

namespace slipway::registry {

/// The knowledge of one host: recalled when first asked for, kept when something new is learned. Thread-safe.
class HostMemory {
 public:
  HostMemory(std::string host, KnowledgeStore* store) : host_(std::move(host)), store_(store) {}

  std::optional<bool> single_post() { return known().single_post; }
  void learn_single_post(bool takes) {
    learn([&](Knowledge& knowledge) { knowledge.single_post = takes; });
  }
  /// The largest body that it takes in one request, as far as known.
  std::int64_t largest_body() { return known().largest_body.value_or(std::numeric_limits<std::int64_t>::max()); }
  void learn_largest_body(std::int64_t bytes) {
    learn([&](Knowledge& knowledge) {
      knowledge.largest_body = std::min(knowledge.largest_body.value_or(bytes), bytes);
    });
  }
  bool refuses_incomplete() { return known().refuses_incomplete.value_or(false); }
  void learn_refuses_incomplete(bool refuses) {
    learn([&](Knowledge& knowledge) { knowledge.refuses_incomplete = refuses; });
  }
  /// Not kept: yesterday's "no" must not hide today's signatures.
  std::optional<bool> referrers_api() {
    const std::scoped_lock lock(mutex_);
    return referrers_api_;
  }
  void learn_referrers_api(bool has) {
    const std::scoped_lock lock(mutex_);
    referrers_api_ = has;
  }
  /// True once the referrers API listed something; not kept.
  bool trusts_referrers_api() {
    const std::scoped_lock lock(mutex_);
    return trusts_referrers_api_;
  }
  void trust_referrers_api() {
    const std::scoped_lock lock(mutex_);
    trusts_referrers_api_ = true;
  }
  /// True once a HEAD of a manifest told the truth; not kept either.
  bool trusts_head() {
    const std::scoped_lock lock(mutex_);
    return trusts_head_;
  }
  void trust_head() {
    const std::scoped_lock lock(mutex_);
    trusts_head_ = true;
  }
  std::unique_ptr<FileLock> turn() { return store_ != nullptr ? store_->turn(host_) : nullptr; }

 private:
  Knowledge known() {
    const std::scoped_lock lock(mutex_);
    return recalled();
  }
  template <class Change>
  void learn(Change change) {
    const std::scoped_lock lock(mutex_);
    Knowledge knowledge = recalled();
    change(knowledge);
    if (knowledge == *knowledge_) return;
    knowledge_ = knowledge;
    if (store_ != nullptr) store_->remember(host_, knowledge);
  }
  const Knowledge& recalled() {
    if (!knowledge_) knowledge_ = store_ != nullptr ? store_->recall(host_) : Knowledge();
    return *knowledge_;
  }

  const std::string host_;
  KnowledgeStore* const store_;
  std::mutex mutex_;
  std::optional<Knowledge> knowledge_;
  std::optional<bool> referrers_api_;
  bool trusts_referrers_api_ = false;
  bool trusts_head_ = false;
};

}  // namespace slipway::registry
