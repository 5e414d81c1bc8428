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

std::string section_of(const Command& command) {
  OptionSet own;
  const Action action = command.bind(own);
  std::string out = ".SS \"slipway " + roff(command.name) + " " + roff(command.synopsis) + "\"\n" +
                    roff(command.description) + "\n" + option_rows(own) + ".PP\nExamples:\n";
  for (const auto& [what, line] : command.examples)
    out += ".PP\n" + roff(what) + ":\n.PP\n.RS\n.nf\n" + roff(line) + "\n.fi\n.RE\n";
  if (!command.statuses.empty()) out += ".PP\nExit status:\n";
  for (const auto& [status, meaning] : command.statuses)
    out += fmt::format(".TP\n{}\n{}\n", status, roff(meaning));
  return out;
}

}  // namespace

std::string man_page() {
  Globals globals;
  OptionSet global_options;
  bind_globals(global_options, globals);
  std::string out =
      ".\\\" Generated from the command table of slipway.\n.TH SLIPWAY 1 \"\" \"slipway " + std::string(version()) +
      "\" \"User Commands\"\n.SH NAME\nslipway \\- " +
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
  return out;
}

}  // namespace slipway::cli
