#pragma once

#include <string>
#include <vector>

#include "registry/repository.h"

namespace slipway::registry {

/// Returns all tags of a repository, byte-sorted, page by page. Digests and null among them, which some registries
/// list, are passed over. Errc::network where an answer is not a list of tags.
Result<std::vector<std::string>> list_tags(const Repository& repository);

}  // namespace slipway::registry
