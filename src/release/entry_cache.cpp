#include "release/entry_cache.h"

#include "release/entry_artifact.h"

namespace slipway::release {

EntryCache::EntryCache(const LedgerCache& place, const std::string& ledger, const std::string& app,
                       const std::string& environment)
    : file_(place, "entries", ledger, app, environment) {
  for (std::string& line : file_.lines()) {
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
  if (!changed_) return;
  std::string text;
  for (const auto& [tag, recorded] : entries_)
    text += recorded.bytes + "\n";
  changed_ = !file_.save(text);
}

}  // namespace slipway::release
