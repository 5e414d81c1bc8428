#pragma once

#include <string>
#include <utility>

namespace slipway {

/// A text that must not be shown: it has no stream or format operator and no equality, and its bytes are overwritten
/// when it is destroyed, assigned or moved from. Copies are secrets too.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}
  Secret(const Secret&) = default;
  Secret(Secret&& other) noexcept : text_(std::move(other.text_)) { other.wipe(); }
  Secret& operator=(const Secret& other);
  Secret& operator=(Secret&& other) noexcept;
  ~Secret() { wipe(); }

  bool empty() const { return text_.empty(); }
  /// Returns the text itself, for the one place that must send it; valid as long as this value.
  const std::string& reveal() const { return text_; }

 private:
  void wipe() noexcept;
  std::string text_;
};

}  // namespace slipway
