#include "slipway/builder/debug.h"

#include "slipway/base/result.h"

namespace slipway::builder {

std::string debug_path(const std::string& build_id) {
  return fmt::format(".build-id/{}/{}.debug", build_id.substr(0, 2), build_id.substr(2));
}

bool is_build_id(std::string_view text) {
  return text.size() >= 6 && text.size() <= 128 && text.size() % 2 == 0 &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace slipway::builder
