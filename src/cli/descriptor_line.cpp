#include "cli/descriptor_line.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace slipway::cli {

Result<std::string> first_line_of(int descriptor, const std::string& what) {
  constexpr std::size_t kMostBytes = 64u << 10;  // identity tokens are long
  std::string text;
  char c = 0;
  while (text.size() < kMostBytes) {
    const ssize_t n = ::read(descriptor, &c, 1);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0)
      return fail(
          error(Errc::invalid_argument, "cannot read {} from descriptor {}: {}", what, descriptor, std::strerror(errno))
              .with_hint(fmt::format("open it for slipway, e.g. {}< FILE", descriptor)));
    if (n == 0 || c == '\n') break;
    text += c;
  }
  return text;
}

}  // namespace slipway::cli
