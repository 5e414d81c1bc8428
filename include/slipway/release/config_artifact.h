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

inline constexpr std::string_view kConfigArtifactType = "application/vnd.slipway.config.v1+json";
inline constexpr std::string_view kConfigSchema = "slipway/v1/config";

/// In the folder of a config: its values as NAME=VALUE lines.
inline constexpr std::string_view kEnvFileName = "env";
/// Bytes that the files of one config may have in all.
inline constexpr std::size_t kMaxConfigFiles = 16u << 20;

/// A file of a config.
struct FileValue {
  Digest digest;
  std::uint64_t size = 0;                                ///< bytes
  std::uint32_t mode = 0644;                             ///< or 0755
  std::shared_ptr<const std::string> content = nullptr;  ///< nothing where only the list was read
  bool operator==(const FileValue& other) const {
    return digest == other.digest && size == other.size && mode == other.mode;
  }
};

/// One environment's config: plain values, references to secrets, never a secret itself, and files.
struct ConfigValues {
  std::map<std::string, std::string> values;
  std::map<std::string, std::string> secrets;  ///< NAME -> secret://, env:// or file:// reference
  std::string path{};                          ///< with files or in layer mode: their folder in images; else empty
  std::map<std::string, FileValue> files{};    ///< below `path`, by relative name

  /// docs/FORMATS.md "Config": canonical JSON; of files their list.
  Result<std::string> canonical() const;
  /// Strict. Errc::malformed; invalid_argument for another major version.
  static Result<ConfigValues> parse(std::string_view json);
  /// Lays `later` over this: its values and references replace those of the same name.
  void overlay(const ConfigValues& later);
  bool operator==(const ConfigValues&) const = default;
};

/// The place where each key of a config is set.
using KeyPlaces = std::map<std::string, Where>;

/// Reads an env file (docs/FORMATS.md "Env files"): NAME=VALUE lines, the value
/// literal to the end of its line. Every odd line is reported as file:line:col, all at once;
/// quotes around a value stay part of it, with a warning. `places` gets where each key stands.
ConfigValues parse_env_file(std::string_view text, const std::string& file, Diagnostics& diagnostics,
                            KeyPlaces* places = nullptr);

/// A config as an OCI artifact, ready to be pushed.
struct ConfigArtifact {
  oci::Descriptor manifest;
  std::string manifest_bytes;
  oci::Descriptor blob;
  std::string blob_bytes;
  std::optional<oci::Descriptor> layer;  ///< where there are files: the config as a layer
  std::string layer_bytes;
};

/// The same values and files give the same bytes and digest on every machine. Files need their contents.
Result<ConfigArtifact> make_config_artifact(const ConfigValues& values);

/// Pushes the artifact under a tag that no other content has, so that no registry collects it. Idempotent.
Status push_config(const ConfigArtifact& artifact, store::Target& to, const std::string& tag);

/// Errc::not_found, naming the part, unless the target has the config's manifest and everything that it names. Reads
/// the manifest and asks for each blob.
Status require_config(const Digest& manifest, store::ReadTarget& from);

/// Reads a config back by its manifest's digest, files with their contents. Errc::not_found, verification_failed when
/// it is not a config, or its layer differs from its list.
Result<ConfigValues> fetch_config(store::ReadTarget& from, const Digest& manifest);

}  // namespace slipway::release
