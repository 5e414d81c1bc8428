#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "slipway/base/diagnostics.h"
#include "slipway/config/yaml.h"
#include "slipway/oci/location.h"
#include "slipway/release/policy_rules.h"

namespace slipway::release {

/// How an environment's config reaches its program: as environment variables when it starts, or as a layer of the image
/// (docs/CONTRACT.md "Records").
enum class Mode { env_file, layer };
std::string_view name_of(Mode mode);

/// Which attachments of an image travel with it (docs/SLIPWAY_YAML.md "environments.NAME.carry").
enum class Carry { all, signatures, none };

/// Returns true for a name of an app or environment: oci::is_dns_like_name().
bool is_valid_name(std::string_view text);

/// A file or folder that slipway.yaml names.
struct ConfigFile {
  std::filesystem::path path;  ///< absolute
  Where where;                 ///< where slipway.yaml names it
};

/// One environment of slipway.yaml. A value.
struct Environment {
  std::string name;
  Where where;
  oci::Location repository = oci::Location::layout("");  ///< layouts absolute
  std::string repository_text;                           ///< as written, for records
  std::string tag;                                       ///< the one tag that moves
  std::vector<std::string> tags;                 ///< templates of tags written once: {version} {revision} {number}
  std::vector<ConfigFile> env_files;             ///< values of later ones replace earlier ones
  std::vector<ConfigFile> files;                 ///< folders or single files of the config; later ones replace
  std::optional<ConfigFile> schema;              ///< what the config must be like
  std::map<std::string, std::string> plaintext;  ///< key or file that only looks like a secret -> the reason given
  std::string config_path;                       ///< the config's folder in images, absolute
  Mode mode = Mode::env_file;
  std::vector<std::string> after;  ///< a build must be active in these environments
  bool after_any = false;          ///< one of them is enough
  Carry carry = Carry::signatures;
  PolicyRules rules;  ///< the other rules of `policy`
};

/// The parts of slipway.yaml that are about releasing one app. A value.
struct Project {
  std::string app;
  std::filesystem::path folder;  ///< of slipway.yaml, absolute
  std::optional<oci::Location> image_repository;
  std::vector<Environment> environments;  ///< in the order of the file
  oci::Location ledger = oci::Location::layout("");
  std::string ledger_text;
  bool immutable_tags = false;  ///< the ledger's registry refuses to overwrite tags
  std::int64_t edition = 1;     ///< 2: the first release raises the fence against writers of edition 1
  /// Seconds within which a writer of a registry's ledger must see the others, where nothing excludes them; a release
  /// waits twice as long. 0: two writers at the same time are only detected.
  std::int64_t settle = 2;

  /// Returns the environment of a name; nullptr when there is none. It lives as long as this project.
  const Environment* find(std::string_view name) const;
  /// Like find(), but Errc::invalid_argument, listing the names, when there is none.
  Result<const Environment*> require(std::string_view name) const;
};

/// Decodes the keys `environments` and `ledger` of one document of slipway.yaml; mistakes in `app`
/// and `image`, which it needs too, are for the recipe's decoder to report. `folder` (absolute) is
/// what relative paths start from. Every problem goes to `diagnostics`; the result is meaningful only without errors.
Project decode_project(const config::Node& document, const std::filesystem::path& folder, Diagnostics& diagnostics);

}  // namespace slipway::release
