#pragma once

#include <string>
#include <string_view>

#include "slipway/base/result.h"

namespace slipway::layer {

/// The extended attribute that holds a file's capabilities.
inline constexpr std::string_view kCapabilityAttribute = "security.capability";

/// Returns the value of that attribute (linux/capability.h, vfs_cap_data revision 2) for a text as setcap(8) takes it,
/// e.g. "cap_net_bind_service+ep" or "cap_chown,cap_fowner=ep cap_sys_time+p". Needs no privilege.
/// Errc::invalid_argument for unknown names, and for "e" on some of the capabilities only, which a file cannot hold.
Result<std::string> file_capabilities(std::string_view text);

}  // namespace slipway::layer
