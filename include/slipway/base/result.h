#pragma once

#include <fmt/format.h>

#include <tl/expected.hpp>

#include "slipway/base/error.h"

namespace slipway {

/// A value or the reason why there is none. A result that is not looked at is a compiler warning. value() of a failed
/// one throws, so check it first or use the macros below. Exceptions never cross a room's public function.
template <class T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using Base = tl::expected<T, Error>;
  using Base::Base;
  Result() = default;
  Result(Base&& other) : Base(std::move(other)) {}
};

/// Success or the reason for failure.
using Status = Result<void>;

/// Builds an Error with a formatted message: `fail(error(Errc::failed, "cannot read {}", path).with_hint("..."))`.
template <class... Args>
Error error(Errc code, fmt::format_string<Args...> format, Args&&... args) {
  return Error(code, fmt::format(format, std::forward<Args>(args)...));
}

/// Builds the failing side of a Result with a formatted message.
template <class... Args>
tl::unexpected<Error> fail(Errc code, fmt::format_string<Args...> format, Args&&... args) {
  return tl::unexpected<Error>(error(code, format, std::forward<Args>(args)...));
}

/// Wraps a finished Error as the failing side of a Result.
inline tl::unexpected<Error> fail(Error error) { return tl::unexpected<Error>(std::move(error)); }

}  // namespace slipway

#define SLIPWAY_CAT2(a, b) a##b
#define SLIPWAY_CAT(a, b) SLIPWAY_CAT2(a, b)

/// Returns from the function with the error of a Result-valued expression; continues otherwise.
#define SLIPWAY_TRY(expr)                                                           \
  do {                                                                              \
    if (auto&& slipway_status = (expr); !slipway_status.has_value())                \
      return ::tl::unexpected<::slipway::Error>(std::move(slipway_status).error()); \
  } while (false)

/// `SLIPWAY_ASSIGN(auto x, f())`: declares or assigns the value, or returns from the function with the error. It is two
/// statements: use braces after an `if`.
#define SLIPWAY_ASSIGN(decl, ...) SLIPWAY_ASSIGN_(SLIPWAY_CAT(slipway_result_, __LINE__), decl, __VA_ARGS__)
#define SLIPWAY_ASSIGN_(tmp, decl, ...)                                                    \
  auto tmp = (__VA_ARGS__);                                                                \
  if (!tmp.has_value()) return ::tl::unexpected<::slipway::Error>(std::move(tmp).error()); \
  decl = *std::move(tmp)
