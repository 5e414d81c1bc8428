#pragma once

#include <string_view>

#include "slipway/base/json_reader.h"

namespace slipway::trust {

/// Protobuf's JSON readers take two spellings of a member: returns the one that the object has, `usual` if it has
/// neither. An object with both is refused by nothing_else().
inline std::string_view either_name(const Json& object, std::string_view usual, std::string_view other) {
  return object.find(usual) == nullptr && object.find(other) != nullptr ? other : usual;
}

/// Ends the reading; Errc::malformed for a member that was not asked for, which protobuf's readers refuse.
inline Status nothing_else(JsonReader& reader, std::string_view what) {
  SLIPWAY_ASSIGN(const Json::Object others, reader.finish());
  if (others.empty()) return {};
  return fail(Errc::malformed, "{} has the unknown member \"{}\"", what, others.front().first.substr(0, 80));
}

}  // namespace slipway::trust
