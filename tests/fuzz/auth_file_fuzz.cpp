#include <cstdint>

#include "slipway/base/fs.h"
#include "slipway/registry/credentials.h"

// A credentials file of any bytes gives a login, none, or an error which does not quote what may be a secret.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  // Helpers are programs: a fuzzer must not start them.
  if (text.find("cred") != std::string::npos || text.find('\\') != std::string::npos) return 0;
  const auto env = [&](const std::string& name) -> std::optional<std::string> {
    return name == "DOCKER_AUTH_CONFIG" ? std::optional(text) : std::nullopt;
  };
  const auto store = slipway::registry::file_credentials(slipway::real_fs(), env, "");
  for (const char* repository : {"", "team", "team/app"}) {
    const auto found = store->find("h.example", repository);
    if (!found && found.error().describe().find("dXNlcjpwYTpzcw") != std::string::npos) __builtin_trap();
    if (found && *found && (*found)->origin != "DOCKER_AUTH_CONFIG") __builtin_trap();
  }
  return 0;
}
