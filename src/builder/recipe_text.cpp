#include <algorithm>

#include "slipway/base/text.h"
#include "slipway/builder/outputs.h"

namespace slipway::builder {
namespace {

constexpr std::size_t kLongestName = 40;

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

std::string list_of(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts)
    out += (out.empty() ? "" : ", ") + scalar(text);
  return "[" + out + "]";
}

}  // namespace

std::string app_name_of(const std::string& text) {
  std::string name;
  for (const char c : to_lower(text)) {
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
  std::string text = fmt::format("# Written by 'slipway init' from {}. Build it with 'slipway build'.\n", outputs.kind);
  for (std::size_t i = 1; i < found.size(); ++i)
    text += fmt::format("# Also found, and not used: {}.\n", found[i].kind);
  text += fmt::format("app: {}\nimage:\n", app);
  text +=
      "  repository: \"oci:./images\"          # a folder; a registry's repository works the same: "
      "registry.example.com/team/" +
      app + "\n";
  text += "  base: scratch                       # or an image: what it has already is not packed again\n";
  text += "  # source: git                       # the commit in the image's annotations\n";
  text += "  # debug: split                      # debug information beside the image, for 'slipway debug fetch'\n";
  text += "  # sbom: spdx                        # what the image is made of, attached to it\n";
  text += "  layers:\n    - name: app\n";
  text += "      split: churn                    # what changes rarely lies lowest: a new program moves one layer\n";
  text += "      # shared libraries and the loader, found from the programs themselves\n";
  text += "      closure: " + list_of(outputs.closures) + "\n";
  text +=
      "      runtime: auto                   # certificates, time zones, users and so on, as the programs call for "
      "them\n";
  text += "      files:\n";
  for (const OutputRule& rule : outputs.rules) {
    const std::string skipped = rule.folder ? ", exclude: [\"**/include/**\", \"**/*.a\", \"**/pkgconfig/**\", "
                                              "\"**/cmake/**\", \"**/share/man/**\", \"**/share/doc/**\"]"
                                            : "";
    text += fmt::format("        - {{from: {}, to: {}{}}}\n", scalar(rule.from), scalar(rule.to), skipped);
  }
  text += "  config:\n";
  text += fmt::format("    entrypoint: [{}]\n", scalar(outputs.programs.front()));
  for (std::size_t i = 1; i < std::min<std::size_t>(outputs.programs.size(), 10); ++i)
    text += fmt::format("    # or: {}\n", outputs.programs[i]);
  text += "    user: \"65532:65532\"               # not root\n    # ports: [8080/tcp]\n    # env: {LANG: C.UTF-8}\n";
  text += "environments:\n  staging: {}                         # 'slipway release staging'\n";
  text += "  production:\n    after: [staging]                  # 'slipway promote staging production'\n";
  return text;
}

}  // namespace slipway::builder
