#pragma once

#include <curl/curl.h>

#include "slipway/base/result.h"

namespace slipway::http {

/// The functions of libcurl that are used, bound when the first request is made
/// (docs/DECISIONS/0004). Thread-safe; lives for the rest of the process.
struct CurlApi {
  decltype(&curl_easy_init) easy_init = nullptr;
  decltype(&curl_easy_cleanup) easy_cleanup = nullptr;
  decltype(&curl_easy_reset) easy_reset = nullptr;
  decltype(&curl_easy_setopt) easy_setopt = nullptr;
  decltype(&curl_easy_getinfo) easy_getinfo = nullptr;
  decltype(&curl_easy_perform) easy_perform = nullptr;
  decltype(&curl_easy_strerror) easy_strerror = nullptr;
  decltype(&curl_slist_append) slist_append = nullptr;
  decltype(&curl_slist_free_all) slist_free_all = nullptr;

  /// Loads the library once; the same error every time when it cannot be.
  static Result<const CurlApi*> get();
};

}  // namespace slipway::http
