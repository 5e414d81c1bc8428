#include "cli/terminal.h"

#include "cli/table.h"
#include "cli/text_layout.h"
#include "slipway/base/text.h"

namespace slipway::cli {
namespace {

bool is_set(const EnvLookup& environment, const char* name) { return !environment(name).value_or("").empty(); }

bool shows_errors_on_terminal(const Surroundings& surroundings) {
  return surroundings.terminal && surroundings.terminal().columns > 0;
}

}  // namespace

bool wants_colour(const EnvLookup& environment, bool is_terminal) {
  if (is_set(environment, "NO_COLOR")) return false;
  const std::string force = environment("CLICOLOR_FORCE").value_or("");
  if (!force.empty() && force != "0") return true;
  if (environment("CLICOLOR").value_or("") == "0" || environment("TERM").value_or("") == "dumb") return false;
  return is_terminal;
}

bool colours_output(const Surroundings& surroundings) {
  return wants_colour(surroundings.env, surroundings.out_is_terminal);
}

bool colours_errors(const Surroundings& surroundings) {
  return wants_colour(surroundings.env, shows_errors_on_terminal(surroundings));
}

std::size_t columns_of(const Surroundings& surroundings) {
  constexpr std::size_t kUsual = 80;
  if (shows_errors_on_terminal(surroundings)) return static_cast<std::size_t>(surroundings.terminal().columns);
  if (surroundings.out_columns > 0) return static_cast<std::size_t>(surroundings.out_columns);
  const auto columns = parse_whole<std::size_t>(surroundings.env("COLUMNS").value_or(""));
  return columns && *columns > 0 ? *columns : kUsual;
}

std::string for_standard_error(std::string_view text, const Surroundings& surroundings) {
  if (!shows_errors_on_terminal(surroundings)) return std::string(text);
  return folded_message(text, static_cast<std::size_t>(surroundings.terminal().columns));
}

bool is_github_actions(const Surroundings& surroundings) {
  return surroundings.env("GITHUB_ACTIONS").value_or("") == "true";
}

std::string workflow_text(std::string_view text) {
  std::string out;
  for (const char c : text)
    out += c == '%' ? "%25" : c == '\r' ? "%0D" : c == '\n' ? "%0A" : std::string(1, c);
  return out;
}

std::string workflow_property(std::string_view text) {
  std::string out;
  for (const char c : workflow_text(text))
    out += c == ':' ? "%3A" : c == ',' ? "%2C" : std::string(1, c);
  return out;
}

std::string warning_line(std::string_view text, const Surroundings& surroundings) {
  if (is_github_actions(surroundings)) return "::warning::" + workflow_text(text) + "\n";
  constexpr std::string_view kLabel = "warning:";
  const std::string lines = for_standard_error(fmt::format("{} {}", kLabel, text), surroundings);
  return toned(kLabel, Tone::warning, colours_errors(surroundings)) + lines.substr(kLabel.size()) + "\n";
}

}  // namespace slipway::cli
