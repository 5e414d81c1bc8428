#pragma once

#include <string>
#include <utility>
#include <vector>

#include "slipway/run/export.h"

namespace slipway::run {

using ExportFiles = std::vector<ExportFile>;

// One writer for each format; each refuses what its format cannot carry.
Result<ExportFiles> export_kubernetes(const ExportRequest& request);
Result<ExportFiles> export_kustomize(const ExportRequest& request);
Result<ExportFiles> export_compose(const ExportRequest& request);
Result<ExportFiles> export_quadlet(const ExportRequest& request);
Result<ExportFiles> export_systemd(const ExportRequest& request);

/// Returns the comment that begins every exported file.
std::string export_heading(const ExportRequest& request);
/// Returns the annotations or labels that identify a release.
std::vector<std::pair<std::string, std::string>> release_labels(const ExportRequest& request);
/// Returns the name of the folder for the config's files, beside the file that mounts it.
std::string config_folder(const ExportRequest& request);
/// Adds the config's files below config_folder().
void add_config_files(const ExportRequest& request, ExportFiles& files);

}  // namespace slipway::run
