#include <algorithm>

#include "run/export_formats.h"
#include "run/yaml_writer.h"
#include "slipway/base/json.h"
#include "slipway/base/text.h"

namespace slipway::run {

namespace {

/// A message inside ${NAME:?message}.
std::string without_braces(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '{' || c == '}' || c == '$'; }, '_');
  return text;
}

/// compose expands $ in values; $$ stands for one of them.
Yaml compose_text(std::string_view text) {
  std::string out;
  for (const char c : text)
    out += c == '$' ? std::string("$$") : std::string(1, c);
  return Yaml::text(out);
}

Result<Yaml> environment_of(const ExportRequest& r) {
  Yaml environment = Yaml::map({});
  for (const auto& [key, reference] : r.secrets) {
    // Taken from the environment that compose itself runs in, which refuses to start without it.
    const std::string message = without_braces(printable(reference, 300));
    environment.add(key, Yaml::text(fmt::format("${{{}:?{}}}", key, message)));
  }
  for (const auto& [key, value] : r.values) {
    if (!is_valid_utf8(value) || value.find('\0') != std::string::npos)
      return fail(Errc::invalid_argument, "\"{}\" is not text, which is all that compose can carry", key);
    environment.add(key, compose_text(value));
  }
  return environment;
}

/// A file as the service mounts it.
Yaml config_mount(const ExportRequest& r, const ExportedFile& file, std::size_t number) {
  return Yaml::flow({{"source", Yaml::plain(fmt::format("file-{}", number))},
                     {"target", compose_text(r.config_path + "/" + file.name)},
                     {"mode", Yaml::plain(fmt::format("0{:o}", file.mode))}});
}

}  // namespace

Result<ExportFiles> export_compose(const ExportRequest& r) {
  Yaml service = Yaml::map({{"image", Yaml::text(r.image)}});
  SLIPWAY_ASSIGN(Yaml environment, environment_of(r));
  service.add("environment", std::move(environment));
  Yaml labels = Yaml::map({});
  for (const auto& [key, value] : release_labels(r))
    labels.add(key, compose_text(value));
  service.add("labels", std::move(labels));
  std::vector<Yaml> mounts;
  Yaml configs = Yaml::map({});
  for (const ExportedFile& file : r.files) {
    configs.add(fmt::format("file-{}", mounts.size()),
                Yaml::map({{"file", compose_text("./" + config_folder(r) + "/" + file.name)}}));
    mounts.push_back(config_mount(r, file, mounts.size()));
  }
  service.add("configs", Yaml::list(std::move(mounts), true));
  Yaml services = Yaml::map({});
  services.add(Json(r.app).compact(), std::move(service));
  const Yaml document = Yaml::map({{"services", std::move(services)}, {"configs", std::move(configs)}});
  ExportFiles files{{"compose.yaml", export_heading(r) + write_yaml(document)}};
  add_config_files(r, files);
  return files;
}

}  // namespace slipway::run
