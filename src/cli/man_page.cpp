#include "cli/command.h"
#include "cli/completion.h"

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

}  // namespace

std::string man_page() {
  Globals globals;
  OptionSet global_options;
  bind_globals(global_options, globals);
  std::string out =
      ".\\\" Generated from the command table of slipway.\n.TH SLIPWAY 1 \"\" \"slipway " +
      std::string(SLIPWAY_VERSION) + "\" \"User Commands\"\n.SH NAME\nslipway \\- " +
      "pack compiled outputs into OCI images, release and run them\n.SH SYNOPSIS\n.B slipway\n"
      "[\\fIOPTIONS\\fR] \\fICOMMAND\\fR ...\n.SH DESCRIPTION\n"
      "Packs compiled outputs into OCI images, promotes the very same digest from environment to\n"
      "environment, and records every release. \\fBslipway\\fR \\fICOMMAND\\fR \\fB\\-\\-help\\fR prints the "
      "same as is here.\n.SH COMMANDS\n";
  for (const Command& command : commands()) {
    OptionSet own;
    const Action action = command.bind(own);
    out +=
        ".SS \"slipway " + roff(command.name) + " " + roff(command.synopsis) + "\"\n" + roff(command.summary) + ".\n";
    out += option_rows(own);
    out += ".PP\nExamples:\n";
    for (const auto& [what, line] : command.examples)
      out += ".PP\n" + roff(what) + ":\n.PP\n.RS\n.nf\n" + roff(line) + "\n.fi\n.RE\n";
  }
  out += ".SH OPTIONS OF EVERY COMMAND\n" + option_rows(global_options);
  out +=
      ".SH EXIT STATUS\n0 done; 1 failed; 2 wrong usage or configuration; 10 changes pending or drift; 11 refused by\n"
      "policy; 12 verification failed; 13 something named is not there; 14 401 or 403; 15 network; 16 conflict;\n"
      "130, 143 interrupted. \\fBslipway run\\fR exits as the program it runs, with 125 where that was not started.\n";
  return out;
}

}  // namespace slipway::cli
