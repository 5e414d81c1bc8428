#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "slipway/base/result.h"

namespace slipway {

/// Limits on a foreign JSON text; beyond them Errc::too_large.
struct JsonLimits {
  std::size_t max_bytes = 4u << 20;
  int max_depth = 64;
};

/// A JSON value. Objects keep the document's member order and hold each name once; numbers that are not 64-bit integers
/// keep their text. A value: copies are deep, and pointers into it live until it changes.
class Json {
 public:
  struct Number {
    std::string text;
    bool operator==(const Number&) const = default;
  };
  using Array = std::vector<Json>;
  using Member = std::pair<std::string, Json>;
  using Object = std::vector<Member>;

  Json();
  Json(bool v);
  Json(std::int64_t v);
  Json(int v);
  Json(std::string v);
  Json(std::string_view v);
  Json(const char* v);
  Json(Number v);
  Json(Array v);
  Json(Object v);
  Json(const Json&);
  Json(Json&&) noexcept;
  Json& operator=(const Json&);
  Json& operator=(Json&&) noexcept;
  ~Json();

  /// Strict I-JSON: refuses duplicate names, a BOM, trailing bytes, invalid
  /// UTF-8, excess depth or size. Errc::malformed or too_large; `what` names the text in messages.
  static Result<Json> parse(std::string_view text, std::string_view what, const JsonLimits& limits = {});

  /// The value as one type; nullptr if it is of another one. An integer is not a number() and the reverse.
  bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
  const bool* boolean() const { return std::get_if<bool>(&value_); }
  const std::int64_t* integer() const { return std::get_if<std::int64_t>(&value_); }
  const Number* number() const { return std::get_if<Number>(&value_); }
  const std::string* string() const { return std::get_if<std::string>(&value_); }
  const Array* array() const { return std::get_if<Array>(&value_); }
  const Object* object() const { return std::get_if<Object>(&value_); }
  Array* array() { return std::get_if<Array>(&value_); }
  Object* object() { return std::get_if<Object>(&value_); }

  /// The member of an object, or nullptr.
  const Json* find(std::string_view key) const;
  /// The text of a string member; empty when the member is absent or of another type. For foreign documents that are
  /// read for hints only; JsonReader reads those that must hold. Lives as long as this value.
  const std::string& text(std::string_view key) const;
  /// The items of an array member; empty when the member is absent or of another type. Lives as long as this value.
  const Array& items(std::string_view key) const;
  /// Sets or replaces a member; the value must be an object or null (which becomes one).
  Json& set(std::string key, Json value);

  /// Compact text in the order of the members.
  std::string compact() const;
  /// Two-space indented text in the order of the members, for people; no final newline.
  std::string pretty() const;
  /// Returns RFC 8785 canonical text. Errc::internal for fractions and integers beyond +-2^53, Errc::invalid_argument
  /// for strings that are not UTF-8.
  Result<std::string> canonical() const;

  bool operator==(const Json&) const;

 private:
  std::variant<std::monostate, bool, std::int64_t, Number, std::string, Array, Object> value_;
};

}  // namespace slipway
