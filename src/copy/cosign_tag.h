#pragma once

#include "slipway/copy/attached.h"

namespace slipway::copy {

/// The suffixes of the tags by which cosign finds what it attached to a manifest.
inline constexpr std::string_view kCosignSuffixes[] = {"sig", "att", "sbom"};

/// Copies the manifest behind a cosign tag, and looks again after each write, because nothing excludes a second writer.
/// Layers that only `to` has stay. Errc::conflict while others keep writing the tag.
Status copy_cosign_tag(store::ReadTarget& from, const Attached& attached, store::Target& to,
                       const CopyOptions& options);

}  // namespace slipway::copy
