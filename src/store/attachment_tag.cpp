#include "slipway/store/attachment_tag.h"

namespace slipway::store {

std::string referrers_tag(const Digest& subject) {
  constexpr std::size_t kMaxHex = 64;
  return fmt::format("{}-{}", subject.algorithm(), subject.hex().substr(0, kMaxHex));
}

std::string attachment_tag(const Digest& subject, const Digest& referrer) {
  return fmt::format("{}.{}", referrers_tag(subject), referrer.short_hex());
}

std::string cosign_tag(const Digest& subject, std::string_view suffix) {
  return fmt::format("{}-{}.{}", subject.algorithm(), subject.hex(), suffix);
}

}  // namespace slipway::store
