#include "slipway/base/shared_library.h"

#include <dlfcn.h>

#include <cstring>

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
    return fail(error(Errc::failed, "cannot load {}: {}", soname, why())
                    .with_hint(fmt::format("install the package {}", package)));
  }
  return SharedLibrary(handle, soname);
}

Status SharedLibrary::bind(std::initializer_list<Function> functions) const {
  for (const Function& function : functions) {
    void* const address = dlsym(handle_, function.name);
    if (address == nullptr) return fail(Errc::failed, "{} has no function {}: {}", soname_, function.name, why());
    std::memcpy(function.slot, &address, sizeof address);
  }
  return {};
}

}  // namespace slipway
