#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "slipway/io/filters.h"
#include "slipway/store/memory.h"

namespace slipway::test {

/// A target in memory that writes down what is asked of it, and fails or lies when told to. Thread-safe.
class WatchedTarget : public store::Target {
 public:
  explicit WatchedTarget(std::string name = "watched") : inner_(std::move(name)) {}

  std::string name() const override { return inner_.name(); }
  store::Traits traits() const override { return traits_now; }
  Result<oci::Descriptor> resolve(const store::TagOrDigest& reference) override { return inner_.resolve(reference); }
  Result<bool> exists(const oci::Descriptor& d) override {
    SLIPWAY_TRY(note("exists", d.digest.str()));
    if (lied_about(d.digest)) return true;
    return inner_.exists(d);
  }
  Result<std::unique_ptr<io::Source>> fetch(const oci::Descriptor& d) override {
    SLIPWAY_TRY(note("fetch", d.digest.str()));
    return inner_.fetch(d);
  }
  Status push(const oci::Descriptor& d, io::RestartableSource& bytes, std::stop_token stop = {}) override {
    SLIPWAY_TRY(note("push", d.digest.str()));
    if (unlocked) unlocked("push", d.digest.str());
    if (reads_twice) {
      std::byte some[3];
      SLIPWAY_TRY(bytes.read(some));
      SLIPWAY_TRY(bytes.restart());
    }
    Status pushed = inner_.push(d, bytes, stop);
    if (unlocked && pushed) unlocked("pushed", d.digest.str());
    const std::scoped_lock lock(mutex_);
    if (pushed) lies_about.erase(d.digest);
    --in_flight_[d.digest.str()];
    return pushed;
  }
  Status tag(const oci::Descriptor& root, const std::string& tag) override {
    SLIPWAY_TRY(note("tag", tag));
    return inner_.tag(root, tag);
  }

  /// "push sha256:...", "exists sha256:...", "fetch sha256:...", "mount sha256:...", "tag NAME", in order.
  std::vector<std::string> calls() const {
    const std::scoped_lock lock(mutex_);
    return calls_;
  }
  std::vector<std::string> calls(const std::string& verb) const {
    std::vector<std::string> found;
    for (const std::string& call : calls()) {
      if (call.starts_with(verb + " ")) found.push_back(call.substr(verb.size() + 1));
    }
    return found;
  }
  void forget_calls() {
    const std::scoped_lock lock(mutex_);
    calls_.clear();
  }
  /// One digest was pushed by two lanes at once.
  bool collided() const { return collided_; }
  store::MemoryTarget& content() { return inner_; }

  /// Answers a call with an error: (verb, digest or tag) -> status.
  std::function<Status(const std::string&, const std::string&)> fault;
  /// Called before ("push") and after ("pushed") a push, while other lanes go on: (verb, digest).
  std::function<void(const std::string&, const std::string&)> unlocked;
  std::set<Digest> lies_about;  ///< exists() says yes until they are pushed
  store::Traits traits_now;
  bool reads_twice = false;  ///< push restarts its source once, as a retry does

 protected:
  Status note(const std::string& verb, const std::string& object) {
    const std::scoped_lock lock(mutex_);
    calls_.push_back(verb + " " + object);
    if (fault) SLIPWAY_TRY(fault(verb, object));
    if (verb == "push" && ++in_flight_[object] > 1) collided_ = true;
    return {};
  }

 private:
  bool lied_about(const Digest& digest) const {
    const std::scoped_lock lock(mutex_);
    return lies_about.contains(digest);
  }

  store::MemoryTarget inner_;
  mutable std::mutex mutex_;
  std::vector<std::string> calls_;
  std::map<std::string, int> in_flight_;
  bool collided_ = false;
};

/// One repository of a registry that can mount.
class MountingTarget final : public WatchedTarget, public store::Mounter {
 public:
  MountingTarget(std::string registry, std::string repository)
      : WatchedTarget(registry + "/" + repository), registry_(std::move(registry)), repository_(std::move(repository)) {
    traits_now.asks_cost_a_request = true;
  }

  std::string registry() const override { return registry_; }
  std::string repository() const override { return repository_; }
  Result<bool> mount(const oci::Descriptor& blob, const std::string& from) override {
    SLIPWAY_TRY(note("mount", blob.digest.str()));
    const auto neighbour = neighbours.find(from);
    if (neighbour == neighbours.end()) return false;
    SLIPWAY_ASSIGN(const bool there, neighbour->second->content().exists(blob));
    if (!there) return false;
    SLIPWAY_ASSIGN(const auto source, neighbour->second->content().fetch(blob));
    SLIPWAY_ASSIGN(std::string bytes, io::read_all(*source, 1u << 20));
    io::StringSource again(std::move(bytes));
    SLIPWAY_TRY(content().push(blob, again));
    return true;
  }

  std::map<std::string, WatchedTarget*> neighbours;  ///< repositories whose blobs may be mounted; not owned

 private:
  std::string registry_;
  std::string repository_;
};

}  // namespace slipway::test
