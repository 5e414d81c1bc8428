#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "slipway/base/digest.h"

namespace slipway::run {

enum class ExportFormat { kubernetes, kustomize, compose, quadlet, systemd };
/// Errc::invalid_argument with the words there are.
Result<ExportFormat> parse_export_format(std::string_view word);

/// A file of the release's config.
struct ConfigFile {
  std::string name;  ///< relative to the config's folder
  std::string content;
  std::uint32_t mode = 0644;
};

/// One release, as files are made from it.
struct ExportRequest {
  std::string app, environment;
  std::int64_t number = 0;
  std::string image;                                        ///< name:keep-tag@digest
  std::vector<std::string> written_as;                      ///< names that manifests may have instead, for kustomize
  Digest build;                                             ///< of the build in the image
  std::string revision;                                     ///< of its source; may be empty
  std::vector<std::pair<std::string, std::string>> values;  ///< sorted
  std::map<std::string, std::string> secrets;  ///< NAME -> reference; exported as the format's own kind of reference
  std::string config_path{};                   ///< the folder of `files` in the container, absolute
  std::vector<ConfigFile> files{};             ///< sorted by name; none where the image has them
  bool patch = false;                          ///< kubernetes: a strategic merge patch instead of a Deployment
};

struct ExportFile {
  std::string name;  ///< relative, with folders
  std::string content;
  std::uint32_t mode = 0644;
};

/// The release as files for what runs it, the image pinned, its number, digests and source as labels or annotations.
/// The same release gives the same bytes. Values go to a ConfigMap named after its content, to `environment`, or to an
/// env file beside the unit; files to a ConfigMap of their own, or into a folder beside, mounted where the image would
/// have them. Errc::invalid_argument naming what the format cannot carry, too_large for more than
/// a ConfigMap holds.
Result<std::vector<ExportFile>> export_release(const ExportRequest& request, ExportFormat format);

}  // namespace slipway::run
