#pragma once

#include <string>

#include "slipway/base/actor.h"
#include "slipway/base/fs.h"
#include "slipway/http/transport.h"

namespace slipway::registry {

/// Returns a function that finds a registry's certificates where docker and podman do: in the first folder that exists
/// of HOST[:PORT] below ~/.config/containers/certs.d, /etc/containers/certs.d and /etc/docker/certs.d (*.crt:
/// authorities, X.cert with X.key: the client's). `folder` (--cert-dir), when not empty, is used instead, for hosts
/// that the user named. The function fails with Errc::invalid_argument for half a pair and for two pairs. `fs` outlives
/// it.
http::FindCertificates find_certificates(FileSystem& fs, EnvLookup env, std::string folder);

}  // namespace slipway::registry
