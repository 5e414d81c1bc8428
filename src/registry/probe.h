#pragma once

#include "registry/host.h"

namespace slipway::registry {

/// Finds out what a host does by trying it. Without a repository only what needs none; uploads are tried where
/// `upload`.
std::vector<ProbeFinding> probe_host(Host& host, const std::string& repository, bool upload);

}  // namespace slipway::registry
