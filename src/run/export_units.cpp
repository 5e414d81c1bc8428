#include "run/export_formats.h"
#include "slipway/base/text.h"
#include "slipway/run/env_dialect.h"

namespace slipway::run {

namespace {

/// Returns the name of a secret in podman's store.
std::string podman_secret(const ExportRequest& r, const std::string& name) {
  return fmt::format("{}-{}-{}", r.app, r.environment, name);
}

/// Returns comments that say which secrets to create before the unit can start.
std::string secret_notes(const ExportRequest& r) {
  std::string out;
  for (const auto& [name, reference] : r.secrets)
    out += fmt::format("# podman secret {}: {}\n", podman_secret(r, name), printable(reference, 300));
  return out;
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
  return fail(Error(Errc::invalid_argument, fmt::format("a podman unit cannot mount files at \"{}\"", r.config_path))
                  .with_hint("choose a config: path without colons, commas and blanks"));
}

}  // namespace

Result<ExportFiles> export_quadlet(const ExportRequest& r) {
  SLIPWAY_ASSIGN(std::string env, write_env(r.values, Dialect::podman));
  std::string out =
      export_heading(r) + secret_notes(r) +
      fmt::format("[Unit]\nDescription={} {} v{}\n\n[Container]\nImage={}\n", r.app, r.environment, r.number, r.image);
  if (!env.empty()) out += fmt::format("EnvironmentFile=./{}.env\n", r.app);
  for (const auto& [name, reference] : r.secrets)
    out += fmt::format("Secret={},type=env,target={}\n", podman_secret(r, name), name);
  if (!r.files.empty()) {
    SLIPWAY_ASSIGN(const std::string volume, volume_of(r, "./" + config_folder(r)));
    out += "Volume=" + volume + "\n";
  }
  for (const auto& [key, value] : release_labels(r))
    out += "Label=" + unit_word(key + "=" + value) + "\n";
  out += "\n[Service]\nRestart=always\n\n[Install]\nWantedBy=default.target\n";
  ExportFiles files{{r.app + ".container", std::move(out)}};
  if (!env.empty()) files.push_back({r.app + ".env", std::move(env)});
  add_config_files(r, files);
  return files;
}

/// %E in a unit is /etc, or ~/.config for the systemd of a user.
Result<ExportFiles> export_systemd(const ExportRequest& r) {
  SLIPWAY_ASSIGN(std::string env, write_env(r.values, Dialect::podman));
  std::string out = export_heading(r) + secret_notes(r);
  if (!env.empty())
    out += fmt::format("# {0}.env belongs to %E/{0}/: /etc/{0}/, or ~/.config/{0}/ of a user.\n", r.app);
  if (!r.files.empty()) out += fmt::format("# {1}/ belongs to %E/{0}/ likewise.\n", r.app, config_folder(r));
  out += fmt::format(
      "[Unit]\nDescription={0} {1} v{2}\nWants=network-online.target\nAfter=network-online.target\n\n[Service]\n"
      "ExecStart=/usr/bin/podman run --rm --replace --name {0} --cgroups no-conmon --sdnotify conmon \\\n",
      r.app, r.environment, r.number);
  if (!env.empty()) out += fmt::format("  --env-file %E/{0}/{0}.env \\\n", r.app);
  for (const auto& [name, reference] : r.secrets)
    out += fmt::format("  --secret {},type=env,target={} \\\n", podman_secret(r, name), name);
  if (!r.files.empty()) {
    SLIPWAY_ASSIGN(const std::string volume, volume_of(r, fmt::format("%E/{}/{}", r.app, config_folder(r))));
    out += fmt::format("  --volume {} \\\n", volume);
  }
  for (const auto& [key, value] : release_labels(r))
    out += "  --label " + unit_word(key + "=" + value) + " \\\n";
  out += fmt::format(
      "  {}\nExecStop=/usr/bin/podman stop --ignore {}\nType=notify\nNotifyAccess=all\nRestart=always\n\n[Install]\n"
      "WantedBy=default.target\n",
      r.image, r.app);
  ExportFiles files{{r.app + ".service", std::move(out)}};
  if (!env.empty()) files.insert(files.begin(), {r.app + ".env", std::move(env)});
  add_config_files(r, files);
  return files;
}

}  // namespace slipway::run
