#pragma once

#include <memory>

#include "registry/host.h"

namespace slipway::registry {

/// A blob's bytes as they arrive: the request runs on a thread of its own behind
/// a bounded pipe. Returns when the status is known; Errc::not_found for 404.
Result<std::unique_ptr<io::Source>> open_blob(std::shared_ptr<Host> host, Call call, std::int64_t size);

}  // namespace slipway::registry
