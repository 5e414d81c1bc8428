#pragma once

#include <optional>

#include "cli/context.h"
#include "slipway/builder/recipe.h"
#include "slipway/release/config_artifact.h"
#include "slipway/release/services.h"

namespace slipway::cli {

/// One app of a slipway.yaml, decoded.
struct Loaded {
  std::string file;    ///< as shown in messages
  stdfs::path folder;  ///< absolute
  builder::Recipe recipe;
  release::Project project;
  stdfs::path state_folder() const { return folder / ".slipway"; }
};

/// The slipway.yaml of --file, else the nearest one upwards; nothing when there is none. All its mistakes at once.
Result<std::optional<Loaded>> load_project(const Context& context);
/// All apps of the file, or the one of --app; empty without a file.
Result<std::vector<Loaded>> load_projects(const Context& context);
/// As load_projects, but there must be a file.
Result<std::vector<Loaded>> require_projects(const Context& context);
/// One app as load_project, but it must be there.
Result<Loaded> require_project(const Context& context);

/// The services of the release room for one project, from a context.
class ProjectServices {
 public:
  ProjectServices(Context& context, const Loaded& loaded);
  const release::ReleaseServices& get() const { return services_; }
  /// A new view of the project's ledger.
  release::Ledger ledger() const { return services_.ledger(ledger_); }

 private:
  std::unique_ptr<release::Sequencer> sequencer_;
  release::ReleaseServices services_;
  oci::Location ledger_;
};

/// "ENV" or "ENV@vN".
struct EnvironmentWord {
  const release::Environment* environment;
  std::optional<std::int64_t> number;
};
/// Errc::invalid_argument when the word is not an environment of the project.
Result<EnvironmentWord> environment_word(const release::Project& project, const std::string& word);
/// The release an environment word names; Errc::not_found when there is none.
Result<release::Recorded> recorded_of(const Loaded& loaded, const EnvironmentWord& word, release::Ledger& ledger);

/// Returns the repository that a release was made to: that of the environment, or the one before it moved, as the entry
/// says. Errc::malformed when the entry names none.
Result<oci::Location> released_place(const Loaded& loaded, const release::Environment& environment,
                                     const release::Entry& entry);

/// The config of the release that "ENV" or "ENV@vN" names; nothing for every other word.
Result<std::optional<release::ConfigValues>> config_named(Context& context, const std::string& word);

/// A location to read from: an environment of slipway.yaml (with @vN), or a location as typed.
Result<oci::Location> readable(Context& context, const std::string& text);

}  // namespace slipway::cli
