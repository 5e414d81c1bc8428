#include "run/chart_templates.h"

#include <map>
#include <memory>

#include "slipway/base/text.h"

namespace slipway::run {

namespace {

constexpr std::size_t kMaxTemplates = 32u << 20;
constexpr std::size_t kMaxTemplate = 4u << 20;
constexpr int kMaxDepth = 16;

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

bool is_there(FileSystem& fs, const stdfs::path& path) { return fs.stat(path, true).has_value(); }

/// Adds the text of every template below a folder. One that cannot be read tells nothing.
void add_templates(FileSystem& fs, const stdfs::path& folder, int depth, std::string& out) {
  const auto names = fs.list(folder);
  if (!names || depth > kMaxDepth) return;
  for (const std::string& name : *names) {
    const auto stat = fs.stat(folder / name);
    if (!stat || out.size() > kMaxTemplates) continue;
    if (stat->type == FileType::directory) add_templates(fs, folder / name, depth + 1, out);
    if (stat->type != FileType::regular) continue;
    out += read_file(fs, folder / name, kMaxTemplate).value_or("") + "\n";
  }
}

std::optional<std::string> read_chart(FileSystem& fs, const stdfs::path& chart) {
  if (!is_there(fs, chart / "Chart.yaml") || !is_there(fs, chart / "templates")) return std::nullopt;
  std::string out;
  add_templates(fs, chart / "templates", 0, out);
  // Library charts among the dependencies have the helpers that the templates call.
  for (const std::string& name : fs.list(chart / "charts").value_or(std::vector<std::string>()))
    add_templates(fs, chart / "charts" / name / "templates", 0, out);
  return out;
}

/// Returns true if the action that reads a key at `at` prints "sha256:" directly in front of it.
bool has_algorithm_before(const std::string& templates, std::size_t at) {
  const std::size_t open = templates.rfind("{{", at);
  if (open == std::string::npos) return false;
  if (std::string_view(templates).substr(0, open).ends_with("sha256:")) return true;
  return templates.substr(open, at - open).find("sha256:%s") != std::string::npos;
}

/// Adds the uses of `name` as a whole word.
void add_uses(const std::string& templates, const std::string& name, KeyUse& use) {
  for (std::size_t at = templates.find(name); at != std::string::npos; at = templates.find(name, at + 1)) {
    const std::size_t end = at + name.size();
    if (end < templates.size() && is_word(templates[end])) continue;
    use.bare = use.bare || has_algorithm_before(templates, at);
    use.read = true;
  }
}

/// Returns true if a mapping is used as a whole: handed to a helper, bound by `with` or assigned.
bool is_passed_on(const std::string& templates, const std::string& mapping) {
  for (std::size_t at = templates.find(mapping); at != std::string::npos; at = templates.find(mapping, at + 1)) {
    const std::size_t end = at + mapping.size();
    if (end == templates.size() || (!is_word(templates[end]) && templates[end] != '.')) return true;
  }
  return false;
}

}  // namespace

std::function<std::optional<std::string>(const std::string& file, const std::string& subchart)> templates_beside(
    FileSystem& fs) {
  auto known = std::make_shared<std::map<stdfs::path, std::optional<std::string>>>();
  return [&fs, known](const std::string& file, const std::string& subchart) {
    stdfs::path chart = stdfs::path(file).parent_path();
    if (!subchart.empty()) chart = chart / "charts" / subchart;
    const auto [at, is_new] = known->try_emplace(chart);
    if (is_new) at->second = read_chart(fs, chart);
    return at->second;
  };
}

KeyUse use_of_key(const std::string& templates, const std::string& path, const std::string& key) {
  const std::string mapping = path.empty() ? ".Values" : ".Values." + path;
  KeyUse use;
  add_uses(templates, mapping + "." + key, use);
  if (use.read) return use;
  // A parent that is passed on takes the mapping with it: {{ with .Values.server }}{{ .image.tag }}.
  std::string passed = mapping, member = "." + key;
  while (true) {
    if (is_passed_on(templates, passed)) add_uses(templates, member, use);
    const std::size_t dot = passed.rfind('.');
    if (use.read || passed == ".Values" || dot == std::string::npos) return use;
    member = passed.substr(dot) + member;
    passed.resize(dot);
    if (passed == ".Values") return use;
  }
}

}  // namespace slipway::run
