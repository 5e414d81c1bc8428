#pragma once

#include <filesystem>
#include <stop_token>
#include <string>

#include "slipway/base/result.h"
#include "slipway/oci/descriptor.h"

namespace slipway::builder {

/// What git says about the sources of a build.
struct GitSource {
  std::string revision;
  std::string url;  ///< of the remote "origin" without user and password, or empty
  bool dirty = false;
  std::int64_t commit_time = 0;
};

/// Asks git about the working tree that holds `folder`; Errc::invalid_argument when there is none or no git.
Result<GitSource> read_git_source(const std::filesystem::path& folder, std::stop_token stop);

/// The org.opencontainers.image.* annotations for it.
oci::Annotations git_annotations(const GitSource& source);

/// A URL without its user information; scp's form "user@host:path" loses its user too.
std::string strip_userinfo(const std::string& url);

}  // namespace slipway::builder
