#include "slipway/oci/platform.h"

#include <sys/utsname.h>

#include <algorithm>

#include "slipway/base/json_reader.h"
#include "slipway/base/text.h"

namespace slipway::oci {
namespace {

bool is_platform_word(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
  });
}

/// arm64 has one variant in the field; "v8" and nothing mean the same.
std::string_view effective_variant(const Platform& platform) {
  if (platform.architecture == "arm64" && platform.variant == "v8") return {};
  return platform.variant;
}

}  // namespace

Result<Platform> Platform::parse(std::string_view text) {
  const std::vector<std::string> parts = split(text, '/');
  const bool shaped = parts.size() == 2 || parts.size() == 3;
  if (!shaped || !std::all_of(parts.begin(), parts.end(), is_platform_word)) {
    return fail(Error(Errc::invalid_argument, fmt::format("'{}' is not a platform", printable(text, 80)))
                    .with_hint("write it as os/architecture[/variant], for example linux/amd64"));
  }
  Platform platform;
  platform.os = parts[0];
  platform.architecture = parts[1];
  if (parts.size() == 3) platform.variant = parts[2];
  platform.variant = std::string(effective_variant(platform));
  return platform;
}

Result<Platform> Platform::from_json(const Json& value) {
  SLIPWAY_ASSIGN(auto reader, JsonReader::of(value, "platform"));
  Platform platform;
  SLIPWAY_ASSIGN(platform.os, reader.required_string("os"));
  SLIPWAY_ASSIGN(platform.architecture, reader.required_string("architecture"));
  SLIPWAY_ASSIGN(auto variant, reader.string("variant"));
  SLIPWAY_ASSIGN(auto version, reader.string("os.version"));
  SLIPWAY_ASSIGN(auto features, reader.string_list("os.features"));
  platform.variant = variant.value_or("");
  platform.os_version = version.value_or("");
  platform.os_features = std::move(features).value_or(std::vector<std::string>{});
  SLIPWAY_TRY(reader.finish());
  return platform;
}

Json Platform::to_json() const {
  Json json;
  json.set("architecture", architecture).set("os", os);
  if (!os_version.empty()) json.set("os.version", os_version);
  if (!os_features.empty()) json.set("os.features", Json::Array(os_features.begin(), os_features.end()));
  if (!variant.empty()) json.set("variant", variant);
  return json;
}

std::string Platform::str() const {
  return variant.empty() ? os + "/" + architecture : os + "/" + architecture + "/" + variant;
}

bool Platform::accepts(const Platform& offered) const {
  if (os != offered.os || architecture != offered.architecture) return false;
  if (!os_version.empty() && os_version != offered.os_version) return false;
  return variant.empty() || effective_variant(*this) == effective_variant(offered);
}

Platform host_platform() {
  utsname machine{};
  uname(&machine);
  const std::string_view name = machine.machine;
  Platform platform{.os = "linux", .architecture = std::string(name)};
  if (name == "x86_64") platform.architecture = "amd64";
  if (name == "aarch64") platform.architecture = "arm64";
  if (name.rfind("armv7", 0) == 0) platform = {.os = "linux", .architecture = "arm", .variant = "v7"};
  if (name == "i686" || name == "i386") platform.architecture = "386";
  return platform;
}

}  // namespace slipway::oci
