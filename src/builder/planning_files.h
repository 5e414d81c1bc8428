#pragma once

#include <cstdint>
#include <mutex>
#include <string>

#include "slipway/base/forwarding_fs.h"
#include "slipway/builder/work_observer.h"

namespace slipway::builder {

/// The disk while a platform is planned: tells an observer how much has been read of the files that were opened so far,
/// after each MiB. Planning reads heads and tables of most files, so a file that is closed counts as read. Kept alive
/// as long as the plan, whose trees may read through it. Thread-safe.
class PlanningFiles final : public ForwardingFileSystem {
 public:
  /// The caller keeps `inner` and `observer` alive, the latter until finish().
  PlanningFiles(FileSystem& inner, WorkObserver& observer, std::string platform)
      : ForwardingFileSystem(inner), observer_(&observer), platform_(std::move(platform)) {}

  Result<std::unique_ptr<File>> open(const stdfs::path& path, bool follow) override;
  Result<std::unique_ptr<Folder>> open_folder(const stdfs::path& path) override { return inner().open_folder(path); }
  /// Tells nothing any more.
  void finish();

 private:
  class Counted;
  void add(std::uint64_t read, std::uint64_t found);

  std::mutex mutex_;
  WorkObserver* observer_;
  const std::string platform_;
  std::uint64_t read_ = 0;   ///< bytes, as all of these
  std::uint64_t found_ = 0;  ///< of all files that were opened
  std::uint64_t told_ = 0;   ///< `read_` when the observer was told last
};

}  // namespace slipway::builder
