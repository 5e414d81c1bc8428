#pragma once

#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

#include "slipway/base/result.h"
#include "slipway/oci/descriptor.h"

namespace slipway::builder {

/// The state of a build's sources, as git says it.
struct GitSource {
  std::string revision;
  std::string url;  ///< of the remote "origin" as public_url() has it, or empty
  bool dirty = false;
  std::int64_t commit_time = 0;
};

/// Returns the output of git; Errc::invalid_argument if `folder` is outside a working tree or git is not installed.
Result<std::string> ask_git(const std::filesystem::path& folder, std::vector<std::string> words, std::stop_token stop);

/// Asks git about the working tree that holds `folder`; Errc::invalid_argument when there is none or no git.
Result<GitSource> read_git_source(const std::filesystem::path& folder, std::stop_token stop);

/// The org.opencontainers.image.* annotations for it.
oci::Annotations git_annotations(const GitSource& source);

/// Returns a git remote's address as a URL that others can use and that has no secret: no password, no query, no user
/// but ssh's; scp's "git@host:path" as ssh://git@host/path. Empty for paths on this machine.
std::string public_url(const std::string& remote);

}  // namespace slipway::builder
