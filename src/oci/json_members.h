#pragma once

#include <string>
#include <vector>

#include "slipway/base/json.h"
#include "slipway/oci/descriptor.h"

namespace slipway::oci {

/// A map of strings as a JSON object, byte-sorted by key.
inline Json write_map(const Annotations& map) {
  Json::Object object;
  for (const auto& [key, value] : map)
    object.emplace_back(key, value);
  return object;
}

inline Json write_list(const std::vector<std::string>& list) { return Json::Array(list.begin(), list.end()); }

/// Appends kept members; one that is there already (a caller put it in both places) is not written twice.
inline void write_others(Json& json, const Json::Object& others) {
  for (const auto& [key, value] : others) {
    if (json.find(key) == nullptr) json.set(key, value);
  }
}

}  // namespace slipway::oci
