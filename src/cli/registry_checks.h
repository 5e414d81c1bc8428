#pragma once

#include <map>
#include <string>
#include <vector>

#include "cli/project.h"
#include "slipway/release/checks.h"

namespace slipway::cli {

/// The findings about one repository that projects use: reachability, login, clock, and what the registry allows.
struct RegistryReport {
  oci::Location repository;
  std::vector<release::Finding> findings;
};

/// Asks each registry repository of the projects once; writes nothing.
std::vector<RegistryReport> check_registries(const Context& context, const std::vector<Loaded>& apps);

/// The findings that follow from the answers of `slipway probe` about a repository. Pure.
std::vector<release::Finding> findings_of(const oci::Location& repository,
                                          const std::map<std::string, std::string>& answers);

}  // namespace slipway::cli
