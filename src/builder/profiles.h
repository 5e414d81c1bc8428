#pragma once

#include <set>
#include <string>
#include <vector>

#include "slipway/elf/closure.h"

namespace slipway::builder {

/// The modules that programs of one kind load at run time without any ELF header saying so.
struct Profile {
  const char* name;
  const char* what;                   ///< for people: what does not work without it
  std::vector<const char*> calls;     ///< functions whose callers need it
  std::vector<const char*> needed;    ///< libraries whose users need it
  std::vector<const char*> files;     ///< in the library folder: files, or folders with all that is in them
  std::vector<const char*> absolute;  ///< the same elsewhere
  const char* included_since = "";    ///< the version of the C library from which on it needs nothing
};

/// NSS, iconv, OpenSSL's providers, SASL, PAM, Qt and GTK. (libgcc_s is loaded by every closure that calls for it.)
const std::vector<Profile>& profiles();

/// Stands among `calls` for an openssl.cnf among the recipe's files that activates providers.
inline constexpr const char* kOpensslConfig = "openssl.cnf";

/// The traces by which programs that need a profile are known.
struct Traces {
  std::set<std::string> imports, needed;  ///< functions and SONAMEs
  std::set<std::string> versions;         ///< what the C library defines, e.g. "GLIBC_2.34"
};

/// The first trace of a profile that is there; empty when there is none.
std::string trace_of(const Profile& profile, const Traces& traces);

/// A profile's files in a root: whatever is there below the first library folder that has any. None where the root has
/// nothing of it.
Result<std::vector<elf::FoundFile>> profile_files(const Profile& profile, elf::Root& root, const elf::Abi& abi);

}  // namespace slipway::builder
