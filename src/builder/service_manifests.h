#pragma once

#include <optional>

#include "slipway/builder/outputs.h"

namespace slipway::builder {

/// A Node service by its package.json: started by `main`, a `bin` or `scripts.start`, over an image with Node. Nothing
/// without a package.json, or where it names nothing to start. Errc::malformed for one that is not JSON.
Result<std::optional<Outputs>> find_node_service(FileSystem& fs, const stdfs::path& folder);

/// A Python service: a pyproject.toml, setup.cfg or requirements.txt, and a module to start (the package's __main__.py,
/// manage.py, app.py or main.py), over an image with Python.
Result<std::optional<Outputs>> find_python_service(FileSystem& fs, const stdfs::path& folder);

}  // namespace slipway::builder
