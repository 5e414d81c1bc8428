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
  bool patch = false;                          ///< kubernetes: a strategic merge patch instead of a Deployment
};

struct ExportFile {
  std::string name;
  std::string content;
};

/// The release as files for what runs it, the image pinned, its number, digests and source as labels or annotations.
/// The same release gives the same bytes. Config goes to a ConfigMap named after its content, to `environment`, or to
/// an env file beside the unit. Errc::invalid_argument naming what the format cannot carry, too_large for more than
/// a ConfigMap holds.
Result<std::vector<ExportFile>> export_release(const ExportRequest& request, ExportFormat format);

}  // namespace slipway::run
