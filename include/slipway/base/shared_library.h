#pragma once

#include <string>

#include "slipway/base/result.h"

namespace slipway {

/// A shared library loaded when first needed, so that commands that do not
/// need it start without it. Stays loaded for the life of the process. Thread-safe.
class SharedLibrary {
 public:
  /// Errc::failed, naming the Debian package, when it cannot be loaded.
  static Result<SharedLibrary> load(const std::string& soname, const std::string& package);

  /// The address of a function; Errc::failed when the library lacks it.
  template <class F>
  Status bind(const char* name, F*& out) const {
    SLIPWAY_ASSIGN(void* address, find(name));
    out = reinterpret_cast<F*>(address);
    return {};
  }

 private:
  SharedLibrary(void* handle, std::string soname) : handle_(handle), soname_(std::move(soname)) {}
  Result<void*> find(const char* name) const;
  void* handle_;
  std::string soname_;
};

}  // namespace slipway
