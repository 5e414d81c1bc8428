#include "slipway/base/secret.h"

#include <string.h>

namespace slipway {

Secret& Secret::operator=(const Secret& other) {
  if (this != &other) {
    wipe();
    text_ = other.text_;
  }
  return *this;
}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    wipe();
    text_ = std::move(other.text_);
    other.wipe();
  }
  return *this;
}

void Secret::wipe() noexcept {
  // A moved-from string keeps short texts in its inline buffer: wipe that too.
  explicit_bzero(text_.data(), text_.capacity());
  text_.clear();
}

}  // namespace slipway
