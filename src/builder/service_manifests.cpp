#include "builder/service_manifests.h"

#include <algorithm>

#include "slipway/base/json.h"
#include "slipway/base/text.h"

namespace slipway::builder {
namespace {

constexpr std::size_t kMaxManifest = 4u << 20;  // bytes
constexpr const char* kHome = "/app";
constexpr int kMaxLevels = 12;
constexpr std::size_t kMaxModules = 200;

bool is_file(FileSystem& fs, const stdfs::path& path) {
  const auto stat = fs.stat(path, true);
  return stat && stat->type == FileType::regular;
}

/// The whole project below /app; files of the project's tools stay behind.
Outputs service(std::string kind, std::string base, std::vector<std::string> exclude) {
  Outputs outputs;
  outputs.kind = std::move(kind);
  outputs.base = std::move(base);
  outputs.workdir = kHome;
  outputs.rules = {{".", kHome, true}};
  outputs.exclude = {".git", ".slipway", "slipway.yaml", "slipway.lock", "images", "**/.env", "**/*.pem", "**/*.key"};
  outputs.exclude.insert(outputs.exclude.end(), exclude.begin(), exclude.end());
  outputs.left_out = {"files that look like secrets (.env, *.pem, *.key), and git's"};
  return outputs;
}

/// Adds the native modules of a service, which need libraries; folders of tests and environments are not looked into.
void take_modules(FileSystem& fs, const stdfs::path& project, const stdfs::path& folder, int level, Outputs& outputs) {
  if (level > kMaxLevels) return;
  for (const std::string& name : fs.list(folder).value_or(std::vector<std::string>())) {
    const auto stat = fs.stat(folder / name);
    if (!stat) continue;
    const bool skipped = name[0] == '.' || name == "venv" || name == "test" || name == "tests" || name == "coverage";
    if (stat->type == FileType::directory && !skipped) take_modules(fs, project, folder / name, level + 1, outputs);
    const bool module = stat->type == FileType::regular && (name.ends_with(".so") || name.ends_with(".node"));
    if (module && outputs.closures.size() < kMaxModules)
      outputs.closures.push_back((folder / name).lexically_relative(project).native());
  }
}

/// "node server.js" of scripts.start; other commands need a shell and are not understood.
std::string file_of_start_script(const std::string& script) {
  const std::vector<std::string> words = split(script, ' ');
  if (words.size() != 2 || words[0] != "node" || words[1].starts_with('-')) return {};
  return words[1];
}

std::string first_program(const Json& bin) {
  if (bin.string() != nullptr) return *bin.string();
  const auto* programs = bin.object();
  if (programs == nullptr) return {};
  for (const auto& [name, file] : *programs) {
    if (file.string() != nullptr) return *file.string();
  }
  return {};
}

std::string entry_of(const Json& package) {
  if (const Json* scripts = package.find("scripts")) {
    const std::string file = file_of_start_script(scripts->text("start"));
    if (!file.empty()) return file;
  }
  if (const Json* bin = package.find("bin")) {
    const std::string file = first_program(*bin);
    if (!file.empty()) return file;
  }
  return package.text("main");
}

std::optional<std::string> python_start(FileSystem& fs, const stdfs::path& folder) {
  for (const char* name : {"manage.py", "app.py", "main.py", "server.py", "__main__.py"}) {
    if (is_file(fs, folder / name)) return name;
  }
  for (const stdfs::path& place : {folder, folder / "src"}) {
    for (const std::string& name : fs.list(place).value_or(std::vector<std::string>())) {
      if (is_file(fs, place / name / "__main__.py")) return (place / name).lexically_relative(folder).native();
    }
  }
  return std::nullopt;
}

}  // namespace

Result<std::optional<Outputs>> find_node_service(FileSystem& fs, const stdfs::path& folder) {
  const auto text = read_file(fs, folder / "package.json", kMaxManifest);
  if (!text && text.error().code == Errc::not_found) return std::optional<Outputs>();
  SLIPWAY_TRY(text);
  SLIPWAY_ASSIGN(const Json package, Json::parse(*text, "package.json"));
  std::string entry = entry_of(package);
  if (entry.empty() && is_file(fs, folder / "index.js")) entry = "index.js";
  if (entry.empty() || entry.starts_with('/') || !is_file(fs, folder / entry)) return std::optional<Outputs>();
  Outputs outputs = service("Node's package.json", "docker.io/library/node:22-slim", {"test", "tests", "coverage"});
  outputs.programs = {"node"};
  outputs.arguments = {stdfs::path(entry).lexically_normal().native()};
  if (package.find("dependencies") != nullptr && !fs.stat(folder / "node_modules", true))
    outputs.left_out.emplace_back("the dependencies: run 'npm ci --omit=dev' first");
  take_modules(fs, folder, folder, 0, outputs);
  return std::optional(std::move(outputs));
}

Result<std::optional<Outputs>> find_python_service(FileSystem& fs, const stdfs::path& folder) {
  std::string manifest;
  for (const char* name : {"pyproject.toml", "requirements.txt", "setup.cfg", "setup.py"}) {
    if (manifest.empty() && is_file(fs, folder / name)) manifest = name;
  }
  if (manifest.empty()) return std::optional<Outputs>();
  const auto start = python_start(fs, folder);
  if (!start) return std::optional<Outputs>();
  Outputs outputs = service("Python's " + manifest, "docker.io/library/python:3.12-slim",
                            {"tests", ".venv", "venv", "**/__pycache__", "**/*.pyc"});
  outputs.programs = {"python3"};
  outputs.arguments = {*start};
  outputs.left_out.emplace_back(
      "dependencies of a virtual environment: 'pip install --target vendor .' puts them here, "
      "and 'env: {PYTHONPATH: /app/vendor}' lets Python find them");
  take_modules(fs, folder, folder, 0, outputs);
  return std::optional(std::move(outputs));
}

}  // namespace slipway::builder
