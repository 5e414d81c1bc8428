#pragma once

#include <string_view>

namespace slipway {

/// The beginning of all names that temporary_name() gives.
inline constexpr std::string_view kTemporary = ".tmp-";

/// The owner of a temporary file: this process; another one, which may have removed it by now; or nobody knows, where
/// the file system has no locks.
enum class Held { here, by_another, unknown };

/// Takes the flock(2) of an open temporary file or folder, without waiting. It lasts as long as the descriptor.
Held hold_temporary_fd(int fd);

}  // namespace slipway
