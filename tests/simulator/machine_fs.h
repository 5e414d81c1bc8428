#pragma once

#include "simulator/stage.h"
#include "slipway/base/forwarding_fs.h"

namespace slipway::sim {

/// The disk of an actor: each change is a step at which the process may die; a dead process changes nothing.
class MachineFs final : public ForwardingFileSystem {
 public:
  MachineFs(FileSystem& inner, Actor& actor) : ForwardingFileSystem(inner), actor_(actor) {}

  Result<std::unique_ptr<File>> create(const stdfs::path& path, std::uint32_t mode) override;
  Status rename(const stdfs::path& from, const stdfs::path& to) override;
  Status remove(const stdfs::path& path) override;
  Status make_directories(const stdfs::path& path, std::uint32_t mode) override;
  Status sync_directory(const stdfs::path& path) override;

 private:
  Actor& actor_;
};

}  // namespace slipway::sim
