#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "slipway/base/actor.h"
#include "slipway/base/fs.h"
#include "slipway/base/secret.h"

namespace slipway::registry {

/// The means to log in.
struct Credential {
  std::string username;
  Secret password;
  Secret identity_token;  ///< OAuth2 refresh token
  Secret registry_token;  ///< a ready bearer token
  std::string origin;     ///< the file it came from, for `auth which`
};

/// Finds credentials by registry host and repository. Thread-safe.
class CredentialStore {
 public:
  virtual ~CredentialStore() = default;
  /// nullopt: log in anonymously. Errors only when a file that names this host is broken.
  virtual Result<std::optional<Credential>> find(const std::string& host, const std::string& repository) = 0;
};

/// Nobody has credentials.
std::unique_ptr<CredentialStore> no_credentials();

/// Credential files in the contract's order: `authfile` when not empty, else the
/// first that is there of REGISTRY_AUTH_FILE, DOCKER_AUTH_CONFIG (content),
/// DOCKER_CONFIG, $XDG_RUNTIME_DIR/containers, $XDG_CONFIG_HOME/containers, ~/.docker.
std::unique_ptr<CredentialStore> file_credentials(FileSystem& fs, EnvLookup env, std::string authfile);

/// The file that `login` changes: the one that a look-up would read first, else docker's. Errc::invalid_argument where
/// logins come from a variable, or from nowhere.
Result<std::filesystem::path> login_file(FileSystem& fs, const EnvLookup& env, const std::string& authfile);

/// Stores a user name and password for a host in `file` (mode 0600, replaced in one step, other members kept), or in
/// the credential helper that it names.
Status store_login(FileSystem& fs, const std::filesystem::path& file, const std::string& host, const Credential& login);

/// Removes a host's login from `file` and its helper; false when there was none.
Result<bool> remove_login(FileSystem& fs, const std::filesystem::path& file, const std::string& host);

}  // namespace slipway::registry
