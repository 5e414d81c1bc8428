#pragma once

#include <map>
#include <string>

#include "slipway/base/diagnostics.h"
#include "slipway/base/fs.h"
#include "slipway/release/config_artifact.h"
#include "slipway/release/environment.h"

namespace slipway::release {

/// Lays the files below a folder, or one file, over those that are there: the same name is replaced. Symlinks, devices,
/// names that no image can have, a file where another place has a folder, and more than 16 MiB in all are reported.
/// Fails only when something cannot be read.
Status add_config_files(FileSystem& fs, const ConfigFile& place, std::map<std::string, FileValue>& files,
                        Diagnostics& diagnostics);

/// Reports what must not be released as it is: the name "env", which slipway writes itself.
void check_config_files(const std::map<std::string, FileValue>& files, const Where& where, Diagnostics& diagnostics);

}  // namespace slipway::release
