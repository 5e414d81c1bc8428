#pragma once

#include <memory>

#include "cli/context.h"

namespace slipway::cli {

/// Layouts, archives and registries. A registry session, its transport and its credentials are
/// made when the first registry of a side is opened: commands on layouts never load an HTTP library.
std::unique_ptr<store::Opener> make_opener(const Globals& globals, const Surroundings& surroundings);

/// Where this user's caches are ($XDG_CACHE_HOME/slipway); empty when there is no home.
stdfs::path cache_folder(const EnvLookup& env);
/// $XDG_STATE_HOME/slipway; empty when there is no home.
stdfs::path user_state_folder(const EnvLookup& env);

}  // namespace slipway::cli
