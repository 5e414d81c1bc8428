#include "run/chart_templates.h"

#include <map>
#include <memory>
#include <mutex>

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

/// Returns true if the action with the byte `at` prints "sha256:" directly in front of what it prints.
bool has_algorithm_before(std::string_view templates, std::size_t at) {
  const std::size_t open = templates.rfind("{{", at);
  if (open == std::string_view::npos) return false;
  if (templates.substr(0, open).ends_with("sha256:")) return true;
  return templates.substr(open, at - open).find("sha256:%s") != std::string_view::npos;
}

/// Returns the next mention of `name` as a whole word, from `at` on; npos without one.
std::size_t find_word(std::string_view templates, std::string_view name, std::size_t at) {
  for (at = templates.find(name, at); at != std::string_view::npos; at = templates.find(name, at + 1)) {
    const std::size_t end = at + name.size();
    if (end == templates.size() || !is_word(templates[end])) return at;
  }
  return at;
}

/// Returns the word in front of a key in its action: "$digest" of {{ $digest := .Values.image.digest }}, "with" of
/// {{ with .Values.image.digest }}; empty for {{ .Values.image.digest }}.
std::string_view word_before(std::string_view templates, std::size_t at) {
  const std::size_t open = templates.rfind("{{", at);
  if (open == std::string_view::npos) return {};
  std::string_view action = templates.substr(open + 2, at - open - 2);
  if (action.starts_with('-')) action.remove_prefix(1);
  action = trim(action);
  return action.substr(0, action.find_first_of(" \t:"));
}

/// Returns true if a variable that is assigned at `at` is printed behind "sha256:" before it is assigned again.
bool is_variable_bare(std::string_view templates, std::string_view name, std::size_t at) {
  for (at = find_word(templates, name, at); at != std::string_view::npos; at = find_word(templates, name, at + 1)) {
    if (trim(templates.substr(at + name.size(), 4)).starts_with(":=")) return false;
    if (has_algorithm_before(templates, at)) return true;
  }
  return false;
}

/// Returns true if templates print the value that they read at `at` behind "sha256:": there, or through a variable, or
/// as the dot of a `with`.
bool is_printed_bare(std::string_view templates, std::size_t at) {
  if (has_algorithm_before(templates, at)) return true;
  const std::string_view word = word_before(templates, at);
  if (word == "with") {
    const std::size_t next = templates.find("{{", at);
    return next != std::string_view::npos && templates.substr(0, next).ends_with("sha256:");
  }
  return word.size() > 1 && word[0] == '$' && is_word(word[1]) && is_variable_bare(templates, word, at);
}

/// Returns the action {{ ... }} with the byte `at`; empty outside of one.
std::string_view action_at(std::string_view templates, std::size_t at) {
  const std::size_t open = templates.rfind("{{", at);
  if (open == std::string_view::npos) return {};
  const std::string_view action = templates.substr(open, templates.find("}}", open) - open);
  return open + action.size() > at ? action : std::string_view();
}

/// Returns true if an action takes a tag apart, as one that removes a digest does.
bool takes_apart(std::string_view action) {
  return action.find('@') != std::string_view::npos || action.find("plit") != std::string_view::npos;
}

/// Returns true if the action with the byte `at` compares a semantic version, or stands behind "version:" in its line.
bool is_version_there(std::string_view templates, std::size_t at) {
  const std::string_view action = action_at(templates, at);
  if (action.empty() || action.starts_with("{{/*") || action.starts_with("{{- /*") || takes_apart(action)) return false;
  if (action.find("semver") != std::string_view::npos) return true;
  const auto open = static_cast<std::size_t>(action.data() - templates.data());
  std::string_view line = templates.substr(0, open);
  line = line.substr(line.rfind('\n') + 1);
  return to_lower(trim(line.substr(0, line.find_last_not_of(" \"'") + 1))).ends_with("version:");
}

/// Returns true if a variable that is assigned at `at` is used as a version before it is assigned again.
bool is_variable_version(std::string_view templates, std::string_view name, std::size_t at) {
  for (at = find_word(templates, name, at); at != std::string_view::npos; at = find_word(templates, name, at + 1)) {
    if (trim(templates.substr(at + name.size(), 4)).starts_with(":=")) return false;
    if (is_version_there(templates, at)) return true;
  }
  return false;
}

/// Returns true if templates use the value that they read at `at` as a version: there, or through a variable.
bool is_used_as_version(std::string_view templates, std::size_t at) {
  if (is_version_there(templates, at)) return true;
  const std::string_view word = word_before(templates, at);
  const bool is_variable = word.size() > 1 && word[0] == '$' && is_word(word[1]);
  return is_variable && !takes_apart(action_at(templates, at)) && is_variable_version(templates, word, at);
}

/// Returns true if the word at `at` ends a path that is written in full from the root of the values.
bool is_in_full(std::string_view templates, std::size_t at) {
  std::size_t begin = at;
  while (begin > 0 && (is_word(templates[begin - 1]) || templates[begin - 1] == '.'))
    --begin;
  return begin < at && templates.substr(begin).starts_with(".Values.");
}

/// Adds the uses of `name` as a whole word. One in full is another mapping's key, unless `name` is in full itself.
void add_uses(std::string_view templates, std::string_view name, KeyUse& use) {
  for (std::size_t at = find_word(templates, name, 0); at != std::string_view::npos;
       at = find_word(templates, name, at + 1)) {
    if (is_in_full(templates, at)) continue;
    use.bare = use.bare || is_printed_bare(templates, at);
    use.version = use.version || is_used_as_version(templates, at);
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
  struct Known {
    std::mutex mutex;
    std::map<stdfs::path, std::optional<std::string>> charts;
  };
  return [&fs, known = std::make_shared<Known>()](const std::string& file, const std::string& subchart) {
    stdfs::path chart = stdfs::path(file).parent_path();
    if (!subchart.empty()) chart = chart / "charts" / subchart;
    const std::scoped_lock lock(known->mutex);
    const auto [at, is_new] = known->charts.try_emplace(chart);
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
