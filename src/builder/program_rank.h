#pragma once

#include <string>
#include <vector>

namespace slipway::builder {

/// Sorts paths of programs so that the one that a service starts most likely comes first: the one named like the app,
/// then its daemon or server, then others, then tools, tests and examples. Equal ones keep their order.
void sort_by_likelihood(std::vector<std::string>& programs, const std::string& app);

}  // namespace slipway::builder
