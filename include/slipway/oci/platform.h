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
  Json::Object other;  ///< unknown members, kept

  /// "linux/arm64" or "linux/arm/v7"; default variants that nobody writes (arm64 v8, amd64 v1) are left out.
  /// Errc::invalid_argument, also for the kernel's names of machines ("x86_64").
  static Result<Platform> parse(std::string_view text);
  static Result<Platform> from_json(const Json& value);
  Json to_json() const;
  std::string str() const;

  /// Returns how well an image for `offered` runs where this platform was asked for: 0 = not at all, more is better.
  /// Variants of amd64, arm and arm64 are levels that include the lower ones; none means v1, v7, v8.
  int match(const Platform& offered) const;
  bool accepts(const Platform& offered) const { return match(offered) > 0; }
  bool operator==(const Platform&) const = default;
};

/// The platform this program runs on.
Platform host_platform();

}  // namespace slipway::oci
