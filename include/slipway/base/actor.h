#pragma once

#include <functional>
#include <optional>
#include <string>

namespace slipway {

/// Looks up an environment variable; unset and empty are different.
using EnvLookup = std::function<std::optional<std::string>(const std::string&)>;

/// Looks up a variable of this process. Thread-safe while nobody changes the environment.
std::optional<std::string> process_env(const std::string& name);

/// The person or CI user recorded in ledger entries: a claim, not proof.
struct Actor {
  std::string name;
};

/// Returns SLIPWAY_ACTOR, else the CI system's user (GITHUB_ACTOR, GITLAB_USER_LOGIN, BUILDKITE_BUILD_CREATOR,
/// CIRCLE_USERNAME), else the process's user and host as user@host. Empty variables count as unset; the name is made
/// printable and at most 256 bytes long.
Actor resolve_actor(const EnvLookup& env);

}  // namespace slipway
