#pragma once

#include "simulator/machine_fs.h"
#include "simulator/model_registry.h"
#include "slipway/release/services.h"
#include "support/fault_fs.h"
#include "support/power_loss_fs.h"
#include "support/temp_dir.h"

namespace slipway::sim {

/// The project that all machines work on.
release::Project project_in(const std::filesystem::path& folder);

/// A sequencer of one machine that runs one command at a time.
class OpenSequencer final : public release::Sequencer {
 public:
  Result<std::unique_ptr<release::Turn>> take(const std::string&, const std::string&) override {
    return std::make_unique<release::Turn>();
  }
};

/// The folder of a machine: slipway.yaml's files, its state, its cache; the disk forgets what was not synced.
class Machine {
 public:
  /// How its slipway.yaml has the ledger.
  struct LedgerKeys {
    bool contest = true;       ///< writers of other machines are excluded, as by default (`settle`)
    std::int64_t edition = 1;  ///< `edition`
  };
  Machine(ModelRegistry& registry, const Habits& habits, Actor& actor, const LedgerKeys& ledger);

  /// Another config of today.
  void write(const std::string& name, std::uint64_t value);
  void lose_power() { cache_.lose_power(); }
  const release::Environment& environment(const std::string& name) const { return *project.find(name); }
  release::Ledger ledger() const { return services.ledger(project.ledger); }

  release::Project project;
  release::ReleaseServices services;

 private:
  FileSystem& quick() {
    unsynced_.skip_syncing();
    return unsynced_;
  }

  test::TempDir dir_;
  test::FaultFs unsynced_;
  test::PowerLossFs cache_;
  MachineFs disk_;
  StageClock clock_;
  ModelOpener opener_;
  OpenSequencer sequencer_;
};

}  // namespace slipway::sim
