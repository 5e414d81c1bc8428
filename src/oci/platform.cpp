#include "slipway/oci/platform.h"

#include <sys/utsname.h>

#include <algorithm>
#include <utility>

#include "oci/json_members.h"
#include "slipway/base/json_reader.h"
#include "slipway/base/text.h"

namespace slipway::oci {
namespace {

/// The names of a machine by uname(2) and people, and in images (Go's names).
struct Machine {
  std::string_view kernel_name;
  std::string_view architecture;
  std::string_view variant;
};

constexpr Machine kMachines[] = {
    {"x86_64", "amd64", ""},
    {"x86-64", "amd64", ""},
    {"aarch64", "arm64", ""},
    {"i386", "386", ""},
    {"i486", "386", ""},
    {"i586", "386", ""},
    {"i686", "386", ""},
    {"armv5tel", "arm", "v5"},
    {"armv6l", "arm", "v6"},
    {"armv7l", "arm", "v7"},
    {"armv8l", "arm", "v7"},
    {"armhf", "arm", "v7"},
    {"armel", "arm", "v6"},
    {"loongarch64", "loong64", ""},
    {"mips64el", "mips64le", ""},
    {"mipsel", "mipsle", ""},
    {"powerpc64le", "ppc64le", ""},
};

const Machine* find_machine(std::string_view kernel_name) {
  const auto at = std::find_if(std::begin(kMachines), std::end(kMachines),
                               [&](const Machine& m) { return m.kernel_name == kernel_name; });
  return at == std::end(kMachines) ? nullptr : at;
}

bool is_platform_word(std::string_view text) {
  constexpr std::size_t kMax = 64;
  return !text.empty() && text.size() <= kMax && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
  });
}

/// The variant that a missing one stands for; empty where variants are not levels.
std::string_view default_variant(std::string_view architecture) {
  if (architecture == "amd64") return "v1";
  if (architecture == "arm") return "v7";
  if (architecture == "arm64") return "v8";
  return {};
}

/// "v8" is 800, "v8.2" is 802: a number that grows with what the machine can do; 0 for anything else.
int level_of(std::string_view variant) {
  if (variant.size() < 2 || variant[0] != 'v') return 0;
  int parts[2] = {0, 0};
  std::size_t part = 0;
  for (const char c : variant.substr(1)) {
    if (c == '.' && part == 0 && parts[0] > 0) {
      part = 1;
      continue;
    }
    if (c < '0' || c > '9') return 0;
    parts[part] = parts[part] * 10 + (c - '0');
    if (parts[part] > 99) return 0;
  }
  return parts[0] * 100 + parts[1];
}

std::string_view effective_variant(const Platform& platform) {
  return platform.variant.empty() ? default_variant(platform.architecture) : std::string_view(platform.variant);
}

}  // namespace

Result<Platform> Platform::parse(std::string_view text) {
  const std::vector<std::string> parts = split(text, '/');
  const bool shaped = parts.size() == 2 || parts.size() == 3;
  if (!shaped || !std::all_of(parts.begin(), parts.end(), is_platform_word)) {
    return fail(Error(Errc::invalid_argument, fmt::format("\"{}\" is not a platform", printable(text, 80)))
                    .with_hint("write it as os/architecture[/variant], for example linux/amd64"));
  }
  Platform platform;
  platform.os = parts[0];
  platform.architecture = parts[1];
  if (parts.size() == 3) platform.variant = parts[2];
  if (const Machine* machine = find_machine(platform.architecture)) {
    Platform meant{.os = platform.os, .architecture = std::string(machine->architecture)};
    meant.variant = platform.variant.empty() ? std::string(machine->variant) : platform.variant;
    return fail(Error(Errc::invalid_argument, fmt::format("\"{}\" is not a platform: images do not call a machine {}",
                                                          text, machine->kernel_name))
                    .with_hint(fmt::format("write {}", meant.str())));
  }
  const bool unwritten_default =
      platform.architecture != "arm" && platform.variant == default_variant(platform.architecture);
  if (unwritten_default) platform.variant.clear();
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
  SLIPWAY_ASSIGN(platform.other, reader.finish());
  return platform;
}

Json Platform::to_json() const {
  Json json;
  json.set("architecture", architecture).set("os", os);
  if (!os_version.empty()) json.set("os.version", os_version);
  if (!os_features.empty()) json.set("os.features", write_list(os_features));
  if (!variant.empty()) json.set("variant", variant);
  write_others(json, other);
  return json;
}

std::string Platform::str() const {
  return variant.empty() ? os + "/" + architecture : os + "/" + architecture + "/" + variant;
}

int Platform::match(const Platform& offered) const {
  constexpr int kSame = 1'000'000;
  if (os != offered.os || architecture != offered.architecture) return 0;
  if (!os_version.empty() && os_version != offered.os_version) return 0;
  const std::string_view mine = effective_variant(*this);
  const std::string_view theirs = effective_variant(offered);
  if (mine == theirs) return kSame;
  if (default_variant(architecture).empty()) return variant.empty() ? 1 : 0;
  const int level = level_of(theirs);
  return level <= level_of(mine) ? level : 0;
}

Platform host_platform() {
  utsname host{};
  uname(&host);
  const std::string_view name = host.machine;
  const Machine* machine = find_machine(name);
  if (machine == nullptr) return {.os = "linux", .architecture = std::string(name)};
  return {.os = "linux", .architecture = std::string(machine->architecture), .variant = std::string(machine->variant)};
}

}  // namespace slipway::oci
