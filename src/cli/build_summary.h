#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <string>

#include "cli/context.h"
#include "slipway/builder/build.h"
#include "slipway/builder/work_observer.h"

namespace slipway::cli {

/// Counts what a build makes and sends, and passes every event on. Thread-safe.
class BuildCounter final : public builder::BuildObserver, public builder::WorkObserver {
 public:
  /// `next` is kept alive by the caller.
  explicit BuildCounter(builder::BuildObserver& next)
      : next_(next), work_(dynamic_cast<builder::WorkObserver*>(&next)) {}

  void planning_started(const std::string& platform) override;
  void planning_finished(const std::string& platform) override;
  void planning_read(const std::string& platform, std::uint64_t at, std::uint64_t total) override;
  void files_read(const std::string& platform, const std::string& name, std::uint64_t at, std::uint64_t total) override;
  void blob_read(const oci::Descriptor& blob, std::uint64_t at) override;
  void blob_finished(const oci::Descriptor& blob) override;
  void expected(const oci::Descriptor& d) override { next_.expected(d); }
  void skipped(const oci::Descriptor& d) override { next_.skipped(d); }
  void mounted(const oci::Descriptor& d) override { next_.mounted(d); }
  void started(const oci::Descriptor& d) override { next_.started(d); }
  void progressed(const oci::Descriptor& d, std::uint64_t at) override { next_.progressed(d, at); }
  void copied(const oci::Descriptor& d) override;
  void layer_started(const std::string& platform, const std::string& name) override;
  void layer_reused(const std::string& platform, const std::string& name, const oci::Descriptor& d) override;
  void layer_built(const std::string& platform, const std::string& name, const oci::Descriptor& d) override;

  /// Returns the line that ends a build: "3 layers, 12.4 MB (1 new, 2.1 MB), 2.1 MB sent, 0.8 s". Layers are counted
  /// once each, however many platforms have them; sent are the bytes of layers and attachments that went to
  /// destinations, summed over them, without configs and manifests.
  std::string summary(const builder::BuildResult& result, std::chrono::milliseconds time) const;

 private:
  builder::BuildObserver& next_;
  builder::WorkObserver* const work_;  ///< `next_`, where it watches reading
  mutable std::mutex mutex_;
  std::map<Digest, std::uint64_t> built_;  // sizes
  std::uint64_t sent_ = 0;
};

/// Folds the lines of progress in the log of a job of GitHub Actions, for as long as it lives.
class LogGroup {
 public:
  /// `context` is kept alive by the caller.
  LogGroup(Context& context, std::string_view title);
  LogGroup(const LogGroup&) = delete;
  LogGroup& operator=(const LogGroup&) = delete;
  ~LogGroup();

 private:
  Context& context_;
  const bool shown_;
};

}  // namespace slipway::cli
