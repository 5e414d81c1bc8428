#include "slipway/base/shared_library.h"

#include <dlfcn.h>

namespace slipway {
namespace {

std::string why() {
  const char* text = dlerror();
  return text != nullptr ? text : "unknown reason";
}

}  // namespace

Result<SharedLibrary> SharedLibrary::load(const std::string& soname, const std::string& package) {
  void* handle = dlopen(soname.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    return fail(Error(Errc::failed, fmt::format("cannot load {}: {}", soname, why()))
                    .with_hint(fmt::format("install the package {}", package)));
  }
  return SharedLibrary(handle, soname);
}

Result<void*> SharedLibrary::find(const char* name) const {
  void* address = dlsym(handle_, name);
  if (address == nullptr) return fail(Errc::failed, "{} has no function {}: {}", soname_, name, why());
  return address;
}

}  // namespace slipway
