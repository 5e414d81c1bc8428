#include "release/record_file.h"

#include "slipway/base/temporary.h"
#include "slipway/base/text.h"
#include "slipway/io/hash.h"

namespace slipway::release {

RecordFile::RecordFile(const LedgerCache& place, std::string_view kind, const std::string& ledger,
                       const std::string& app, const std::string& environment)
    : fs_(place.folder.empty() ? nullptr : place.fs) {
  if (fs_ != nullptr) file_ = place.folder / kind / io::digest_of(ledger).short_hex() / (app + "." + environment);
}

std::vector<std::string> RecordFile::lines() const {
  if (fs_ == nullptr) return {};
  const auto text = read_file(*fs_, file_);
  return text ? split(*text, '\n') : std::vector<std::string>();
}

void remove_old_temporaries(FileSystem& fs, const std::filesystem::path& folder) {
  constexpr std::int64_t kHour = std::int64_t{3600} * 1'000'000'000;
  const std::int64_t now = system_clock().now() * 1'000'000'000;
  const auto names = fs.list(folder);
  if (!names) return;
  for (const std::string& name : *names) {
    const auto dead = take_stale_temporary(folder / name);
    if (!dead) continue;
    const auto stat = fs.stat(folder / name);
    if (stat && stat->mtime_ns < now - kHour) (void)fs.remove(folder / name).has_value();
  }
}

bool RecordFile::save(const std::string& text) {
  if (fs_ == nullptr) return true;
  remove_old_temporaries(*fs_, file_.parent_path());
  return fs_->make_directories(file_.parent_path(), 0700) && write_file_atomically(*fs_, file_, text).has_value();
}

}  // namespace slipway::release
