#include "store/verified_record.h"

#include "slipway/base/text.h"

namespace slipway::store {
namespace {

constexpr std::string_view kHeader = "slipway/v1/verified";

std::string fingerprint(const FileStat& st) {
  return fmt::format("{} {} {} {} {}", st.device, st.inode, st.size, st.mtime_ns, st.ctime_ns);
}

}  // namespace

VerifiedRecord::VerifiedRecord(FileSystem& fs, stdfs::path file) : fs_(fs), file_(std::move(file)) {}

VerifiedRecord::~VerifiedRecord() { save(); }

bool VerifiedRecord::holds(const Digest& digest, const FileStat& now) {
  const std::scoped_lock lock(mutex_);
  if (!loaded_) {
    entries_.merge(read());  // what was hashed since is newer
    loaded_ = true;
  }
  const auto at = entries_.find(digest.str());
  return at != entries_.end() && at->second == fingerprint(now);
}

void VerifiedRecord::add(const Digest& digest, const FileStat& hashed) {
  const std::scoped_lock lock(mutex_);
  entries_.insert_or_assign(digest.str(), fingerprint(hashed));
  changed_ = true;
}

void VerifiedRecord::save() {
  const std::scoped_lock lock(mutex_);
  if (!changed_ || file_.empty()) return;
  changed_ = false;
  Entries all = read();  // another process may have added some
  for (const auto& [digest, print] : entries_)
    all.insert_or_assign(digest, print);
  std::string text(kHeader);
  text += '\n';
  for (const auto& [digest, print] : all)
    text += digest + " " + print + "\n";
  if (fs_.make_directories(file_.parent_path(), 0700)) (void)write_file_atomically(fs_, file_, text, 0600).has_value();
}

VerifiedRecord::Entries VerifiedRecord::read() {
  Entries entries;
  if (file_.empty()) return entries;
  const auto text = read_file(fs_, file_);
  if (!text) return entries;
  const std::vector<std::string> lines = split(*text, '\n');
  if (lines.front() != kHeader) return entries;
  for (const std::string& line : lines) {
    const std::size_t space = line.find(' ');
    if (space == std::string::npos || !Digest::parse(line.substr(0, space))) continue;
    entries.insert_or_assign(line.substr(0, space), line.substr(space + 1));
  }
  return entries;
}

}  // namespace slipway::store
