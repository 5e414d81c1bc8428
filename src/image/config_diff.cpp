#include "image/config_diff.h"

#include <algorithm>

#include "slipway/base/json.h"

namespace slipway::image {
namespace {

using Part = Difference::Part;
using Flat = std::map<std::string, std::string>;

bool is_object_list(const Json::Array& list) {
  return !list.empty() && std::all_of(list.begin(), list.end(), [](const Json& item) { return item.object(); });
}

/// Env as one key for each variable; nullopt where an item is no "K=V" or a name comes twice.
std::optional<Flat> environment(const Json& json, const std::string& key) {
  Flat out;
  for (const Json& item : *json.array()) {
    const std::string* text = item.string();
    const std::size_t equals = text == nullptr ? std::string::npos : text->find('=');
    if (equals == std::string::npos) return std::nullopt;
    if (!out.emplace(fmt::format("{}.{}", key, text->substr(0, equals)), text->substr(equals + 1)).second)
      return std::nullopt;
  }
  return out;
}

void flatten(const Json& json, const std::string& key, Flat& out) {
  if (key == "rootfs" || json.is_null()) return;
  if (const Json::Object* object = json.object()) {
    if (object->empty() && !key.empty() && key != "config") out[key] = "{}";
    for (const auto& [name, value] : *object)
      flatten(value, key.empty() ? name : fmt::format("{}.{}", key, name), out);
    return;
  }
  const Json::Array* list = json.array();
  if (list != nullptr && key == "config.Env") {
    if (const auto variables = environment(json, key)) {
      out.insert(variables->begin(), variables->end());
      return;
    }
  }
  if (list != nullptr && is_object_list(*list)) {
    for (std::size_t i = 0; i < list->size(); ++i)
      flatten((*list)[i], fmt::format("{}.{}", key, i + 1), out);
    return;
  }
  const std::string* text = json.string();
  out[key] = text != nullptr ? *text : json.compact();
}

std::string env_order(const oci::ImageConfig& config) {
  std::string out;
  for (const std::string& entry : config.env)
    out += (out.empty() ? "" : " ") + entry.substr(0, entry.find('='));
  return out;
}

}  // namespace

void compare_maps(Part part, const oci::Annotations& a, const oci::Annotations& b, std::vector<Difference>& out) {
  for (const auto& [key, value] : a) {
    const auto other = b.find(key);
    if (other == b.end()) {
      out.push_back({part, {}, key, {}, value, std::nullopt});
    } else if (other->second != value) {
      out.push_back({part, {}, key, {}, value, other->second});
    }
  }
  for (const auto& [key, value] : b) {
    if (!a.contains(key)) out.push_back({part, {}, key, {}, std::nullopt, value});
  }
}

Result<std::vector<Difference>> compare_configs(const Image& a, const Image& b) {
  std::vector<Difference> out;
  if (a.raw_config == b.raw_config) return out;
  SLIPWAY_ASSIGN(const Json left, Json::parse(a.raw_config, "the config of A"));
  SLIPWAY_ASSIGN(const Json right, Json::parse(b.raw_config, "the config of B"));
  Flat one, other;
  flatten(left, "", one);
  flatten(right, "", other);
  compare_maps(Part::config, one, other, out);
  const std::string order = env_order(a.config), other_order = env_order(b.config);
  const bool same_names = order.size() == other_order.size() && order != other_order &&
                          std::is_permutation(order.begin(), order.end(), other_order.begin());
  if (same_names) out.push_back({Part::config, {}, "config.Env", "order", order, other_order});
  if (out.empty() && a.config.diff_ids == b.config.diff_ids) {
    out.push_back({Part::config, {}, {}, "encoding", a.manifest.config.digest.str(), b.manifest.config.digest.str()});
  }
  return out;
}

}  // namespace slipway::image
