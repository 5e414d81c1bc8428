#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "slipway/base/json.h"

namespace slipway::oci {

/// image-spec image-index.md "platform".
struct Platform {
  std::string os;
  std::string architecture;
  std::string variant;
  std::string os_version;
  std::vector<std::string> os_features;

  /// "linux/arm64" or "linux/arm/v7"; arm64's default variant v8 is left out. Errc::invalid_argument.
  static Result<Platform> parse(std::string_view text);
  static Result<Platform> from_json(const Json& value);
  Json to_json() const;
  std::string str() const;

  /// True when an image for `offered` runs where this platform was asked for (missing arm64 variant = v8).
  bool accepts(const Platform& offered) const;
  bool operator==(const Platform&) const = default;
};

/// The platform this program runs on.
Platform host_platform();

}  // namespace slipway::oci
