#include "slipway/oci/media_type.h"

#include <algorithm>
#include <string>

namespace slipway::oci {
namespace {

bool is_alphanumeric(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool is_restricted_name(std::string_view text) {
  constexpr std::size_t kMax = 127;
  constexpr std::string_view kMarks = "!#$&^_.+-";
  return !text.empty() && text.size() <= kMax && is_alphanumeric(text[0]) &&
         std::all_of(text.begin(), text.end(),
                     [&](char c) { return is_alphanumeric(c) || kMarks.find(c) != std::string_view::npos; });
}

}  // namespace

bool is_manifest(std::string_view media_type) {
  return media_type == kManifestType || media_type == kDockerManifestType;
}

bool is_index(std::string_view media_type) { return media_type == kIndexType || media_type == kDockerIndexType; }

bool is_graph_node(std::string_view media_type) { return is_manifest(media_type) || is_index(media_type); }

bool is_image_config(std::string_view media_type) {
  return media_type == kConfigType || media_type == kDockerConfigType;
}

bool is_valid_media_type(std::string_view text) {
  const std::size_t slash = text.find('/');
  return slash != std::string_view::npos && is_restricted_name(text.substr(0, slash)) &&
         is_restricted_name(text.substr(slash + 1));
}

}  // namespace slipway::oci
