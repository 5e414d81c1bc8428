#include "registry/tag_list.h"

#include <set>

#include "registry/pages.h"
#include "slipway/base/json.h"

namespace slipway::registry {
namespace {

constexpr std::size_t kMaxPageBytes = 8u << 20;

}  // namespace

Result<std::vector<std::string>> list_tags(const Repository& repository) {
  const std::string what = "the tags of " + repository.name();
  Call get = repository.call("GET", "/tags/list?n=1000", what);
  get.limit = kMaxPageBytes;
  Pages pages(repository.host(), get, what);
  std::set<std::string> tags;
  while (true) {
    SLIPWAY_ASSIGN(const auto page, pages.next());
    if (!page) return std::vector<std::string>(tags.begin(), tags.end());
    SLIPWAY_TRY(require_no_web_page(*page, get));
    const auto json = Json::parse(page->body, what, {.max_bytes = kMaxPageBytes});
    const Json* list = json ? json->find("tags") : nullptr;
    if (list == nullptr || (list->array() == nullptr && !list->is_null())) {
      return fail(Errc::network, "the answer of {} is not a list of tags", repository.name());
    }
    for (const Json& tag : json->items("tags")) {
      if (tag.string() != nullptr && oci::is_valid_tag(*tag.string())) tags.insert(*tag.string());
    }
  }
}

}  // namespace slipway::registry
