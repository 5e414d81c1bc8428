#include <algorithm>

#include "run/export_formats.h"
#include "run/yaml_writer.h"
#include "slipway/base/text.h"
#include "slipway/io/hash.h"
#include "slipway/release/secret_reference.h"

namespace slipway::run {

namespace {

constexpr std::size_t kMaxConfigMap = 1u << 20;

/// A ConfigMap's name and content. The name ends with a hash, so that changed content starts new pods.
struct ConfigMap {
  std::string name;
  Yaml data = Yaml::map({});  ///< "data" and "binaryData"
  std::string items;          ///< of files: which key goes to which path with which mode
  bool empty() const { return name.empty(); }
};

Yaml text_members(const std::vector<std::pair<std::string, std::string>>& pairs) {
  Yaml members = Yaml::map({});
  for (const auto& [key, value] : pairs)
    members.add(key, Yaml::text(value));
  return members;
}

/// Returns a key of a ConfigMap for a file: its name, or one derived from it that no other file has.
std::string config_map_key(const std::string& name) {
  constexpr std::size_t kLongest = 253;
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  };
  std::string key = name;
  std::replace_if(
      key.begin(), key.end(), [&](char c) { return !allowed(c); }, '_');
  const bool dots = key.find_first_not_of('.') == std::string::npos || key.starts_with("..");
  if (key == name && !dots && key.size() <= kLongest) return key;
  const std::string hash(io::digest_of(name).hex().substr(0, 10));
  return "f-" + key.substr(0, kLongest - hash.size() - 3) + "-" + hash;
}

/// Refuses values that a ConfigMap cannot hold.
Status check_values(const ExportRequest& r) {
  std::size_t size = 0;
  for (const auto& [key, value] : r.values)
    size += key.size() + value.size();
  if (size > kMaxConfigMap) {
    return fail(Error(Errc::too_large,
                      fmt::format("the config of {} has {}, a ConfigMap holds 1 MiB", r.environment, human_bytes(size)))
                    .with_hint("put large values into files of the image, or use mode: layer"));
  }
  const auto broken =
      std::find_if(r.values.begin(), r.values.end(), [](const auto& entry) { return !is_valid_utf8(entry.second); });
  if (broken == r.values.end()) return {};
  return fail(Error(Errc::invalid_argument,
                    fmt::format("\"{}\" is not UTF-8, which no environment of a pod can carry", broken->first))
                  .with_hint("encode the value, base64 for instance"));
}

/// Refuses files that do not fit into a ConfigMap.
Status check_files(const ExportRequest& r) {
  std::size_t size = 0;
  for (const ExportedFile& file : r.files)
    size += config_map_key(file.name).size() + file.content.size();
  if (size <= kMaxConfigMap) return {};
  return fail(Error(Errc::too_large, fmt::format("the config files of {} have {}, a ConfigMap holds 1 MiB",
                                                 r.environment, human_bytes(size)))
                  .with_hint("use mode: layer, which puts them on the image, or build what is large into it"));
}

/// Returns name and key of the Secret for a reference. `secret://NAME/path#key` is the key `key` of a Secret called as
/// the path; `secret://OBJECT/KEY` says which outright; anything else is to be put into a Secret named after the
/// environment.
std::pair<std::string, std::string> secret_key(const ExportRequest& r, const std::string& name,
                                               const std::string& text) {
  using Reference = release::SecretReference;
  const auto reference = Reference::parse(text);
  const std::pair<std::string, std::string> own{r.app + "-" + r.environment, name};
  if (!reference || reference->kind != Reference::Kind::helper) return own;
  if (reference->key.empty()) return {reference->name, reference->path};
  std::string object = to_lower(reference->path);
  std::replace_if(
      object.begin(), object.end(), [](char c) { return c == '/' || c == '_'; }, '-');
  const bool plain = object.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-.") == std::string::npos;
  return plain && object.front() != '-' && object.back() != '-' ? std::pair(object, reference->key) : own;
}

std::string hashed_name(const ExportRequest& r, std::string_view infix, const std::string& content) {
  return fmt::format("{}-{}-{}{}", r.app, r.environment, infix, io::digest_of(content).hex().substr(0, 10));
}

ConfigMap values_map(const ExportRequest& r) {
  ConfigMap map;
  if (r.values.empty()) return map;
  map.data.add("data", text_members(r.values));
  map.name = hashed_name(r, "", write_yaml(map.data));
  return map;
}

std::uint32_t mounted_mode(const ExportedFile& file) { return file.mode & 0111 ? 0755 : 0644; }

std::vector<Yaml> volume_items(const ExportRequest& r) {
  std::vector<Yaml> items;
  for (const ExportedFile& file : r.files) {
    items.push_back(Yaml::flow({{"key", Yaml::text(config_map_key(file.name))},
                                {"path", Yaml::text(file.name)},
                                {"mode", Yaml::plain(std::to_string(mounted_mode(file)))}}));
  }
  return items;
}

/// Text stays readable; bytes that are not text go to binaryData.
ConfigMap files_map(const ExportRequest& r) {
  ConfigMap map;
  if (r.files.empty()) return map;
  std::vector<std::pair<std::string, std::string>> text, binary;
  for (const ExportedFile& file : r.files) {
    const bool readable = is_valid_utf8(file.content) && file.content.find('\0') == std::string::npos;
    (readable ? text : binary)
        .emplace_back(config_map_key(file.name), readable ? file.content : base64_encode(file.content));
  }
  map.data.add("data", text_members(text)).add("binaryData", text_members(binary));
  // The place of a file belongs to the content that the name stands for.
  map.name = hashed_name(r, "files-", write_yaml(map.data) + write_yaml(Yaml::list(volume_items(r))));
  return map;
}

Yaml selector(const ExportRequest& r) {
  return text_members({{"app.kubernetes.io/instance", r.app + "-" + r.environment}, {"app.kubernetes.io/name", r.app}});
}

Yaml annotations(const ExportRequest& r) { return text_members(release_labels(r)); }

std::string write_config_map(const ExportRequest& r, const ConfigMap& map) {
  if (map.empty()) return {};
  const Yaml head = Yaml::map(
      {{"apiVersion", Yaml::plain("v1")},
       {"kind", Yaml::plain("ConfigMap")},
       {"metadata",
        Yaml::map({{"name", Yaml::plain(map.name)}, {"labels", selector(r)}, {"annotations", annotations(r)}})},
       {"immutable", Yaml::plain("true")}});
  return write_yaml(head) + write_yaml(map.data);
}

/// Both ConfigMaps as one text; empty when there are none.
std::string write_config_maps(const ExportRequest& r) {
  const std::string values = write_config_map(r, values_map(r));
  const std::string files = write_config_map(r, files_map(r));
  return values + (values.empty() || files.empty() ? "" : "---\n") + files;
}

Yaml secret_variable(const ExportRequest& r, const std::string& name, const std::string& reference) {
  const auto [object, key] = secret_key(r, name, reference);
  const Yaml source = Yaml::flow({{"name", Yaml::text(object)}, {"key", Yaml::text(key)}});
  return Yaml::map({{"name", Yaml::text(name)}, {"valueFrom", Yaml::flow({{"secretKeyRef", source}})}});
}

Yaml container(const ExportRequest& r, bool with_image) {
  Yaml out = Yaml::map({{"name", Yaml::text(r.app)}});
  if (with_image) out.add("image", Yaml::text(r.image));
  if (const ConfigMap values = values_map(r); !values.empty()) {
    const Yaml source = Yaml::flow({{"name", Yaml::text(values.name)}});
    out.add("envFrom", Yaml::list({Yaml::map({{"configMapRef", source}})}));
  }
  if (!r.files.empty()) {
    out.add("volumeMounts", Yaml::list({Yaml::flow({{"name", Yaml::plain("config")},
                                                    {"mountPath", Yaml::text(r.config_path)},
                                                    {"readOnly", Yaml::plain("true")}})}));
  }
  std::vector<Yaml> variables;
  for (const auto& [name, reference] : r.secrets)
    variables.push_back(secret_variable(r, name, reference));
  return out.add("env", Yaml::list(std::move(variables)));
}

Yaml pod_spec(const ExportRequest& r, bool with_image) {
  Yaml spec = Yaml::map({{"containers", Yaml::list({container(r, with_image)}, true)}});
  if (r.files.empty()) return spec;
  const Yaml source = Yaml::map({{"name", Yaml::text(files_map(r).name)}, {"items", Yaml::list(volume_items(r))}});
  return spec.add("volumes", Yaml::list({Yaml::map({{"name", Yaml::plain("config")}, {"configMap", source}})}));
}

/// Without volumes the text ends with a blank line. It always has, and GitOps repositories hold these bytes.
std::string with_end(const ExportRequest& r, const Yaml& workload) {
  return write_yaml(workload) + (r.files.empty() ? "\n" : "");
}

std::string write_deployment(const ExportRequest& r) {
  const Yaml pod_metadata = Yaml::map({{"labels", selector(r)}, {"annotations", annotations(r)}});
  return with_end(
      r,
      Yaml::map(
          {{"apiVersion", Yaml::plain("apps/v1")},
           {"kind", Yaml::plain("Deployment")},
           {"metadata",
            Yaml::map({{"name", Yaml::plain(r.app)}, {"labels", selector(r)}, {"annotations", annotations(r)}})},
           {"spec", Yaml::map({{"selector", Yaml::map({{"matchLabels", selector(r)}})},
                               {"template", Yaml::map({{"metadata", pod_metadata}, {"spec", pod_spec(r, true)}})}})}}));
}

/// A strategic merge patch of a Deployment and container named as the app.
std::string write_patch(const ExportRequest& r, bool with_image) {
  const Yaml pod_metadata = Yaml::map({{"annotations", annotations(r)}});
  const Yaml pod = Yaml::map({{"metadata", pod_metadata}, {"spec", pod_spec(r, with_image)}});
  return with_end(r,
                  Yaml::map({{"apiVersion", Yaml::plain("apps/v1")},
                             {"kind", Yaml::plain("Deployment")},
                             {"metadata", Yaml::map({{"name", Yaml::plain(r.app)}, {"annotations", annotations(r)}})},
                             {"spec", Yaml::map({{"template", pod}})}}));
}

/// The image by digest, for one name that manifests have for it.
Yaml kustomize_image(const ExportRequest& r, const std::string& name) {
  const std::size_t at = r.image.find('@');
  const std::size_t colon = r.image.rfind(':', at);
  return Yaml::map({{"name", Yaml::text(name)},
                    {"newName", Yaml::text(r.image.substr(0, colon))},
                    {"newTag", Yaml::text(r.image.substr(colon + 1, at - colon - 1))},
                    {"digest", Yaml::text(r.image.substr(at + 1))}});
}

}  // namespace

Result<ExportFiles> export_kubernetes(const ExportRequest& r) {
  SLIPWAY_TRY(check_values(r));
  SLIPWAY_TRY(check_files(r));
  const std::string config = write_config_maps(r);
  const std::string workload = r.patch ? write_patch(r, true) : write_deployment(r);
  return ExportFiles{{r.app + ".yaml", export_heading(r) + config + (config.empty() ? "" : "---\n") + workload}};
}

/// A component: the image by digest under every name that manifests have for it, the config, and a patch that uses it.
Result<ExportFiles> export_kustomize(const ExportRequest& r) {
  SLIPWAY_TRY(check_values(r));
  SLIPWAY_TRY(check_files(r));
  const std::string config = write_config_maps(r);
  std::vector<Yaml> resources, images;
  if (!config.empty()) resources.push_back(Yaml::plain("config.yaml"));
  for (const std::string& name : r.written_as)
    images.push_back(kustomize_image(r, name));
  const Yaml component = Yaml::map({{"apiVersion", Yaml::plain("kustomize.config.k8s.io/v1alpha1")},
                                    {"kind", Yaml::plain("Component")},
                                    {"resources", Yaml::list(std::move(resources))},
                                    {"images", Yaml::list(std::move(images))},
                                    {"patches", Yaml::list({Yaml::map({{"path", Yaml::plain("patch.yaml")}})})}});
  ExportFiles files;
  if (!config.empty()) files.push_back({"config.yaml", export_heading(r) + config});
  files.push_back({"kustomization.yaml", export_heading(r) + write_yaml(component)});
  files.push_back({"patch.yaml", export_heading(r) + write_patch(r, false)});
  return files;
}

}  // namespace slipway::run
