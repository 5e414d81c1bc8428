#pragma once

#include "slipway/elf/root.h"

namespace slipway::elf {

/// The loader of the C library that a program uses; musl's rules differ from glibc's.
enum class Flavour { glibc, musl };

/// Debian's name for the machine, e.g. "x86_64-linux-gnu"; empty for those it does not have.
std::string multiarch_name(const Abi& abi);

/// The names of glibc's folders for newer processors of a machine, the oldest first.
std::vector<std::string> processor_variants(const Abi& abi);

/// The folders a loader searches when no RPATH or RUNPATH has the library.
struct SystemFolders {
  std::vector<std::string> configured;  ///< from ld.so.conf, or musl's path file
  std::vector<std::string> built_in;    ///< found without any file in /etc
};

/// Reads the configuration of `root`: /etc/ld.so.conf with its includes, or /etc/ld-musl-<machine>.path beside musl's
/// `interpreter`.
Result<SystemFolders> system_folders(Root& root, const Abi& abi, Flavour flavour, const std::string& interpreter);

/// A folder of an RPATH: in the image, and where the same folder is on disk for a program that comes from elsewhere.
struct SearchFolder {
  std::string path;
  std::string local;  ///< empty: nowhere else
};

/// The absolute folders of a DT_RPATH or DT_RUNPATH, with $ORIGIN, $LIB and $PLATFORM put in; what is relative to the
/// current folder is left out, since nobody knows that one.
std::vector<SearchFolder> run_path(const std::string& text, const SearchFolder& origin, const Abi& abi,
                                   const std::string& lib);

}  // namespace slipway::elf
