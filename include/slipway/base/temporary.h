#pragma once

#include "slipway/base/fs.h"

// Temporary files and folders (temporary_name()) belong to whoever holds their flock(2): the real FileSystem takes it
// when it creates such a file, and hold_temporary() for folders. A process number says nothing about processes of other
// PID namespaces, a lock does: the kernel releases it when the last process that has it dies.

namespace slipway {

/// Holds a temporary file or folder that this process has just made, until the lock is destroyed. Null where the file
/// system knows no locks, or somebody removed it in the meantime.
std::unique_ptr<FileLock> hold_temporary(const stdfs::path& path);

/// Takes a temporary file or folder of a process that died, so that the caller removes it while it holds the lock.
/// Null for every other name, and for one that a process holds, in whatever namespace. On a file system without locks
/// it counts as left behind after a day.
std::unique_ptr<FileLock> take_stale_temporary(const stdfs::path& path);

}  // namespace slipway
