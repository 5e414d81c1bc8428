#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "slipway/layer/entry.h"

namespace slipway::builder {

inline constexpr std::string_view kCertificates = "ca-certificates";
/// The records from which scanners know the packages of an image's files: /var/lib/dpkg/status.d.
inline constexpr std::string_view kPackageStatus = "dpkg-status";

/// The file by which glibc's loader finds libraries outside of its own folders.
inline constexpr std::string_view kLoaderCache = "ld.so.cache";

/// Stand for functions of Go programs among `calls`: what their names are in the binary.
inline constexpr const char* kGoCertificates = "crypto/x509 of Go";
inline constexpr const char* kGoTimeZones = "time.LoadLocation of Go";

/// One path that programs read at run time.
struct RuntimeItem {
  std::string path;
  bool supplied = false;  ///< taken from the machine or the sysroot, at the same path
  layer::EntryType type = layer::EntryType::regular;
  std::uint32_t mode = 0644;
  std::uint64_t owner = 0;
  std::string text;                  ///< of a file its content, of a symlink its text
  std::vector<std::string> exclude;  ///< of a supplied folder
};

/// One kind of data that `runtime` can ask for.
struct RuntimeKind {
  const char* name;
  bool basic;                      ///< part of `minimal`
  std::vector<const char*> calls;  ///< functions whose callers need it
  std::vector<RuntimeItem> items;
  const char* package = "";  ///< Debian's, that has what is supplied
  /// The first of `calls` among the imports; empty when none is.
  std::string caller(const std::set<std::string>& imports) const;
};

const std::vector<RuntimeKind>& runtime_kinds();

}  // namespace slipway::builder
