#include "release/record_file.h"

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

bool RecordFile::save(const std::string& text) {
  if (fs_ == nullptr) return true;
  return fs_->make_directories(file_.parent_path(), 0700) && write_file_atomically(*fs_, file_, text).has_value();
}

}  // namespace slipway::release
