#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "slipway/base/digest.h"
#include "slipway/base/json.h"

namespace slipway {

/// Typed, strict reading of one JSON object. Every key asked for is "known";
/// finish() refuses members that equal a known key except for case (a Go
/// reader would take them, we would not: split brain). Not thread-safe; the
/// Json must outlive the reader.
class JsonReader {
 public:
  /// Errc::malformed if `value` is not an object; `what` names it in messages.
  static Result<JsonReader> of(const Json& value, std::string what);

  /// A member of the given type; absent or null gives nullopt, another type Errc::malformed.
  Result<std::optional<std::string>> string(std::string_view key);
  Result<std::optional<std::int64_t>> integer(std::string_view key, std::int64_t min, std::int64_t max);
  Result<std::optional<bool>> boolean(std::string_view key);
  Result<const Json*> object(std::string_view key);  ///< nullptr when absent
  Result<const Json*> array(std::string_view key);   ///< nullptr when absent
  /// An object whose members are all strings, in document order; empty when absent.
  Result<std::vector<std::pair<std::string, std::string>>> string_map(std::string_view key);
  /// An array whose items are all strings; nullopt when absent or null.
  Result<std::optional<std::vector<std::string>>> string_list(std::string_view key);

  /// As above, but the member must be there.
  Result<std::string> required_string(std::string_view key);
  Result<std::int64_t> required_integer(std::string_view key, std::int64_t min, std::int64_t max);
  Result<Digest> required_digest(std::string_view key);

  /// Marks a key as known without reading it.
  const Json* peek(std::string_view key);

  /// Refuses case variants of known keys; returns the members that were never asked for.
  Result<Json::Object> finish();

 private:
  JsonReader(const Json::Object* members, std::string what) : members_(members), what_(std::move(what)) {}
  Error wrong_type(std::string_view key, std::string_view wanted) const;

  const Json::Object* members_;
  std::string what_;
  std::set<std::string, std::less<>> known_;
};

}  // namespace slipway
