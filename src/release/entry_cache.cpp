#include "release/entry_cache.h"

#include "release/entry_artifact.h"
#include "slipway/base/text.h"
#include "slipway/io/hash.h"

namespace slipway::release {

EntryCache::EntryCache(const LedgerCache& place, const std::string& ledger, const std::string& app,
                       const std::string& environment)
    : fs_(place.folder.empty() ? nullptr : place.fs) {
  if (fs_ == nullptr) return;
  file_ = place.folder / "entries" / io::digest_of(ledger).short_hex() / (app + "." + environment);
  const auto text = read_file(*fs_, file_);
  if (!text) return;
  for (std::string& line : split(*text, '\n')) {
    auto recorded = recorded_from(std::move(line));
    if (!recorded || recorded->entry.app != app || recorded->entry.environment != environment) continue;
    std::string tag = entry_tag(recorded->entry, recorded->id);
    entries_.insert_or_assign(std::move(tag), *std::move(recorded));
  }
}

const Recorded* EntryCache::find(const std::string& tag) const {
  const auto at = entries_.find(tag);
  return at == entries_.end() ? nullptr : &at->second;
}

void EntryCache::add(const Recorded& recorded) {
  changed_ = entries_.insert_or_assign(entry_tag(recorded.entry, recorded.id), recorded).second || changed_;
}

void EntryCache::save() {
  if (fs_ == nullptr || !changed_) return;
  std::string text;
  for (const auto& [tag, recorded] : entries_)
    text += recorded.bytes + "\n";
  if (!fs_->make_directories(file_.parent_path(), 0700)) return;
  changed_ = !write_file_atomically(*fs_, file_, text).has_value();
}

}  // namespace slipway::release
