#include "cli/side_login.h"

#include "cli/descriptor_line.h"
#include "slipway/base/text.h"

namespace slipway::cli {
namespace {

Result<registry::Credential> login_of(std::string text, const std::string& origin) {
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos || colon == 0) {
    return fail(Error(Errc::invalid_argument, fmt::format("{} does not hold a login", origin))
                    .with_hint(fmt::format("set {} to USER:PASSWORD, or to fd:N", origin)));
  }
  registry::Credential login;
  login.username = text.substr(0, colon);
  login.password = Secret(text.substr(colon + 1));
  login.origin = origin;
  const Secret wiped(std::move(text));
  return login;
}

}  // namespace

Result<std::optional<registry::Credential>> side_login(const EnvLookup& env, Side side) {
  constexpr std::string_view kDescriptor = "fd:";
  const char* own = side == Side::source ? "SLIPWAY_SRC_CREDS" : "SLIPWAY_DEST_CREDS";
  for (const char* name : {own, "SLIPWAY_CREDS"}) {
    if (side == Side::local && name == own) continue;
    auto text = env(name);
    if (!text || text->empty()) continue;
    const auto descriptor = text->starts_with(kDescriptor)
                                ? parse_whole<int>(std::string_view(*text).substr(kDescriptor.size()))
                                : std::nullopt;
    if (descriptor) {
      SLIPWAY_ASSIGN(text, first_line_of(*descriptor, "a login"));
    }
    SLIPWAY_ASSIGN(auto login, login_of(*std::move(text), name));
    return login;
  }
  return std::optional<registry::Credential>();
}

}  // namespace slipway::cli
