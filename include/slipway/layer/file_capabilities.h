#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "slipway/base/result.h"

namespace slipway::layer {

/// The extended attribute that holds a file's capabilities.
inline constexpr std::string_view kCapabilityAttribute = "security.capability";

/// The most bytes of an extended attribute's name and value that Linux takes (XATTR_NAME_MAX, XATTR_SIZE_MAX).
inline constexpr std::size_t kMaxAttributeName = 255, kMaxAttributeValue = 65536;

/// Returns the value of that attribute (linux/capability.h, vfs_cap_data revision 2) for a text as setcap(8) takes it,
/// e.g. "cap_net_bind_service+ep" or "cap_chown,cap_fowner=ep cap_sys_time+p". Needs no privilege.
/// Errc::invalid_argument for unknown names, and for "e" on some of the capabilities only, which a file cannot hold.
Result<std::string> file_capabilities(std::string_view text);

/// Returns why Linux refuses an extended attribute on every file system ("has ...", for a message that names it), with
/// which containerd and umoci give a layer up; "" for one that some file system may take.
std::string attribute_fault(std::string_view name, std::string_view value);

}  // namespace slipway::layer
