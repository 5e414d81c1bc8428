#include <algorithm>

#include "release/entry_artifact.h"
#include "release/entry_cache.h"
#include "slipway/release/ledger.h"

namespace slipway::release {
namespace {

bool is_newer(const Recorded& a, const Recorded& b) { return a.entry.number > b.entry.number; }

}  // namespace

Result<std::vector<Recorded>> Ledger::damaged(const std::string& app, const std::string& environment) {
  SLIPWAY_TRY(slots(app, environment));
  std::set<Digest> committed;
  const auto add = [&](const Recorded& recorded) {
    committed.insert(recorded.id);
    if (recorded.entry.prev) committed.insert(*recorded.entry.prev);
  };
  const auto add_listed = [&](const EntryCache& known) {
    for (const auto& [tag, recorded] : known.all()) {
      if (std::binary_search(tags_->begin(), tags_->end(), tag)) add(recorded);
    }
  };
  add_listed(cache_of(app, environment));
  const EntryCache& memory = memory_of(app, environment);
  add_listed(memory);
  std::vector<Recorded> seen;
  for (const auto& [tag, recorded] : memory.all())
    seen.push_back(recorded);
  std::sort(seen.begin(), seen.end(), is_newer);
  std::vector<Recorded> found;
  for (const Recorded& recorded : seen) {
    if (!committed.contains(recorded.id)) continue;
    add(recorded);
    SLIPWAY_ASSIGN(const bool there, is_returned(recorded));
    if (!there) found.push_back(recorded);
  }
  std::reverse(found.begin(), found.end());
  return found;
}

/// Asks the ledger for an entry under its tag.
Result<bool> Ledger::is_returned(const Recorded& recorded) {
  SLIPWAY_ASSIGN(const auto target, open_for_reading());
  const std::string tag = entry_tag(recorded.entry, recorded.id);
  const auto read = fetch(*target, {recorded.entry.number, tag, recorded.id.short_hex()});
  if (read || read.error().code == Errc::verification_failed) return read.has_value();
  SLIPWAY_ASSIGN(const bool unreadable, is_unreadable(read.error()));
  return unreadable ? Result<bool>(false) : fail(read.error());
}

Status Ledger::report_removed(const std::vector<const Recorded*>& removed) {
  if (removed.empty()) return {};
  const Recorded& newest = **std::min_element(removed.begin(), removed.end(),
                                              [](const Recorded* a, const Recorded* b) { return is_newer(*a, *b); });
  const Entry& entry = newest.entry;
  Error why = error(Errc::verification_failed,
                    "the ledger {} does not have v{} of {}, which this machine saw: its entry was removed",
                    location_.str(), entry.number, entry.environment)
                  .with_hint(fmt::format("restore it: slipway doctor {0} --repair; where the ledger was begun again on "
                                         "purpose: slipway doctor {0} --forget",
                                         entry.environment));
  if (is_strict_) return fail(std::move(why));
  if (warn_ && warned_.insert(entry_tag(entry, newest.id)).second) warn_(why);
  return {};
}

}  // namespace slipway::release
