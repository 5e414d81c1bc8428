#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "slipway/base/digest.h"

namespace slipway::run {

/// The kind of files to write.
enum class ExportFormat { kubernetes, kustomize, compose, quadlet, systemd };
/// Returns the format that a word of `--format` names; Errc::invalid_argument listing the words.
Result<ExportFormat> parse_export_format(std::string_view word);

/// A file of the release's config.
struct ExportedFile {
  std::string name;  ///< relative to the config's folder
  std::string content;
  std::uint32_t mode = 0644;
};

/// The release of which files are made.
struct ExportRequest {
  std::string app, environment;
  std::int64_t number = 0;
  std::string image;                                        ///< name:keep-tag@digest
  std::vector<std::string> written_as;                      ///< kustomize: image names in manifests to be replaced
  Digest build;                                             ///< of the build in the image
  std::string revision;                                     ///< of its source; may be empty
  std::vector<std::pair<std::string, std::string>> values;  ///< sorted
  std::map<std::string, std::string> secrets;  ///< NAME -> reference; exported as the format's own kind of reference
  std::string config_path{};                   ///< the folder of `files` in the container, absolute
  std::vector<ExportedFile> files{};           ///< sorted by name; empty where the image has them
  bool patch = false;                          ///< kubernetes: a strategic merge patch instead of a Deployment
};

/// A file to be written.
struct ExportFile {
  std::string name;  ///< relative, with folders
  std::string content;
  std::uint32_t mode = 0644;
};

/// Returns files that run a release elsewhere: the image pinned, and number, digests and source as labels or
/// annotations. The same release gives the same bytes. Values become a ConfigMap named after its content,
/// `environment`, or an env file beside the unit; files become a ConfigMap of their own, or a folder beside the unit
/// that is mounted at `config_path`. Errc::invalid_argument naming what the format cannot express, too_large for more
/// than a ConfigMap holds.
Result<std::vector<ExportFile>> export_release(const ExportRequest& request, ExportFormat format);

}  // namespace slipway::run
