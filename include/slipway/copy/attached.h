#pragma once

#include "slipway/copy/copy.h"

namespace slipway::copy {

/// Copies what is attached to `root` and to every manifest it reaches, which must be at `to` already: OCI 1.1 referrers
/// with theirs in turn, and cosign's tags `sha256-<hex>.sig`, `.att` and `.sbom`. Nothing that is there is sent again;
/// a destination without the referrers API gets the fallback tag. Returns how many manifests are attached.
Result<std::size_t> copy_attached(store::ReadTarget& from, const oci::Descriptor& root, store::Target& to,
                                  const CopyOptions& options);

}  // namespace slipway::copy
