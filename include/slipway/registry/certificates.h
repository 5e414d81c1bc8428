#pragma once

#include <string>

#include "slipway/base/actor.h"
#include "slipway/base/fs.h"
#include "slipway/http/transport.h"

namespace slipway::registry {

/// Certificates where docker and podman look for a registry's: HOST[:PORT] below ~/.config/containers/certs.d,
/// /etc/containers/certs.d and /etc/docker/certs.d, the first folder that is there (*.crt: authorities, X.cert with
/// X.key: the client's). `folder`, when not empty, is used instead, for the hosts that the user named. Half a pair, or
/// two pairs, are Errc::invalid_argument.
http::FindCertificates find_certificates(FileSystem& fs, EnvLookup env, std::string folder);

}  // namespace slipway::registry
