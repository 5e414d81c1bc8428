#include "slipway/run/export.h"

#include <algorithm>
#include <array>

#include "slipway/base/json.h"
#include "slipway/base/text.h"
#include "slipway/io/hash.h"
#include "slipway/release/secret_reference.h"
#include "slipway/run/env_dialect.h"

namespace slipway::run {

namespace {

using Files = std::vector<ExportFile>;

constexpr std::size_t kMaxConfigMap = 1u << 20;

/// A JSON string is a YAML scalar, whatever is in it.
std::string yaml_text(std::string_view text) { return Json(text).compact(); }

std::string heading(const ExportRequest& r) {
  return fmt::format("# {} {} v{}, written by slipway export: change the release, not this file.\n", r.app,
                     r.environment, r.number);
}

/// What tells a release from another, as annotations and labels have it.
std::vector<std::pair<std::string, std::string>> marks(const ExportRequest& r) {
  std::vector<std::pair<std::string, std::string>> all{{"io.slipway.release", fmt::format("v{}", r.number)},
                                                       {"io.slipway.environment", r.environment},
                                                       {"io.slipway.build", r.build.str()}};
  if (!r.revision.empty()) all.emplace_back("org.opencontainers.image.revision", r.revision);
  return all;
}

std::string indented(std::string_view text, std::size_t by) {
  std::string out;
  for (const std::string& line : split(std::string(text.substr(0, text.find_last_not_of('\n') + 1)), '\n'))
    out += (line.empty() ? "" : std::string(by, ' ')) + line + "\n";
  return out;
}

std::string members(const std::vector<std::pair<std::string, std::string>>& pairs) {
  std::string out;
  for (const auto& [key, value] : pairs)
    out += key + ": " + yaml_text(value) + "\n";
  return out;
}

std::string folder_of_files(const ExportRequest& r) { return r.app + ".config"; }

/// What a ConfigMap can call a file: its name, else one made of it that no other file has.
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

class Kubernetes {
 public:
  explicit Kubernetes(const ExportRequest& request) : r_(request) {
    if (!r_.values.empty()) data_ = "data:\n" + indented(members(r_.values), 2);
    if (!data_.empty())
      config_name_ = fmt::format("{}-{}-{}", r_.app, r_.environment, io::digest_of(data_).hex().substr(0, 10));
    describe_files();
  }

  Status check() const {
    std::size_t size = 0;
    for (const auto& [key, value] : r_.values)
      size += key.size() + value.size();
    if (size > kMaxConfigMap) {
      return fail(Error(Errc::too_large, fmt::format("the config of {} has {}, a ConfigMap holds 1 MiB", r_.environment,
                                                     human_bytes(size)))
                      .with_hint("put large values into files of the image, or use mode: layer"));
    }
    const auto broken = std::find_if(r_.values.begin(), r_.values.end(),
                                     [](const auto& entry) { return !is_valid_utf8(entry.second); });
    if (broken == r_.values.end()) return check_files();
    return fail(Error(Errc::invalid_argument,
                      fmt::format("\"{}\" is not UTF-8, which no environment of a pod can carry", broken->first))
                    .with_hint("encode the value, base64 for instance"));
  }

  /// The ConfigMaps: of the values, of the files.
  std::string config_maps() const {
    if (data_.empty() || file_data_.empty())
      return config_map(config_name_, data_) + config_map(files_name_, file_data_);
    return config_map(config_name_, data_) + "---\n" + config_map(files_name_, file_data_);
  }

  std::string deployment() const {
    return "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: " + r_.app + "\n" + indented(labels(), 2) +
           indented(annotations(), 2) + "spec:\n  selector:\n    matchLabels:\n" + indented(selector(), 6) +
           "  template:\n    metadata:\n" + indented(labels(), 6) + indented(annotations(), 6) +
           "    spec:\n      containers:\n" + indented(container(true), 8) + indented(volumes(), 6);
  }

  /// Of a Deployment and container that are called as the app.
  std::string patch(bool with_image) const {
    return "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: " + r_.app + "\n" + indented(annotations(), 2) +
           "spec:\n  template:\n    metadata:\n" + indented(annotations(), 6) + "    spec:\n      containers:\n" +
           indented(container(with_image), 8) + indented(volumes(), 6);
  }

 private:
  std::string config_map(const std::string& name, const std::string& data) const {
    if (data.empty()) return {};
    return "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: " + name + "\n" + indented(labels(), 2) +
           indented(annotations(), 2) + "immutable: true\n" + data;
  }

  /// Text stays readable; what is no text goes where Kubernetes wants it.
  void describe_files() {
    std::vector<std::pair<std::string, std::string>> text, binary;
    for (const ConfigFile& file : r_.files) {
      const std::string key = config_map_key(file.name);
      const bool readable = is_valid_utf8(file.content) && file.content.find('\0') == std::string::npos;
      (readable ? text : binary).emplace_back(key, readable ? file.content : base64_encode(file.content));
      items_ += fmt::format("- {{key: {}, path: {}, mode: {}}}\n", yaml_text(key), yaml_text(file.name),
                            file.mode & 0111 ? 0755 : 0644);
    }
    if (!text.empty()) file_data_ += "data:\n" + indented(members(text), 2);
    if (!binary.empty()) file_data_ += "binaryData:\n" + indented(members(binary), 2);
    // Where a file goes belongs to the content that the name stands for.
    if (!r_.files.empty())
      files_name_ =
          fmt::format("{}-{}-files-{}", r_.app, r_.environment, io::digest_of(file_data_ + items_).hex().substr(0, 10));
  }

  Status check_files() const {
    std::size_t size = 0;
    for (const ConfigFile& file : r_.files)
      size += config_map_key(file.name).size() + file.content.size();
    if (size <= kMaxConfigMap) return {};
    return fail(Error(Errc::too_large, fmt::format("the config files of {} have {}, a ConfigMap holds 1 MiB",
                                                   r_.environment, human_bytes(size)))
                    .with_hint("use mode: layer, which puts them on the image, or build what is large into it"));
  }

  std::string volumes() const {
    if (r_.files.empty()) return {};
    return "volumes:\n- name: config\n  configMap:\n    name: " + yaml_text(files_name_) + "\n    items:\n" +
           indented(items_, 4);
  }

  std::string selector() const {
    return members({{"app.kubernetes.io/instance", r_.app + "-" + r_.environment}, {"app.kubernetes.io/name", r_.app}});
  }
  std::string labels() const { return "labels:\n" + indented(selector(), 2); }
  std::string annotations() const { return "annotations:\n" + indented(members(marks(r_)), 2); }

  std::string container(bool with_image) const {
    std::string out = "- name: " + yaml_text(r_.app) + "\n";
    if (with_image) out += "  image: " + yaml_text(r_.image) + "\n";
    if (!data_.empty()) out += "  envFrom:\n  - configMapRef: {name: " + yaml_text(config_name_) + "}\n";
    if (!r_.files.empty())
      out += "  volumeMounts:\n  - {name: config, mountPath: " + yaml_text(r_.config_path) + ", readOnly: true}\n";
    if (!r_.secrets.empty()) out += "  env:\n";
    for (const auto& [name, reference] : r_.secrets) {
      const auto [object, key] = secret_key(name, reference);
      out += fmt::format("  - name: {}\n    valueFrom: {{secretKeyRef: {{name: {}, key: {}}}}}\n", yaml_text(name),
                         yaml_text(object), yaml_text(key));
    }
    return out;
  }

  /// `secret://NAME/path#key` is the key `key` of a Secret called as the path; `secret://OBJECT/KEY` says which
  /// outright; anything else is to be put into a Secret named after the environment.
  std::pair<std::string, std::string> secret_key(const std::string& name, const std::string& text) const {
    using Reference = release::SecretReference;
    const auto reference = Reference::parse(text);
    const std::pair<std::string, std::string> own{r_.app + "-" + r_.environment, name};
    if (!reference || reference->kind != Reference::Kind::helper) return own;
    if (reference->key.empty()) return {reference->name, reference->path};
    std::string object = to_lower(reference->path);
    std::replace_if(
        object.begin(), object.end(), [](char c) { return c == '/' || c == '_'; }, '-');
    const bool plain = object.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-.") == std::string::npos;
    return plain && object.front() != '-' && object.back() != '-' ? std::pair(object, reference->key) : own;
  }

  const ExportRequest& r_;
  std::string data_, config_name_;              // of the values
  std::string file_data_, files_name_, items_;  // of the files
};

Result<Files> kubernetes(const ExportRequest& r) {
  const Kubernetes objects(r);
  SLIPWAY_TRY(objects.check());
  const std::string config = objects.config_maps();
  return Files{{r.app + ".yaml", heading(r) + config + (config.empty() ? "" : "---\n") +
                                     (r.patch ? objects.patch(true) : objects.deployment())}};
}

/// An overlay: the image by digest under every name that manifests have for it, the config and a patch that uses it.
Result<Files> kustomize(const ExportRequest& r) {
  const Kubernetes objects(r);
  SLIPWAY_TRY(objects.check());
  const std::size_t at = r.image.find('@');
  const std::size_t colon = r.image.rfind(':', at);
  std::string kind = heading(r) + "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n";
  const std::string config = objects.config_maps();
  if (!config.empty()) kind += "resources:\n- config.yaml\n";
  kind += "images:\n";
  for (const std::string& name : r.written_as) {
    kind += fmt::format("- name: {}\n  newName: {}\n  newTag: {}\n  digest: {}\n", yaml_text(name),
                        yaml_text(r.image.substr(0, colon)), yaml_text(r.image.substr(colon + 1, at - colon - 1)),
                        yaml_text(r.image.substr(at + 1)));
  }
  kind += "patches:\n- path: patch.yaml\n";
  Files files;
  if (!config.empty()) files.push_back({"config.yaml", heading(r) + config});
  files.push_back({"kustomization.yaml", std::move(kind)});
  files.push_back({"patch.yaml", heading(r) + objects.patch(false)});
  return files;
}

/// What a secret of this environment is called in podman's store.
std::string podman_secret(const ExportRequest& r, const std::string& name) {
  return fmt::format("{}-{}-{}", r.app, r.environment, name);
}

/// What has to be put where before the files work, for people.
std::string secret_notes(const ExportRequest& r) {
  std::string out;
  for (const auto& [name, reference] : r.secrets)
    out += fmt::format("# podman secret {}: {}\n", podman_secret(r, name), printable(reference, 300));
  return out;
}

/// The config's files, in the folder beside what mounts it.
void add_files(const ExportRequest& r, Files& files) {
  for (const ConfigFile& file : r.files)
    files.push_back({folder_of_files(r) + "/" + file.name, file.content, file.mode});
}

/// A message inside ${NAME:?message}.
std::string without_braces(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '{' || c == '}' || c == '$'; }, '_');
  return text;
}

/// compose expands $ in values; $$ is one of them.
Result<Files> compose(const ExportRequest& r) {
  const auto dollars = [](const std::string& text) {
    std::string out;
    for (const char c : text)
      out += c == '$' ? std::string("$$") : std::string(1, c);
    return out;
  };
  std::string out = heading(r) + "services:\n  " + yaml_text(r.app) + ":\n    image: " + yaml_text(r.image) + "\n";
  if (!r.values.empty() || !r.secrets.empty()) out += "    environment:\n";
  for (const auto& [key, reference] : r.secrets) {
    // Taken from the environment that compose itself runs in, which refuses to start without it.
    out += fmt::format("      {0}: {1}\n", key,
                       yaml_text(fmt::format("${{{}:?{}}}", key, without_braces(printable(reference, 300)))));
  }
  for (const auto& [key, value] : r.values) {
    if (!is_valid_utf8(value) || value.find('\0') != std::string::npos)
      return fail(Errc::invalid_argument, "\"{}\" is no text, which compose cannot carry", key);
    out += "      " + key + ": " + yaml_text(dollars(value)) + "\n";
  }
  out += "    labels:\n";
  for (const auto& [key, value] : marks(r))
    out += "      " + key + ": " + yaml_text(dollars(value)) + "\n";
  std::string sources;
  if (!r.files.empty()) out += "    configs:\n";
  for (std::size_t i = 0; i < r.files.size(); ++i) {
    const ConfigFile& file = r.files[i];
    out += fmt::format("      - {{source: file-{}, target: {}, mode: 0{:o}}}\n", i,
                       yaml_text(dollars(r.config_path + "/" + file.name)), file.mode);
    sources +=
        fmt::format("  file-{}:\n    file: {}\n", i, yaml_text(dollars("./" + folder_of_files(r) + "/" + file.name)));
  }
  if (!sources.empty()) out += "configs:\n" + sources;
  Files files{{"compose.yaml", std::move(out)}};
  add_files(r, files);
  return files;
}

/// A word of a unit file: % is a specifier, quotes and backslashes are taken off.
std::string unit_word(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
    if (c == '%') out += '%';
  }
  return out + "\"";
}

/// The folder of files as podman mounts it. Errc::invalid_argument for a path that it would divide.
Result<std::string> volume_of(const ExportRequest& r, const std::string& folder) {
  if (r.config_path.find_first_of(": ,%\\\"") == std::string::npos)
    return fmt::format("{}:{}:ro,Z", folder, r.config_path);
  return fail(Error(Errc::invalid_argument, fmt::format("podman's units cannot mount files at '{}'", r.config_path))
                  .with_hint("choose a config: path without ':', ',' and blanks"));
}

Result<Files> quadlet(const ExportRequest& r) {
  SLIPWAY_ASSIGN(std::string env, write_env(r.values, Dialect::podman));
  std::string out =
      heading(r) + secret_notes(r) +
      fmt::format("[Unit]\nDescription={} {} v{}\n\n[Container]\nImage={}\n", r.app, r.environment, r.number, r.image);
  if (!env.empty()) out += fmt::format("EnvironmentFile=./{}.env\n", r.app);
  for (const auto& [name, reference] : r.secrets)
    out += fmt::format("Secret={},type=env,target={}\n", podman_secret(r, name), name);
  if (!r.files.empty()) {
    SLIPWAY_ASSIGN(const std::string volume, volume_of(r, "./" + folder_of_files(r)));
    out += "Volume=" + volume + "\n";
  }
  for (const auto& [key, value] : marks(r))
    out += "Label=" + unit_word(key + "=" + value) + "\n";
  out += "\n[Service]\nRestart=always\n\n[Install]\nWantedBy=default.target\n";
  Files files{{r.app + ".container", std::move(out)}};
  if (!env.empty()) files.push_back({r.app + ".env", std::move(env)});
  add_files(r, files);
  return files;
}

/// %E is /etc, or ~/.config where a user's systemd runs it.
Result<Files> systemd(const ExportRequest& r) {
  SLIPWAY_ASSIGN(std::string env, write_env(r.values, Dialect::podman));
  std::string out = heading(r) + secret_notes(r);
  if (!env.empty())
    out += fmt::format("# {0}.env belongs to %E/{0}/: /etc/{0}/, or ~/.config/{0}/ of a user.\n", r.app);
  if (!r.files.empty()) out += fmt::format("# {1}/ belongs to %E/{0}/ likewise.\n", r.app, folder_of_files(r));
  out += fmt::format(
      "[Unit]\nDescription={0} {1} v{2}\nWants=network-online.target\nAfter=network-online.target\n\n[Service]\n"
      "ExecStart=/usr/bin/podman run --rm --replace --name {0} --cgroups no-conmon --sdnotify conmon \\\n",
      r.app, r.environment, r.number);
  if (!env.empty()) out += fmt::format("  --env-file %E/{0}/{0}.env \\\n", r.app);
  for (const auto& [name, reference] : r.secrets)
    out += fmt::format("  --secret {},type=env,target={} \\\n", podman_secret(r, name), name);
  if (!r.files.empty()) {
    SLIPWAY_ASSIGN(const std::string volume, volume_of(r, fmt::format("%E/{}/{}", r.app, folder_of_files(r))));
    out += fmt::format("  --volume {} \\\n", volume);
  }
  for (const auto& [key, value] : marks(r))
    out += "  --label " + unit_word(key + "=" + value) + " \\\n";
  out += fmt::format(
      "  {}\nExecStop=/usr/bin/podman stop --ignore {}\nType=notify\nNotifyAccess=all\nRestart=always\n\n[Install]\n"
      "WantedBy=default.target\n",
      r.image, r.app);
  Files files{{r.app + ".service", std::move(out)}};
  if (!env.empty()) files.insert(files.begin(), {r.app + ".env", std::move(env)});
  add_files(r, files);
  return files;
}

struct Format {
  ExportFormat format;
  std::string_view word;
  Result<Files> (*write)(const ExportRequest& request);
};

constexpr std::array kFormats{
    Format{ExportFormat::kubernetes, "kubernetes", kubernetes}, Format{ExportFormat::kustomize, "kustomize", kustomize},
    Format{ExportFormat::compose, "compose", compose},          Format{ExportFormat::quadlet, "quadlet", quadlet},
    Format{ExportFormat::systemd, "systemd", systemd},
};

}  // namespace

Result<ExportFormat> parse_export_format(std::string_view word) {
  for (const Format& format : kFormats) {
    if (format.word == word) return format.format;
  }
  return fail(Error(Errc::invalid_argument, fmt::format("there is no export format '{}'", printable(word, 80)))
                  .with_hint("one of kubernetes, kustomize, compose, quadlet, systemd"));
}

Result<std::vector<ExportFile>> export_release(const ExportRequest& request, ExportFormat format) {
  for (const Format& known : kFormats) {
    if (known.format == format) return known.write(request);
  }
  return fail(Errc::internal, "an export format without a writer");
}

}  // namespace slipway::run
