#include "slipway/oci/descriptor.h"

#include <limits>

#include "slipway/base/json_reader.h"
#include "slipway/base/text.h"
#include "slipway/oci/media_type.h"

namespace slipway::oci {
namespace {

constexpr std::size_t kMaxData = 1u << 20;

Json to_json_object(const Annotations& annotations) {
  Json::Object object;
  for (const auto& [key, value] : annotations) object.emplace_back(key, value);
  return object;
}

Result<std::optional<std::string>> read_data(JsonReader& reader, const std::string& what) {
  SLIPWAY_ASSIGN(const auto coded, reader.string("data"));
  if (!coded) return std::optional<std::string>();
  if (coded->size() > kMaxData) return fail(Errc::too_large, "{}: \"data\" is more than {}", what, human_bytes(kMaxData));
  auto decoded = base64_decode(*coded);
  if (!decoded) return fail(Errc::malformed, "{}: \"data\" is not base64", what);
  return decoded;
}

}  // namespace

Result<Descriptor> Descriptor::from_json(const Json& value, const std::string& what) {
  SLIPWAY_ASSIGN(auto reader, JsonReader::of(value, what));
  SLIPWAY_ASSIGN(std::string media_type, reader.required_string("mediaType"));
  if (!is_valid_media_type(media_type)) {
    return fail(Errc::malformed, "{}: '{}' is not a media type", what, printable(media_type, 80));
  }
  SLIPWAY_ASSIGN(Digest digest, reader.required_digest("digest"));
  SLIPWAY_ASSIGN(const std::int64_t size,
                 reader.required_integer("size", 0, std::numeric_limits<std::int64_t>::max()));
  Descriptor descriptor(std::move(media_type), std::move(digest), size);
  SLIPWAY_ASSIGN(auto urls, reader.string_list("urls"));
  descriptor.urls = std::move(urls).value_or(std::vector<std::string>{});
  SLIPWAY_ASSIGN(const auto annotations, reader.string_map("annotations"));
  descriptor.annotations.insert(annotations.begin(), annotations.end());
  SLIPWAY_ASSIGN(descriptor.data, read_data(reader, what));
  SLIPWAY_ASSIGN(const Json* platform, reader.object("platform"));
  if (platform != nullptr) {
    SLIPWAY_ASSIGN(descriptor.platform, Platform::from_json(*platform));
  }
  SLIPWAY_ASSIGN(const auto artifact_type, reader.string("artifactType"));
  descriptor.artifact_type = artifact_type.value_or("");
  SLIPWAY_ASSIGN(descriptor.other, reader.finish());
  return descriptor;
}

Json Descriptor::to_json() const {
  Json json;
  json.set("mediaType", media_type).set("digest", digest.str()).set("size", size);
  if (!urls.empty()) json.set("urls", Json::Array(urls.begin(), urls.end()));
  if (!annotations.empty()) json.set("annotations", to_json_object(annotations));
  if (data) json.set("data", base64_encode(*data));
  if (platform) json.set("platform", platform->to_json());
  if (!artifact_type.empty()) json.set("artifactType", artifact_type);
  for (const auto& [key, value] : other) json.set(key, value);
  return json;
}

}  // namespace slipway::oci
