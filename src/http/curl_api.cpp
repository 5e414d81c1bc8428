#include "http/curl_api.h"

#include "slipway/base/shared_library.h"

// The real functions are declared as macros that check types; the table wants their addresses.
#undef curl_easy_setopt
#undef curl_easy_getinfo

namespace slipway::http {
namespace {

Result<CurlApi> load() {
  SLIPWAY_ASSIGN(const SharedLibrary library, SharedLibrary::load("libcurl.so.4", "libcurl4"));
  decltype(&curl_global_init) global_init = nullptr;
  CurlApi api;
  SLIPWAY_TRY(library.bind({{"curl_global_init", global_init},
                            {"curl_easy_init", api.easy_init},
                            {"curl_easy_cleanup", api.easy_cleanup},
                            {"curl_easy_reset", api.easy_reset},
                            {"curl_easy_setopt", api.easy_setopt},
                            {"curl_easy_getinfo", api.easy_getinfo},
                            {"curl_easy_perform", api.easy_perform},
                            {"curl_easy_strerror", api.easy_strerror},
                            {"curl_slist_append", api.slist_append},
                            {"curl_slist_free_all", api.slist_free_all}}));
  if (global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) return fail(Errc::failed, "libcurl cannot be started");
  return api;
}

}  // namespace

Result<const CurlApi*> CurlApi::get() { return loaded_once(load); }

}  // namespace slipway::http
