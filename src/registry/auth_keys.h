#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "slipway/base/json.h"
#include "slipway/registry/credentials.h"

namespace slipway::registry {

bool is_hub(std::string_view host);

/// "https://index.docker.io/v1/" and "host/v2/" are old spellings of "docker.io" and "host".
std::string normal_key(std::string_view key);

bool has_control(std::string_view text);

/// The helper that a credentials file names for a host alone (credHelpers), and for all others (credsStore).
std::optional<std::string> own_helper(const Json& file, const std::string& host);
std::optional<std::string> common_helper(const Json& file);

/// docker-credential-NAME get: nullopt when it has nothing. Messages never quote what it says of a login.
Result<std::optional<Credential>> ask_helper(const std::string& name, const std::string& host);
/// docker-credential-NAME store and erase.
Status tell_helper(const std::string& name, const std::string& host, const Credential& login);
Status erase_in_helper(const std::string& name, const std::string& host);

}  // namespace slipway::registry
