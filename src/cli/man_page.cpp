#include "cli/completion.h"
#include "cli/help.h"
#include "cli/version.h"

namespace slipway::cli {
namespace {

/// Text that roff takes as it is: no command at a line's start, no hyphen that looks like one.
std::string roff(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else if (out.empty() && (c == '.' || c == '\'')) {
      out += std::string("\\&") + c;
    } else {
      out += c;
    }
  }
  return out;
}

std::string option_rows(const OptionSet& options) {
  std::string out;
  for (const Option& option : options.all()) {
    out += ".TP\n\\fB" + roff(option.names) + "\\fR";
    if (!option.value.empty()) out += " \\fI" + roff(option.value) + "\\fR";
    out += "\n" + roff(option.help) + "\n";
  }
  return out;
}

std::string example_rows(const Command& command) {
  std::string out;
  for (const auto& [what, line] : command.examples)
    out += ".PP\n" + roff(what) + ":\n.PP\n.RS\n.nf\n" + roff(line) + "\n.fi\n.RE\n";
  return out;
}

std::string status_rows(const Command& command) {
  std::string out;
  for (const auto& [status, meaning] : command.statuses)
    out += fmt::format(".TP\n{}\n{}\n", status, roff(meaning));
  return out;
}

std::string section_of(const Command& command) {
  OptionSet own;
  const Action action = command.bind(own);
  std::string out = ".SS \"slipway " + roff(command.name) + " " + roff(command.synopsis) + "\"\n" +
                    roff(command.description) + "\n" + option_rows(own) + ".PP\nExamples:\n" + example_rows(command);
  if (!command.statuses.empty()) out += ".PP\nExit status:\n" + status_rows(command);
  return out;
}

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return out;
}

std::string opening(const std::string& name) {
  return ".\\\" Generated from the command table of slipway.\n.TH " + upper(roff(name)) + " 1 \"\" \"slipway " +
         std::string(version()) + "\" \"User Commands\"\n.SH NAME\n" + roff(name) + " \\- ";
}

/// "slipway-build(1), slipway-copy(1)": the pages of these commands.
std::string pages_of(const std::vector<std::string_view>& names) {
  std::string out;
  for (const std::string_view name : names)
    out += fmt::format("{}\\fBslipway\\-{}\\fR(1)", out.empty() ? "" : ", ", roff(name));
  return out;
}

}  // namespace

std::string man_page_of(const Command& command) {
  OptionSet own;
  const Action action = command.bind(own);
  const std::string name = "slipway-" + std::string(command.name);
  std::string out = opening(name) + roff(command.summary) + "\n.SH SYNOPSIS\n.B slipway " + roff(command.name) + "\n" +
                    roff(command.synopsis) + "\n.SH DESCRIPTION\n" + roff(command.description) + "\n";
  if (!command.aliases.empty()) out += fmt::format(".PP\nAliases: {}.\n", fmt::join(command.aliases, ", "));
  out += ".SH OPTIONS\n" + option_rows(own) + ".PP\nOptions of every command are in \\fBslipway\\fR(1).\n";
  if (!command.statuses.empty()) out += ".SH EXIT STATUS\n" + status_rows(command);
  out += (command.statuses.empty() ? ".SH EXIT STATUS\n" : ".PP\n") +
         std::string("All exit statuses are in \\fBslipway\\fR(1).\n.SH EXAMPLES\n") + example_rows(command);
  out += ".SH SEE ALSO\n\\fBslipway\\fR(1)";
  return out + (command.see_also.empty() ? "" : ", " + pages_of(command.see_also)) + "\n";
}

std::string man_page() {
  Globals globals;
  OptionSet global_options;
  bind_globals(global_options, globals);
  std::string out =
      opening("slipway") +
      "pack compiled outputs into OCI images, release and run them\n.SH SYNOPSIS\n.B slipway\n"
      "[\\fIOPTIONS\\fR] \\fICOMMAND\\fR ...\n.SH DESCRIPTION\n"
      "Packs compiled outputs into OCI images, promotes the very same digest from environment to\n"
      "environment, and records every release. \\fBslipway\\fR \\fICOMMAND\\fR \\fB\\-\\-help\\fR prints the "
      "same as is here.\n.SH COMMANDS\n";
  for (const Command& command : commands())
    out += section_of(command);
  out += ".SH OPTIONS OF EVERY COMMAND\n" + option_rows(global_options);
  out += ".SH EXIT STATUS\n";
  for (const auto& [status, meaning] : exit_status_rows())
    out += ".TP\n" + status + "\n" + roff(meaning) + "\n";
  std::vector<std::string_view> names;
  for (const Command& command : commands())
    names.push_back(command.name);
  return out + ".SH SEE ALSO\n" + pages_of(names) + "\n";
}

}  // namespace slipway::cli
