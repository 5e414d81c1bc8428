#include "slipway/base/actor.h"

#include <pwd.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "slipway/base/text.h"

namespace slipway {
namespace {

std::string user_name(const EnvLookup& env) {
  std::array<char, 4096> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  if (getpwuid_r(geteuid(), &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr)
    return entry.pw_name;
  if (const auto name = env("USER"); name && !name->empty()) return *name;
  return std::to_string(geteuid());
}

std::string host_name() {
  std::array<char, 256> buffer{};
  if (gethostname(buffer.data(), buffer.size() - 1) != 0 || buffer[0] == '\0') return "localhost";
  return buffer.data();
}

}  // namespace

std::optional<std::string> process_env(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) return std::nullopt;
  return value;
}

Actor resolve_actor(const EnvLookup& env) {
  static constexpr std::array kVariables{"SLIPWAY_ACTOR", "GITHUB_ACTOR", "GITLAB_USER_LOGIN",
                                         "BUILDKITE_BUILD_CREATOR", "CIRCLE_USERNAME"};
  for (const char* variable : kVariables) {
    if (const auto name = env(variable); name && !name->empty()) return {printable(*name, 256)};
  }
  return {printable(user_name(env) + "@" + host_name(), 256)};
}

}  // namespace slipway
