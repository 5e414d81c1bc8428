#include "slipway/run/reference_finder.h"

#include <fnmatch.h>

#include <algorithm>

#include "run/yaml_formats.h"
#include "slipway/base/text.h"

namespace slipway::run {

namespace {

std::vector<std::string> format_names() {
  std::vector<std::string> names{"dockerfile", "quadlet", "systemd", "kubernetes", "devcontainer", "nomad", "bake"};
  for (const YamlFormat& format : yaml_formats())
    names.emplace_back(format.name);
  return names;
}

bool matches(const FormatRule& rule, const std::string& file) {
  const std::string name(name_of_file(file));
  return ::fnmatch(rule.glob.c_str(), file.c_str(), 0) == 0 || ::fnmatch(rule.glob.c_str(), name.c_str(), 0) == 0;
}

}  // namespace

const std::vector<const ReferenceFinder*>& all_finders() {
  static const std::vector<const ReferenceFinder*> finders{&dockerfile_finder(), &unit_finder(), &devcontainer_finder(),
                                                           &nomad_finder(),      &bake_finder(), &yaml_finder()};
  return finders;
}

std::string_view assigned_format(const PinOptions& options, const std::string& file) {
  const auto rule = std::find_if(options.formats.rbegin(), options.formats.rend(),
                                 [&](const FormatRule& known) { return matches(known, file); });
  return rule == options.formats.rend() ? std::string_view() : std::string_view(rule->format);
}

Result<FormatRule> parse_format_rule(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0 || equals + 1 == text.size()) {
    return fail(error(Errc::invalid_argument, "\"{}\" is not NAME=GLOB", printable(text, 200))
                    .with_hint("write e.g. --format gitlab-ci=ci/*.yml"));
  }
  FormatRule rule{std::string(text.substr(0, equals)), std::string(text.substr(equals + 1))};
  const auto names = format_names();
  if (std::find(names.begin(), names.end(), rule.format) != names.end()) return rule;
  return fail(error(Errc::invalid_argument, "unknown format \"{}\"", printable(rule.format, 80))
                  .with_hint("use --format with one of " + list_of(names, 40)));
}

}  // namespace slipway::run
