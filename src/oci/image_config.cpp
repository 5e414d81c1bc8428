#include "slipway/oci/image_config.h"

#include "slipway/base/json_reader.h"
#include "slipway/base/text.h"
#include "slipway/oci/document.h"

namespace slipway::oci {
namespace {

constexpr std::size_t kMaxLayers = 1024;
constexpr std::size_t kMaxHistory = 8192;

/// `{"80/tcp":{}}`, the form of ExposedPorts and Volumes (image-spec config.md).
Result<std::set<std::string>> read_set(JsonReader& reader, std::string_view key) {
  std::set<std::string> names;
  SLIPWAY_ASSIGN(const Json* value, reader.object(key));
  if (value == nullptr) return names;
  for (const auto& [name, empty] : *value->object()) names.insert(name);
  return names;
}

Json write_set(const std::set<std::string>& names) {
  Json::Object object;
  for (const std::string& name : names) object.emplace_back(name, Json::Object{});
  return object;
}

Json write_list(const std::vector<std::string>& list) { return Json::Array(list.begin(), list.end()); }

template <class T>
Status assign(T& member, Result<std::optional<T>> value) {
  SLIPWAY_ASSIGN(auto read, std::move(value));
  if (read) member = *std::move(read);
  return {};
}

Status read_run_config(const Json& json, ImageConfig& config) {
  SLIPWAY_ASSIGN(auto reader, JsonReader::of(json, "the image config: \"config\""));
  SLIPWAY_TRY(assign(config.user, reader.string("User")));
  SLIPWAY_ASSIGN(config.exposed_ports, read_set(reader, "ExposedPorts"));
  SLIPWAY_TRY(assign(config.env, reader.string_list("Env")));
  SLIPWAY_TRY(assign(config.entrypoint, reader.string_list("Entrypoint")));
  SLIPWAY_TRY(assign(config.cmd, reader.string_list("Cmd")));
  SLIPWAY_ASSIGN(config.volumes, read_set(reader, "Volumes"));
  SLIPWAY_TRY(assign(config.working_dir, reader.string("WorkingDir")));
  SLIPWAY_ASSIGN(const auto labels, reader.string_map("Labels"));
  config.labels.insert(labels.begin(), labels.end());
  SLIPWAY_TRY(assign(config.stop_signal, reader.string("StopSignal")));
  SLIPWAY_ASSIGN(config.other_config, reader.finish());
  return {};
}

Status read_rootfs(JsonReader& reader, ImageConfig& config) {
  SLIPWAY_ASSIGN(const Json* json, reader.object("rootfs"));
  if (json == nullptr) return fail(Errc::malformed, "the image config: \"rootfs\" is missing");
  SLIPWAY_ASSIGN(auto rootfs, JsonReader::of(*json, "the image config: \"rootfs\""));
  SLIPWAY_ASSIGN(const std::string type, rootfs.required_string("type"));
  if (type != "layers") {
    return fail(Errc::malformed, "the image config: rootfs.type is '{}', not 'layers'", printable(type, 40));
  }
  SLIPWAY_ASSIGN(const auto diff_ids, rootfs.string_list("diff_ids"));
  if (diff_ids && diff_ids->size() > kMaxLayers) return fail(Errc::too_large, "the image config: too many diff_ids");
  for (const std::string& text : diff_ids.value_or(std::vector<std::string>{})) {
    auto digest = Digest::parse(text);
    if (!digest) return fail(Errc::malformed, "the image config: diff_ids: {}", digest.error().message);
    config.diff_ids.push_back(*std::move(digest));
  }
  SLIPWAY_TRY(rootfs.finish());
  return {};
}

Status read_history(JsonReader& reader, ImageConfig& config) {
  SLIPWAY_ASSIGN(const Json* array, reader.array("history"));
  if (array == nullptr) return {};
  if (array->array()->size() > kMaxHistory) return fail(Errc::too_large, "the image config: too much history");
  for (const Json& item : *array->array()) {
    SLIPWAY_ASSIGN(auto entry, JsonReader::of(item, "the image config: \"history\""));
    History history;
    SLIPWAY_TRY(assign(history.created, entry.string("created")));
    SLIPWAY_TRY(assign(history.created_by, entry.string("created_by")));
    SLIPWAY_TRY(assign(history.author, entry.string("author")));
    SLIPWAY_TRY(assign(history.comment, entry.string("comment")));
    SLIPWAY_TRY(assign(history.empty_layer, entry.boolean("empty_layer")));
    SLIPWAY_TRY(entry.finish());
    config.history.push_back(std::move(history));
  }
  return {};
}

Json write_run_config(const ImageConfig& config) {
  Json json = Json::Object{};
  if (!config.user.empty()) json.set("User", config.user);
  if (!config.exposed_ports.empty()) json.set("ExposedPorts", write_set(config.exposed_ports));
  if (!config.env.empty()) json.set("Env", write_list(config.env));
  if (!config.entrypoint.empty()) json.set("Entrypoint", write_list(config.entrypoint));
  if (!config.cmd.empty()) json.set("Cmd", write_list(config.cmd));
  if (!config.volumes.empty()) json.set("Volumes", write_set(config.volumes));
  if (!config.working_dir.empty()) json.set("WorkingDir", config.working_dir);
  if (!config.labels.empty()) {
    Json::Object labels;
    for (const auto& [key, value] : config.labels) labels.emplace_back(key, value);
    json.set("Labels", std::move(labels));
  }
  if (!config.stop_signal.empty()) json.set("StopSignal", config.stop_signal);
  for (const auto& [key, value] : config.other_config) json.set(key, value);
  return json;
}

Json write_history(const std::vector<History>& history) {
  Json::Array array;
  for (const History& entry : history) {
    Json json = Json::Object{};
    if (!entry.created.empty()) json.set("created", entry.created);
    if (!entry.created_by.empty()) json.set("created_by", entry.created_by);
    if (!entry.author.empty()) json.set("author", entry.author);
    if (!entry.comment.empty()) json.set("comment", entry.comment);
    if (entry.empty_layer) json.set("empty_layer", true);
    array.push_back(std::move(json));
  }
  return array;
}

}  // namespace

Result<ImageConfig> ImageConfig::parse(std::string_view raw) {
  SLIPWAY_ASSIGN(const Json json, Json::parse(raw, "the image config", {.max_bytes = kMaxDocument}));
  SLIPWAY_ASSIGN(auto reader, JsonReader::of(json, "the image config"));
  ImageConfig config;
  SLIPWAY_TRY(assign(config.created, reader.string("created")));
  SLIPWAY_TRY(assign(config.author, reader.string("author")));
  SLIPWAY_ASSIGN(config.platform.architecture, reader.required_string("architecture"));
  SLIPWAY_ASSIGN(config.platform.os, reader.required_string("os"));
  SLIPWAY_TRY(assign(config.platform.variant, reader.string("variant")));
  SLIPWAY_TRY(assign(config.platform.os_version, reader.string("os.version")));
  SLIPWAY_TRY(assign(config.platform.os_features, reader.string_list("os.features")));
  SLIPWAY_ASSIGN(const Json* run_config, reader.object("config"));
  if (run_config != nullptr) SLIPWAY_TRY(read_run_config(*run_config, config));
  SLIPWAY_TRY(read_rootfs(reader, config));
  SLIPWAY_TRY(read_history(reader, config));
  SLIPWAY_ASSIGN(config.other, reader.finish());
  return config;
}

std::string ImageConfig::serialize() const {
  Json json;
  if (!created.empty()) json.set("created", created);
  if (!author.empty()) json.set("author", author);
  json.set("architecture", platform.architecture).set("os", platform.os);
  if (!platform.os_version.empty()) json.set("os.version", platform.os_version);
  if (!platform.os_features.empty()) json.set("os.features", write_list(platform.os_features));
  if (!platform.variant.empty()) json.set("variant", platform.variant);
  json.set("config", write_run_config(*this));
  Json::Array ids;
  for (const Digest& id : diff_ids) ids.emplace_back(id.str());
  Json rootfs;
  rootfs.set("type", "layers").set("diff_ids", std::move(ids));
  json.set("rootfs", std::move(rootfs));
  if (!history.empty()) json.set("history", write_history(history));
  for (const auto& [key, value] : other) json.set(key, value);
  return json.compact();
}

void set_env(std::vector<std::string>& env, const std::string& key, const std::string& value) {
  const std::string prefix = key + "=";
  bool placed = false;
  std::vector<std::string> merged;
  for (std::string& entry : env) {
    if (entry.rfind(prefix, 0) != 0) {
      merged.push_back(std::move(entry));
    } else if (!placed) {
      merged.push_back(prefix + value);
      placed = true;
    }
  }
  if (!placed) merged.push_back(prefix + value);
  env = std::move(merged);
}

}  // namespace slipway::oci
