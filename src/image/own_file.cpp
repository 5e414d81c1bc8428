#include "slipway/image/own_file.h"

#include <unistd.h>

namespace slipway::image {
namespace {

constexpr std::uint32_t kWritableByOthers = 0022;

}  // namespace

bool is_own(const FileStat& stat) { return stat.uid == ::geteuid() && (stat.mode & kWritableByOthers) == 0; }

bool is_own_folder(FileSystem& fs, const stdfs::path& folder) {
  const auto stat = fs.stat(folder, true);
  if (!stat) return stat.error().code == Errc::not_found;
  return is_own(*stat);
}

}  // namespace slipway::image
