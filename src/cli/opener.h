#pragma once

#include <memory>

#include "cli/context.h"
#include "slipway/registry/credentials.h"
#include "slipway/registry/session.h"

namespace slipway::cli {

/// Layouts, archives and registries. A registry session, its transport and its credentials are
/// made when the first registry of a side is opened: commands on layouts never load an HTTP library.
std::unique_ptr<store::Opener> make_opener(const Globals& globals, const Surroundings& surroundings);

/// Asks a registry whether it takes a login. Errc::unauthorized.
Status check_login(const Globals& globals, const Surroundings& surroundings, const std::string& host,
                   const registry::Credential& login);

/// Tests what a registry supports by trying it.
Result<std::vector<registry::ProbeFinding>> probe(const Globals& globals, const Surroundings& surroundings,
                                                  const std::string& host, const std::string& repository, bool upload);

/// Returns this user's cache folder ($XDG_CACHE_HOME/slipway); empty without a home.
stdfs::path cache_folder(const EnvLookup& env);
/// $XDG_STATE_HOME/slipway; empty without a home.
stdfs::path user_state_folder(const EnvLookup& env);

}  // namespace slipway::cli
