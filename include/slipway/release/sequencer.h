#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "slipway/base/fs.h"

namespace slipway::release {

/// The right to write the next entry of one environment, until destroyed.
class Turn {
 public:
  virtual ~Turn() = default;
};

/// Gives one writer at a time the next number of an environment's ledger. Thread-safe.
class Sequencer {
 public:
  virtual ~Sequencer() = default;
  /// Waits for the turn; Errc::conflict when another writer keeps it too long.
  virtual Result<std::unique_ptr<Turn>> take(const std::string& app, const std::string& environment) = 0;
};

/// Writers of one machine, or of one layout on a shared disk: a lock file per
/// environment in `folder`. Writers elsewhere are not excluded, only detected.
std::unique_ptr<Sequencer> file_sequencer(FileSystem& fs, std::filesystem::path folder);

}  // namespace slipway::release
