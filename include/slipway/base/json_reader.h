#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "slipway/base/digest.h"
#include "slipway/base/json.h"

namespace slipway {

/// Reads one JSON object member by member, strictly typed. Every key that was asked for is known; finish() refuses
/// members that equal a known key except for case, which Go's encoding/json would take for the known one. One thread at
/// a time; the Json must outlive the reader. All errors are Errc::malformed and name `what` and the key.
///
///     Result<std::string> schema_of(const Json& json) {
///       SLIPWAY_ASSIGN(auto reader, JsonReader::of(json, "the lock"));
///       SLIPWAY_ASSIGN(std::string schema, reader.required_string("schema"));
///       SLIPWAY_TRY(reader.finish());
///       return schema;
///     }
class JsonReader {
 public:
  /// Errc::malformed if `value` is not an object.
  static Result<JsonReader> of(const Json& value, std::string what);

  /// A member of the given type; absent or null gives nullopt, another type Errc::malformed.
  Result<std::optional<std::string>> string(std::string_view key);
  /// A number outside of [min, max] is of another type.
  Result<std::optional<std::int64_t>> integer(std::string_view key, std::int64_t min, std::int64_t max);
  Result<std::optional<bool>> boolean(std::string_view key);
  Result<const Json*> object(std::string_view key);  ///< nullptr when absent or null
  Result<const Json*> array(std::string_view key);   ///< nullptr when absent or null
  /// An object whose members are all strings, in document order; empty when absent or null.
  Result<std::vector<std::pair<std::string, std::string>>> string_map(std::string_view key);
  /// An array whose items are all strings; nullopt when absent or null.
  Result<std::optional<std::vector<std::string>>> string_list(std::string_view key);

  /// As above, but the member must be there.
  Result<std::string> required_string(std::string_view key);
  Result<std::int64_t> required_integer(std::string_view key, std::int64_t min, std::int64_t max);
  Result<Digest> required_digest(std::string_view key);

  /// Marks a key as known and returns its value of any type; nullptr when absent or null.
  const Json* peek(std::string_view key);

  /// Refuses case variants of known keys; returns the members that were never asked for, in document order. Call last.
  Result<Json::Object> finish();

 private:
  JsonReader(const Json::Object* members, std::string what) : members_(members), what_(std::move(what)) {}
  Error wrong_type(std::string_view key, std::string_view wanted) const;

  const Json::Object* members_;
  std::string what_;
  std::set<std::string, std::less<>> known_;
};

}  // namespace slipway
