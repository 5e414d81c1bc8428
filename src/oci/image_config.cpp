#include "slipway/oci/image_config.h"

#include <algorithm>

#include "oci/json_members.h"
#include "slipway/base/clock.h"
#include "slipway/base/json_reader.h"
#include "slipway/base/text.h"
#include "slipway/oci/document.h"

namespace slipway::oci {
namespace {

constexpr std::size_t kMaxHistory = 8192;

/// `{"80/tcp":{}}`, the form of ExposedPorts and Volumes (image-spec config.md).
Result<std::set<std::string>> read_set(JsonReader& reader, std::string_view key) {
  std::set<std::string> names;
  SLIPWAY_ASSIGN(const Json* value, reader.object(key));
  if (value == nullptr) return names;
  for (const auto& [name, empty] : *value->object()) {
    // Anything inside would be lost when the config is written again.
    if (!empty.is_null() && !(empty == Json(Json::Object{}))) {
      return fail(Errc::malformed, "the image config: \"{}\": \"{}\" is not followed by {{}}", key,
                  printable(name, 80));
    }
    names.insert(name);
  }
  return names;
}

Json write_set(const std::set<std::string>& names) {
  Json::Object object;
  for (const std::string& name : names)
    object.emplace_back(name, Json::Object{});
  return object;
}

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
    return fail(Errc::malformed, "the image config: rootfs.type is \"{}\", not \"layers\"", printable(type, 40));
  }
  SLIPWAY_ASSIGN(const auto diff_ids, rootfs.string_list("diff_ids"));
  if (diff_ids && diff_ids->size() > kMaxChildren) {
    return fail(Errc::too_large, "the image config: {} diff_ids, the limit is {}", diff_ids->size(), kMaxChildren);
  }
  for (const std::string& text : diff_ids.value_or(std::vector<std::string>{})) {
    auto digest = Digest::parse(text);
    if (!digest) return fail(Errc::malformed, "the image config: diff_ids: {}", digest.error().message);
    config.diff_ids.push_back(*std::move(digest));
  }
  SLIPWAY_ASSIGN(config.other_rootfs, rootfs.finish());
  return {};
}

Status read_history(JsonReader& reader, ImageConfig& config) {
  SLIPWAY_ASSIGN(const Json* array, reader.array("history"));
  if (array == nullptr) return {};
  if (array->array()->size() > kMaxHistory) {
    return fail(Errc::too_large, "the image config: {} entries of history, the limit is {}", array->array()->size(),
                kMaxHistory);
  }
  for (const Json& item : *array->array()) {
    SLIPWAY_ASSIGN(auto entry, JsonReader::of(item, "the image config: \"history\""));
    History history;
    SLIPWAY_TRY(assign(history.created, entry.string("created")));
    SLIPWAY_TRY(assign(history.created_by, entry.string("created_by")));
    SLIPWAY_TRY(assign(history.author, entry.string("author")));
    SLIPWAY_TRY(assign(history.comment, entry.string("comment")));
    SLIPWAY_TRY(assign(history.empty_layer, entry.boolean("empty_layer")));
    SLIPWAY_ASSIGN(history.other, entry.finish());
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
  if (!config.labels.empty()) json.set("Labels", write_map(config.labels));
  if (!config.stop_signal.empty()) json.set("StopSignal", config.stop_signal);
  write_others(json, config.other_config);
  return json;
}

tl::unexpected<Error> refuse_config(std::string_view member, std::string_view text, std::string_view why) {
  return fail(Errc::invalid_argument, "the image config: {}: \"{}\" {}", member, printable(text, 120), why);
}

Status check_times(const ImageConfig& config) {
  if (!config.created.empty() && !parse_time(config.created)) {
    return refuse_config("created", config.created, "is not an RFC 3339 time");
  }
  for (const History& entry : config.history) {
    if (!entry.created.empty() && !parse_time(entry.created)) {
      return refuse_config("history", entry.created, "is not an RFC 3339 time");
    }
  }
  return {};
}

/// A newline in User or Env has fooled runtimes that write them into files line by line.
Status check_texts(const ImageConfig& config) {
  const auto has_nul = [](const std::string& text) { return text.find('\0') != std::string::npos; };
  if (has_control_characters(config.user)) return refuse_config("User", config.user, "has control characters");
  if (has_control_characters(config.working_dir))
    return refuse_config("WorkingDir", config.working_dir, "has control characters");
  if (has_control_characters(config.stop_signal))
    return refuse_config("StopSignal", config.stop_signal, "has control characters");
  for (const std::string& volume : config.volumes) {
    if (volume.empty() || has_control_characters(volume)) return refuse_config("Volumes", volume, "is not a path");
  }
  for (const auto* list : {&config.env, &config.entrypoint, &config.cmd}) {
    const auto bad = std::find_if(list->begin(), list->end(), has_nul);
    if (bad != list->end()) return refuse_config("Env, Entrypoint or Cmd", *bad, "has a NUL byte");
  }
  for (const auto& [key, value] : config.labels) {
    if (key.empty()) return refuse_config("Labels", value, "has no name");
  }
  return {};
}

bool is_exposed_port(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::string_view number = text.substr(0, slash);
  const std::string_view protocol = slash == std::string_view::npos ? "tcp" : text.substr(slash + 1);
  if (number.empty() || number.size() > 5 || number.find_first_not_of("0123456789") != std::string_view::npos)
    return false;
  int value = 0;
  for (const char c : number)
    value = value * 10 + (c - '0');
  return value >= 1 && value <= 65535 && (protocol == "tcp" || protocol == "udp" || protocol == "sctp");
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
    write_others(json, entry.other);
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
  for (const Digest& id : diff_ids)
    ids.emplace_back(id.str());
  Json rootfs;
  rootfs.set("type", "layers").set("diff_ids", std::move(ids));
  write_others(rootfs, other_rootfs);
  json.set("rootfs", std::move(rootfs));
  if (!history.empty()) json.set("history", write_history(history));
  write_others(json, other);
  return json.compact();
}

Status ImageConfig::check() const {
  SLIPWAY_TRY(check_times(*this));
  SLIPWAY_TRY(check_texts(*this));
  for (const std::string& entry : env) {
    const std::size_t equals = entry.find('=');
    if (equals == std::string::npos || equals == 0) return refuse_config("Env", entry, "is not KEY=VALUE");
  }
  for (const std::string& port : exposed_ports) {
    if (!is_exposed_port(port))
      return refuse_config("ExposedPorts", port, "is not PORT, PORT/tcp, PORT/udp or PORT/sctp");
  }
  if (platform.os.empty() || platform.architecture.empty()) {
    return fail(Errc::invalid_argument, "the image config: \"os\" and \"architecture\" must be set");
  }
  const auto made_layers =
      std::count_if(history.begin(), history.end(), [](const History& h) { return !h.empty_layer; });
  if (!history.empty() && static_cast<std::size_t>(made_layers) != diff_ids.size()) {
    return fail(Errc::invalid_argument, "the image config: history tells of {} layers, there are {}", made_layers,
                diff_ids.size());
  }
  return {};
}

void set_env(std::vector<std::string>& env, const std::string& key, const std::string& value) {
  const std::string prefix = key + "=";
  bool placed = false;
  std::vector<std::string> merged;
  for (std::string& entry : env) {
    if (entry.rfind(prefix, 0) != 0 && entry != key) {
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
