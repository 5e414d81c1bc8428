#pragma once

#include <memory>

#include "slipway/builder/work_observer.h"
#include "slipway/store/target.h"

namespace slipway::builder {

/// A target whose blobs are shown as bars, or events, while they are read. Keeps the powers of the target below it.
class WatchedTarget final : public store::ReadTarget {
 public:
  WatchedTarget(std::shared_ptr<store::ReadTarget> below, WorkObserver& observer)
      : below_(std::move(below)), observer_(observer) {}

  std::string name() const override { return below_->name(); }
  store::ReadTarget* inner() const override { return below_.get(); }
  Result<oci::Descriptor> resolve(const store::TagOrDigest& reference) override { return below_->resolve(reference); }
  Result<bool> exists(const oci::Descriptor& descriptor) override { return below_->exists(descriptor); }
  Result<std::unique_ptr<io::Source>> fetch(const oci::Descriptor& descriptor) override {
    SLIPWAY_ASSIGN(auto source, below_->fetch(descriptor));
    if (descriptor.size < kSmallest) return source;
    return std::unique_ptr<io::Source>(std::make_unique<WatchedSource>(std::move(source), descriptor, observer_));
  }
  Result<store::Fetched> fetch_document(const store::TagOrDigest& reference) override {
    return below_->fetch_document(reference);
  }

 private:
  static constexpr std::int64_t kSmallest = 1 << 20;  // bytes of a blob that is worth a bar

  class WatchedSource final : public io::Source {
   public:
    WatchedSource(std::unique_ptr<io::Source> inner, oci::Descriptor blob, WorkObserver& observer)
        : inner_(std::move(inner)), blob_(std::move(blob)), observer_(observer) {
      observer_.blob_read(blob_, 0);
    }
    WatchedSource(const WatchedSource&) = delete;
    WatchedSource& operator=(const WatchedSource&) = delete;
    ~WatchedSource() override { observer_.blob_finished(blob_); }
    Result<std::size_t> read(std::span<std::byte> buffer) override {
      SLIPWAY_ASSIGN(const std::size_t n, inner_->read(buffer));
      const std::uint64_t before = at_;
      at_ += n;
      if (before / kStep != at_ / kStep) observer_.blob_read(blob_, at_);
      return n;
    }

   private:
    static constexpr std::uint64_t kStep = 1u << 20;
    std::unique_ptr<io::Source> inner_;
    const oci::Descriptor blob_;
    WorkObserver& observer_;
    std::uint64_t at_ = 0;
  };

  std::shared_ptr<store::ReadTarget> below_;
  WorkObserver& observer_;
};

}  // namespace slipway::builder
