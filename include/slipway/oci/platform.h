#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "slipway/base/json.h"

namespace slipway::oci {

/// The platform an image is for (image-spec image-index.md "platform"). A value.
struct Platform {
  std::string os;
  std::string architecture;
  std::string variant;
  std::string os_version;
  std::vector<std::string> os_features;
  Json::Object other;  ///< unknown members, kept

  /// Parses OS/ARCH[/VARIANT]: "linux/arm64", "linux/arm/v7". The default variants arm64 v8 and amd64 v1 are left out.
  /// Errc::invalid_argument, also for the kernel's names of machines ("x86_64").
  static Result<Platform> parse(std::string_view text);
  /// Reads the object of an index or config. Errc::malformed.
  static Result<Platform> from_json(const Json& value);
  Json to_json() const;
  /// Returns OS/ARCH[/VARIANT]; os.version and os.features are not in it.
  std::string str() const;

  /// Returns how well an image for `offered` runs on this platform: 0 is not at all, more is better. Variants of amd64,
  /// arm and arm64 are levels that include the lower ones; an empty one is v1, v7 or v8.
  int match(const Platform& offered) const;
  bool accepts(const Platform& offered) const { return match(offered) > 0; }
  bool operator==(const Platform&) const = default;
};

/// Returns the platform of this machine, as uname(2) tells it.
Platform host_platform();

}  // namespace slipway::oci
