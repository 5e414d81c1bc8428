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

/// The outside world of the release functions: who acts, and through which services. The caller keeps every pointer
/// alive while a function of this room runs. Functions that only read need `opener` and `fs`; those that plan need
/// `clock` and `actor` too, and apply() needs the `sequencer`. Thread-safe as far as the services are.
struct ReleaseServices {
  store::Opener* opener = nullptr;
  FileSystem* fs = nullptr;
  Clock* clock = nullptr;
  Sequencer* sequencer = nullptr;
  Actor actor;
  std::string tool;                      ///< "slipway 0.1.0", recorded
  std::filesystem::path project_folder;  ///< of slipway.yaml: where its programs run; may be empty
  std::filesystem::path state_folder;    ///< ".slipway": the journal
  std::filesystem::path seen_folder;     ///< cache of entries this user saw; empty: they are fetched every time
  std::chrono::milliseconds settle{0};   ///< Project::settle; 0: simultaneous writers are detected, not excluded
  std::size_t lanes = 4;                 ///< blobs copied at once
  copy::Observer* observer = nullptr;
  std::stop_token stop;
  WarningSink warn;  ///< gets the warnings of a ledger and of releasing; may be empty

  /// Returns a view of the ledger at `location`, with this user's cache of entries.
  Ledger ledger(oci::Location location) const {
    return {*opener, std::move(location), {fs, seen_folder}, clock != nullptr ? *clock : system_clock(), warn};
  }
};

}  // namespace slipway::release
