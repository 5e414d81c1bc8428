#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "slipway/base/actor.h"
#include "slipway/base/fs.h"
#include "slipway/base/secret.h"

namespace slipway::registry {

/// A login: user name and password, or one of the tokens; the other members are empty.
struct Credential {
  std::string username;
  Secret password;
  Secret identity_token;  ///< OAuth2 refresh token
  Secret registry_token;  ///< a ready bearer token
  std::string origin;     ///< the file, variable or helper that it came from, for messages
};

/// Finds credentials by registry host and repository. Thread-safe.
class CredentialStore {
 public:
  virtual ~CredentialStore() = default;
  /// Returns the login for a host, an entry of the repository or its parents first; nullopt: log in anonymously.
  /// Errc::invalid_argument when the credentials cannot be read.
  virtual Result<std::optional<Credential>> find(const std::string& host, const std::string& repository) = 0;
};

/// Returns a store without credentials.
std::unique_ptr<CredentialStore> no_credentials();

/// Returns the store of one source, read on the first find(): `authfile` when not empty, else REGISTRY_AUTH_FILE (both
/// must exist), DOCKER_AUTH_CONFIG (the content itself), config.json in DOCKER_CONFIG, or the first file that exists of
/// auth.json in $XDG_RUNTIME_DIR/containers, $XDG_CONFIG_HOME/containers and ~/.config/containers, and
/// ~/.docker/config.json. Its credential helpers are asked for each
/// host. `fs` outlives it.
std::unique_ptr<CredentialStore> file_credentials(FileSystem& fs, EnvLookup env, std::string authfile);

/// Returns the file that `slipway login` changes: the one that file_credentials() would read, else docker's, which may
/// not exist yet. Errc::invalid_argument when logins come from DOCKER_AUTH_CONFIG, or HOME is not set.
Result<std::filesystem::path> login_file(FileSystem& fs, const EnvLookup& env, const std::string& authfile);

/// Stores a user name and password for a host in `file` (mode 0600, replaced in one step, other members kept), or in
/// the credential helper that it names.
Status store_login(FileSystem& fs, const std::filesystem::path& file, const std::string& host, const Credential& login);

/// Removes a host's login from `file` and its helper; returns false when there was none.
Result<bool> remove_login(FileSystem& fs, const std::filesystem::path& file, const std::string& host);

}  // namespace slipway::registry
