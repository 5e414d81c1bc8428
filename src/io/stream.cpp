#include "slipway/io/stream.h"

#include <array>

#include "slipway/base/text.h"

namespace slipway::io {

Bytes as_bytes(std::string_view text) { return std::as_bytes(std::span(text.data(), text.size())); }

std::string_view as_text(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

Result<std::uint64_t> copy(Source& from, Sink& to, std::stop_token stop) {
  std::vector<std::byte> buffer(kBlock);
  std::uint64_t total = 0;
  while (true) {
    if (stop.stop_requested()) return fail(Errc::cancelled, "interrupted");
    SLIPWAY_ASSIGN(const std::size_t n, from.read(buffer));
    if (n == 0) return total;
    SLIPWAY_TRY(to.write(std::span(buffer).first(n)));
    total += n;
  }
}

Result<std::string> read_all(Source& from, std::size_t limit) {
  std::string text;
  std::array<std::byte, 16 << 10> buffer;
  while (true) {
    SLIPWAY_ASSIGN(const std::size_t n, from.read(buffer));
    if (n == 0) return text;
    if (text.size() + n > limit) return fail(Errc::too_large, "more than the limit of {}", human_bytes(limit));
    text.append(as_text(std::span(buffer).first(n)));
  }
}

}  // namespace slipway::io
