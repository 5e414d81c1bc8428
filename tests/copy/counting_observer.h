#pragma once

#include <atomic>

#include "slipway/copy/copy.h"

namespace slipway::test {

/// Counts what an observer is told.
struct Counting final : copy::Observer {
  void skipped(const oci::Descriptor&) override { ++skips; }
  void mounted(const oci::Descriptor&) override { ++mounts; }
  void started(const oci::Descriptor&) override { ++starts; }
  void progressed(const oci::Descriptor& d, std::uint64_t bytes) override {
    if (bytes == static_cast<std::uint64_t>(d.size)) ++wholes;
  }
  void copied(const oci::Descriptor&) override { ++copies; }
  std::atomic<int> skips = 0, mounts = 0, starts = 0, wholes = 0, copies = 0;
};

}  // namespace slipway::test
