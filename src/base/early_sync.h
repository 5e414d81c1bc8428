#pragma once

namespace slipway {

/// The power of an open file to start carrying its bytes to the disk without waiting. A sync() that follows then waits
/// for less, and one commit of the file system's journal serves many files.
class EarlySync {
 public:
  virtual ~EarlySync() = default;
  /// Starts it where the file system can. Nothing is promised: sync() reports every failure.
  virtual void start_sync() = 0;
};

}  // namespace slipway
