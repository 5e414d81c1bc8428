#include "registry/catalog.h"

#include <set>

#include "registry/pages.h"
#include "registry/token_client.h"
#include "slipway/base/json.h"
#include "slipway/oci/location.h"

namespace slipway::registry {
namespace {

constexpr std::size_t kMaxPageBytes = 8u << 20;

/// The statuses of registries without a catalog, or with one for administrators alone.
constexpr int kRefused = 401, kForbidden = 403, kMissing = 404, kNotAllowed = 405;

Error no_catalog(const Host& host, int status) {
  const bool missing = status == kMissing || status == kNotAllowed;
  return error(missing ? Errc::unsupported : Errc::forbidden, "{} {} (status {})", host.name(),
               missing ? "has no list of its repositories" : "does not list its repositories to this login", status)
      .with_hint(fmt::format("list the tags of a repository: slipway ls {}/REPOSITORY", host.name()));
}

}  // namespace

Result<std::vector<std::string>> list_repositories(Host& host) {
  Call get;
  get.path = "/v2/_catalog?n=1000";
  get.repository = kCatalog;
  get.what = "the repositories of " + host.name();
  get.limit = kMaxPageBytes;
  get.accepts = {kRefused, kForbidden, kMissing, kNotAllowed};
  Pages pages(host, get, get.what);
  std::set<std::string> names;
  while (true) {
    SLIPWAY_ASSIGN(const auto page, pages.next());
    if (!page) return std::vector<std::string>(names.begin(), names.end());
    if (page->status() >= 400) return fail(no_catalog(host, page->status()));
    SLIPWAY_TRY(require_no_web_page(*page, get));
    const auto json = Json::parse(page->body, get.what, {.max_bytes = kMaxPageBytes});
    const Json* list = json ? json->find("repositories") : nullptr;
    if (list == nullptr || (list->array() == nullptr && !list->is_null()))
      return fail(Errc::network, "the answer of {} is not a list of repositories", host.name());
    for (const Json& name : json->items("repositories")) {
      if (name.string() != nullptr && oci::is_valid_repository(*name.string())) names.insert(*name.string());
    }
  }
}

}  // namespace slipway::registry
