#include <cstdint>

#include "slipway/http/url.h"

// A URL that parses prints to one that parses to the same; references never leave http.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using slipway::http::Url;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto url = Url::parse(text);
  if (url) {
    const auto again = Url::parse(url->str());
    if (!again || again->str() != url->str()) __builtin_trap();
  }
  const auto base = Url::parse("https://h:8443/v2/a/blobs/uploads/?x=1");
  const auto resolved = slipway::http::resolve(*base, text);
  if (resolved && resolved->scheme != "http" && resolved->scheme != "https") __builtin_trap();
  (void)slipway::http::displayable(text);
  return 0;
}
