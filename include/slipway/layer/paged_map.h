#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "slipway/layer/spill.h"

namespace slipway::layer {

/// A map from byte strings to byte strings, sorted by key, of which about SpillPlace::memory bytes are in memory and
/// the rest in an unnamed temporary file. Keys that come about in order are written once. One thread at a time. Errors
/// are the disk's; after one the map must not be used again.
class PagedMap {
 public:
  explicit PagedMap(SpillPlace place);
  ~PagedMap();
  PagedMap(PagedMap&&) noexcept;
  PagedMap& operator=(PagedMap&&) noexcept;

  std::uint64_t size() const;
  bool empty() const { return size() == 0; }
  /// Returns a key's value, valid until the next call; nullptr if the map does not have the key.
  Result<const std::string*> find(std::string_view key);
  Status put(std::string_view key, std::string value);
  Status erase(std::string_view key);
  /// Removes the keys that begin with `prefix` and of whose value `gone` returns true.
  Status erase_if(std::string_view prefix, const std::function<bool(std::string_view value)>& gone);
  /// Visits the keys that begin with `prefix` in order, until an error. The visitor must not use the map.
  using Visitor = std::function<Status(std::string_view key, std::string_view value)>;
  Status visit(std::string_view prefix, const Visitor& visitor);
  /// Changes the values of the keys that begin with `prefix`, in order.
  Status change(std::string_view prefix, const std::function<void(std::string_view key, std::string& value)>& changer);

 private:
  struct Pages;
  std::unique_ptr<Pages> pages_;
};

}  // namespace slipway::layer
