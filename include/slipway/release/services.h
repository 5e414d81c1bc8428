#pragma once

#include <filesystem>
#include <stop_token>
#include <string>

#include "slipway/base/actor.h"
#include "slipway/base/clock.h"
#include "slipway/copy/copy.h"
#include "slipway/release/ledger.h"
#include "slipway/release/sequencer.h"

namespace slipway::release {

/// The services of the release functions, and who acts. The caller keeps every pointer
/// alive while a function of this room runs. Functions that only read need `opener` and `fs`; those that plan need
/// `clock` and `actor` too, and apply() needs the `sequencer`. Thread-safe as far as the services are.
struct ReleaseServices {
  store::Opener* opener = nullptr;
  FileSystem* fs = nullptr;
  Clock* clock = nullptr;
  Sequencer* sequencer = nullptr;
  Actor actor;
  std::string tool;                      ///< "slipway 0.1.0", recorded
  std::filesystem::path project_folder;  ///< the folder of slipway.yaml, in which its programs run; may be empty
  std::filesystem::path state_folder;    ///< ".slipway", which has the journal
  std::filesystem::path seen_folder;     ///< the cache of entries that were seen; empty: none
  std::chrono::milliseconds settle{0};   ///< Project::settle; 0: writers at the same time are only detected
  std::int64_t edition = 1;              ///< Project::edition
  std::size_t lanes = 4;                 ///< blobs copied at once
  copy::Observer* observer = nullptr;
  std::stop_token stop;
  WarningSink warn;  ///< receives warnings of a ledger and of releasing, in the caller's thread; may be empty

  /// Returns a view of the ledger at `location`, with this user's cache of entries.
  Ledger ledger(oci::Location location) const {
    return {*opener, std::move(location), {fs, seen_folder}, clock != nullptr ? *clock : system_clock(), warn};
  }
  /// Returns a view that believes nothing of the cache, and compares the ledger with it. It warns of nothing.
  Ledger proving_ledger(oci::Location location) const {
    return {*opener, std::move(location), {fs, seen_folder, true}, clock != nullptr ? *clock : system_clock()};
  }
};

}  // namespace slipway::release
