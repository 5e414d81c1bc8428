#include "release/entry_cache.h"

#include "release/entry_artifact.h"
#include "slipway/io/hash.h"

namespace slipway::release {
namespace {

constexpr std::string_view kSeal = "sha256:";

/// Returns the lines above the seal; all where an earlier version wrote the file, none where it was damaged.
std::vector<std::string> sealed_lines(std::vector<std::string> lines) {
  while (!lines.empty() && lines.back().empty())
    lines.pop_back();
  if (lines.empty() || !lines.back().starts_with(kSeal)) return lines;
  const std::string seal = std::move(lines.back());
  lines.pop_back();
  std::string text;
  for (const std::string& line : lines)
    text += line + "\n";
  if (io::digest_of(text).str() != seal) lines.clear();
  return lines;
}

}  // namespace

EntryCache::EntryCache(const LedgerCache& place, const std::string& ledger, const std::string& app,
                       const std::string& environment)
    : file_(place, "entries", ledger, app, environment) {
  for (std::string& line : sealed_lines(file_.lines())) {
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

std::vector<Recorded> EntryCache::remove_if(const std::function<bool(const Recorded&)>& is_gone) {
  std::vector<Recorded> gone;
  for (auto at = entries_.begin(); at != entries_.end();) {
    if (!is_gone(at->second)) {
      ++at;
      continue;
    }
    gone.push_back(std::move(at->second));
    at = entries_.erase(at);
  }
  changed_ = changed_ || !gone.empty();
  return gone;
}

void EntryCache::save() {
  if (!changed_) return;
  std::string text;
  for (const auto& [tag, recorded] : entries_)
    text += recorded.bytes + "\n";
  changed_ = !file_.save(text + io::digest_of(text).str() + "\n");
}

}  // namespace slipway::release
