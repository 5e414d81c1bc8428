#include <algorithm>

#include "slipway/base/text.h"
#include "slipway/builder/outputs.h"

namespace slipway::builder {
namespace {

constexpr std::size_t kLongestName = 40;

/// "redis-7.0.15" is redis.
std::string without_version(const std::string& text) {
  const std::size_t dash = text.rfind('-');
  if (dash == std::string::npos || dash == 0) return text;
  const std::string_view last = std::string_view(text).substr(dash + 1);
  const bool version = last.size() > 1 && last.find('.') != std::string_view::npos && last[0] >= '0' && last[0] <= '9';
  return version ? text.substr(0, dash) : text;
}

/// A text as a YAML scalar: as it is where nothing in it could be read otherwise.
std::string scalar(const std::string& text) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("/._-+").find(c) != std::string_view::npos;
  };
  const bool safe = !text.empty() && std::all_of(text.begin(), text.end(), plain) &&
                    (text[0] == '/' || text[0] == '.' || (text[0] >= 'A'));
  if (safe) return text;
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string flow_list(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts)
    out += (out.empty() ? "" : ", ") + scalar(text);
  return "[" + out + "]";
}

std::string head_of(const std::vector<Outputs>& found) {
  std::string text =
      fmt::format("# Written by 'slipway init' from {}. Build it with 'slipway build'.\n", found.front().kind);
  for (const std::string& line : found.front().left_out)
    text += fmt::format("# Left out: {}.\n", line);
  for (std::size_t i = 1; i < found.size(); ++i)
    text += fmt::format("# Also found, and not used: {}.\n", found[i].kind);
  return text;
}

std::string base_line(const Outputs& outputs) {
  if (outputs.base.empty())
    return "  base: scratch                       # or an image: what it has already is not packed again\n";
  return fmt::format("  base: {}   # has the interpreter\n", outputs.base);
}

std::string file_line(const OutputRule& rule, const std::vector<std::string>& exclude) {
  if (rule.link) return fmt::format("        - {{link: {}, to: {}}}\n", scalar(rule.from), scalar(rule.to));
  std::vector<std::string> patterns;
  if (rule.folder) {
    patterns = {"**/include/**", "**/*.a",          "**/*.la",        "**/pkgconfig/**",
                "**/cmake/**",   "**/share/man/**", "**/share/doc/**"};
    if (!exclude.empty()) patterns = exclude;
  }
  const std::string skipped = patterns.empty() ? "" : ", exclude: " + flow_list(patterns);
  const char* const followed = rule.follow ? ", symlinks: follow" : "";
  return fmt::format("        - {{from: {}, to: {}{}{}}}\n", scalar(rule.from), scalar(rule.to), skipped, followed);
}

std::string config_of(const Outputs& outputs) {
  std::vector<std::string> start = {outputs.programs.front()};
  start.insert(start.end(), outputs.arguments.begin(), outputs.arguments.end());
  std::string text = fmt::format("  config:\n    entrypoint: {}\n", flow_list(start));
  for (std::size_t i = 1; i < std::min<std::size_t>(outputs.programs.size(), 10); ++i)
    text += fmt::format("    # or: {}\n", outputs.programs[i]);
  if (!outputs.workdir.empty()) text += fmt::format("    workdir: {}\n", scalar(outputs.workdir));
  return text +
         "    user: \"65532:65532\"               # not root\n    # ports: [8080/tcp]\n"
         "    # env: {LANG: C.UTF-8}\n";
}

}  // namespace

std::string app_name_of(const std::string& text) {
  std::string name;
  for (const char c : without_version(to_lower(text))) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (plain) name += c;
    if (!plain && !name.empty() && name.back() != '-') name += '-';
  }
  name = name.substr(0, kLongestName);
  while (name.ends_with('-'))
    name.pop_back();
  return name.empty() ? "app" : name;
}

std::string recipe_text(const std::string& app, const std::vector<Outputs>& found) {
  const Outputs& outputs = found.front();
  std::string text = head_of(found);
  text += fmt::format("app: {}\nimage:\n", app);
  text +=
      "  repository: \"oci:./images\"          # a folder; a registry's repository works the same: "
      "registry.example.com/team/" +
      app + "\n";
  text += base_line(outputs);
  text += "  # source: git                       # the commit in the image's annotations\n";
  text += "  # debug: split                      # debug information beside the image, for 'slipway debug fetch'\n";
  text += "  # sbom: spdx                        # an SBOM, attached to the image\n";
  text += "  layers:\n    - name: app\n";
  text += "      split: churn                    # what changes rarely lies lowest: a new program moves one layer\n";
  if (!outputs.closures.empty()) {
    text += "      # shared libraries and the loader, found from the programs themselves\n";
    text += "      closure: " + flow_list(outputs.closures) + "\n";
    text +=
        "      runtime: auto                   # certificates, time zones, users and so on, as the programs call for "
        "them\n";
  }
  text += "      files:\n";
  for (const OutputRule& rule : outputs.rules)
    text += file_line(rule, outputs.exclude);
  text += config_of(outputs);
  text += "environments:\n  staging: {}                         # 'slipway release staging'\n";
  text += "  production:\n    after: [staging]                  # 'slipway promote staging production'\n";
  return text;
}

}  // namespace slipway::builder
