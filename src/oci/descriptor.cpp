#include "slipway/oci/descriptor.h"

#include <limits>

#include "oci/json_members.h"
#include "slipway/base/json_reader.h"
#include "slipway/base/text.h"
#include "slipway/oci/media_type.h"

namespace slipway::oci {
namespace {

constexpr std::size_t kMaxData = 1u << 20;  // of base64 text

Result<std::optional<std::string>> read_data(JsonReader& reader, const std::string& what) {
  SLIPWAY_ASSIGN(const auto coded, reader.string("data"));
  if (!coded) return std::optional<std::string>();
  if (coded->size() > kMaxData)
    return fail(Errc::too_large, "{}: \"data\" is more than {}", what, human_bytes(kMaxData));
  auto decoded = base64_decode(*coded);
  if (!decoded) return fail(Errc::malformed, "{}: \"data\" is not base64", what);
  return decoded;
}

}  // namespace

Result<Descriptor> Descriptor::from_json(const Json& value, const std::string& what) {
  SLIPWAY_ASSIGN(auto reader, JsonReader::of(value, what));
  SLIPWAY_ASSIGN(std::string media_type, reader.required_string("mediaType"));
  if (!is_valid_media_type(media_type)) {
    return fail(Errc::malformed, "{}: \"{}\" is not a media type", what, printable(media_type, 80));
  }
  SLIPWAY_ASSIGN(Digest digest, reader.required_digest("digest"));
  SLIPWAY_ASSIGN(const std::int64_t size, reader.required_integer("size", 0, std::numeric_limits<std::int64_t>::max()));
  Descriptor descriptor(std::move(media_type), std::move(digest), size);
  SLIPWAY_ASSIGN(auto urls, reader.string_list("urls"));
  descriptor.urls = std::move(urls).value_or(std::vector<std::string>{});
  SLIPWAY_ASSIGN(const auto annotations, reader.string_map("annotations"));
  descriptor.annotations.insert(annotations.begin(), annotations.end());
  SLIPWAY_ASSIGN(descriptor.data, read_data(reader, what));
  if (descriptor.data && descriptor.data->size() != static_cast<std::uint64_t>(size)) {
    return fail(Errc::malformed, "{}: \"data\" holds {} bytes, \"size\" says {}", what, descriptor.data->size(), size);
  }
  SLIPWAY_ASSIGN(const Json* platform, reader.object("platform"));
  if (platform != nullptr) {
    auto read = Platform::from_json(*platform);
    if (!read) return fail(Errc::malformed, "{}: {}", what, read.error().message);
    descriptor.platform = *std::move(read);
  }
  SLIPWAY_ASSIGN(const auto artifact_type, reader.string("artifactType"));
  descriptor.artifact_type = artifact_type.value_or("");
  SLIPWAY_ASSIGN(descriptor.other, reader.finish());
  return descriptor;
}

Json Descriptor::to_json() const {
  Json json;
  json.set("mediaType", media_type).set("digest", digest.str()).set("size", size);
  if (!urls.empty()) json.set("urls", write_list(urls));
  if (!annotations.empty()) json.set("annotations", write_map(annotations));
  if (data) json.set("data", base64_encode(*data));
  if (platform) json.set("platform", platform->to_json());
  if (!artifact_type.empty()) json.set("artifactType", artifact_type);
  write_others(json, other);
  return json;
}

}  // namespace slipway::oci
