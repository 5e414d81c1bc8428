#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "slipway/base/diagnostics.h"
#include "slipway/oci/document.h"
#include "slipway/store/target.h"

namespace slipway::release {

/// The artifactType of a config's manifest, and the schema in its JSON.
inline constexpr std::string_view kConfigArtifactType = "application/vnd.slipway.config.v1+json";
inline constexpr std::string_view kConfigSchema = "slipway/v1/config";

/// The name of the file with the values, NAME=VALUE lines, in the folder of a config.
inline constexpr std::string_view kEnvFileName = "env";
/// The files of one config have at most this many bytes together.
inline constexpr std::size_t kMaxConfigFiles = 16u << 20;

/// A file of a config.
struct FileValue {
  Digest digest;
  std::uint64_t size = 0;                                ///< bytes
  std::uint32_t mode = 0644;                             ///< or 0755
  std::shared_ptr<const std::string> content = nullptr;  ///< nullptr when only the list was read
  bool operator==(const FileValue& other) const {
    return digest == other.digest && size == other.size && mode == other.mode;
  }
};

/// One environment's config: plain values, references to secrets, never a secret itself, and files.
struct ConfigValues {
  std::map<std::string, std::string> values;
  std::map<std::string, std::string> secrets;  ///< NAME -> secret://, env:// or file:// reference
  std::string path{};                          ///< the config's folder in images; empty without files or layer mode
  std::map<std::string, FileValue> files{};    ///< by name relative to `path`

  /// Returns canonical JSON (docs/FORMATS.md "Config") with the list of the files, not their contents.
  Result<std::string> canonical() const;
  /// Parses that JSON, strictly. Errc::malformed; invalid_argument for another major version.
  static Result<ConfigValues> parse(std::string_view json);
  /// Adds the values and references of `later`, which replace those of the same name. Files are not touched.
  void overlay(const ConfigValues& later);
  bool operator==(const ConfigValues&) const = default;
};

/// The place where each key of a config is set.
using KeyPlaces = std::map<std::string, Where>;

/// Reads an env file (docs/FORMATS.md "Env files"): NAME=VALUE lines, the value
/// literal to the end of its line. Every line of another form is an error with its place; quotes around a value stay
/// part of it, with a warning. `places`, when given, receives the place of each key.
ConfigValues parse_env_file(std::string_view text, const std::string& file, Diagnostics& diagnostics,
                            KeyPlaces* places = nullptr);

/// A config as an OCI artifact, ready to be pushed.
struct ConfigArtifact {
  oci::Descriptor manifest;
  std::string manifest_bytes;
  oci::Descriptor blob;
  std::string blob_bytes;
  std::optional<oci::Descriptor> layer;  ///< with files: the config as a layer
  std::string layer_bytes;
};

/// Makes the artifact: the same values and files give the same bytes and digest on every machine. Files must have their
/// contents.
Result<ConfigArtifact> make_config_artifact(const ConfigValues& values);

/// Pushes the artifact under a tag that no other content has, so that no registry collects it. Idempotent.
Status push_config(const ConfigArtifact& artifact, store::Target& to, const std::string& tag);

/// Returns the tag that keeps a config: `<app>.<env>.c.<12 hex of its manifest>`.
std::string config_tag(const std::string& app, const std::string& environment, const Digest& manifest);

/// Succeeds if the target has the config's manifest and everything that it names; Errc::not_found, naming the part, if
/// not. Reads the manifest and asks for each blob. With `tag` the manifest must be there under that tag.
Status require_config(const Digest& manifest, store::ReadTarget& from, const std::optional<std::string>& tag = {});

/// Reads a config back by its manifest's digest, files with their contents. Errc::not_found, verification_failed when
/// it is not a config, or its layer differs from its list.
Result<ConfigValues> fetch_config(store::ReadTarget& from, const Digest& manifest);

}  // namespace slipway::release
