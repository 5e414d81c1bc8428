#include "slipway/base/diagnostics.h"

#include <algorithm>
#include <tuple>

namespace slipway {

void Diagnostics::error(Where where, std::string message, std::string hint) {
  errors_.push_back(Error(Errc::invalid_argument, std::move(message)).at(std::move(where)).with_hint(std::move(hint)));
}

void Diagnostics::warning(Where where, std::string message) {
  warnings_.push_back(Error(Errc::invalid_argument, std::move(message)).at(std::move(where)));
}

Status Diagnostics::status() && {
  if (errors_.empty()) return {};
  const auto key = [](const Error& e) {
    return e.where ? std::make_tuple(e.where->file, e.where->row, e.where->col) : std::make_tuple(std::string(), 0, 0);
  };
  std::stable_sort(errors_.begin(), errors_.end(), [&](const Error& a, const Error& b) { return key(a) < key(b); });
  return fail(combine(std::move(errors_)));
}

}  // namespace slipway
