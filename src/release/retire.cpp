#include "slipway/release/retire.h"

#include <algorithm>

#include "release/tags.h"

namespace slipway::release {

std::vector<std::int64_t> retirable(const Chain& chain, const std::vector<Event>& events, std::int64_t keep) {
  std::vector<std::int64_t> numbers;
  const Recorded* const head = chain.head();
  if (head == nullptr) return numbers;
  const std::vector<std::int64_t> gone = retired_in(events);
  const auto& from = head->entry.from;
  const std::int64_t restored = head->entry.kind == Kind::rollback && from ? from->number : 0;
  for (const Recorded& recorded : chain.entries) {
    const std::int64_t number = recorded.entry.number;
    const bool is_kept = number > head->entry.number - keep || number == head->entry.number || number == restored;
    if (!is_kept && !std::binary_search(gone.begin(), gone.end(), number)) numbers.push_back(number);
  }
  return numbers;
}

Result<std::vector<std::string>> keep_tags_of(const Project& project, const Environment& environment,
                                              const std::vector<std::int64_t>& numbers,
                                              const ReleaseServices& services) {
  std::vector<std::string> found;
  auto target = services.opener->open_for_reading(environment.repository, Side::destination);
  if (!target && target.error().code == Errc::not_found) return found;
  SLIPWAY_TRY(target);
  auto* lister = store::as<store::TagLister>(**target);
  if (lister == nullptr) return found;
  auto tags = lister->list_tags();
  if (!tags && tags.error().code == Errc::not_found) return found;
  SLIPWAY_TRY(tags);
  for (const std::string& tag : *tags) {
    const auto number = kept_number(tag, project.app, environment.name);
    if (number && std::binary_search(numbers.begin(), numbers.end(), *number)) found.push_back(tag);
  }
  return found;
}

}  // namespace slipway::release
