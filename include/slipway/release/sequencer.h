#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "slipway/base/fs.h"

namespace slipway::release {

/// The right to write the next entry of one environment; it ends when this is destroyed, or with the process.
class Turn {
 public:
  virtual ~Turn() = default;
};

/// Lets one writer at a time write an environment's ledger. Thread-safe.
class Sequencer {
 public:
  virtual ~Sequencer() = default;
  /// Waits for the turn; Errc::conflict when another writer holds it too long (file_sequencer(): 60 s).
  virtual Result<std::unique_ptr<Turn>> take(const std::string& app, const std::string& environment) = 0;
};

/// Returns a sequencer with one lock file for each environment in `folder`, which is created when needed. It excludes
/// writers that use the same folder: those of one machine, or of a layout on a shared disk. Others are only detected.
/// `fs` outlives it.
std::unique_ptr<Sequencer> file_sequencer(FileSystem& fs, std::filesystem::path folder);

}  // namespace slipway::release
