#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "slipway/base/fs.h"

namespace slipway::builder {

/// One installed Debian package.
struct DpkgPackage {
  std::string name, version, architecture;
  bool several_architectures = false;  ///< "Multi-Arch: same": may be installed for several machines at once
  std::string sums;                    ///< lines of its .md5sums for the files asked about
  std::string stanza;                  ///< its fields as dpkg's status file has them, without the list of conffiles
};

/// The installed packages of dpkg's status file; what is not installed, or has no name, is left out.
std::vector<DpkgPackage> parse_dpkg_status(const std::string& text);

/// The packages below `root` that installed any of the files, which are paths inside it without symlinks, by name;
/// nothing where dpkg keeps no database. Folders that were merged into /usr are known under both names.
Result<std::optional<std::vector<DpkgPackage>>> owners_of(FileSystem& fs, const stdfs::path& root,
                                                          const std::set<std::string>& files);

}  // namespace slipway::builder
