#pragma once

#include <string>
#include <vector>

namespace slipway::test {

/// The paths that were given to fsync(2) since the last call, in order; the test program's own fsync notes them and
/// asks the kernel. Thread-safe.
std::vector<std::string> take_synced_paths();

}  // namespace slipway::test
