#include "run/find_program.h"

#include <unistd.h>

#include <cstdlib>

#include "slipway/base/text.h"

namespace slipway::run {

std::string find_program(const std::string& name) {
  const char* path = std::getenv("PATH");
  if (name.find('/') != std::string::npos) return ::access(name.c_str(), X_OK) == 0 ? name : std::string();
  for (const std::string& folder : split(path == nullptr ? "" : path, ':')) {
    const std::string at = (folder.empty() ? "." : folder) + "/" + name;
    if (::access(at.c_str(), X_OK) == 0) return at;
  }
  return {};
}

}  // namespace slipway::run
