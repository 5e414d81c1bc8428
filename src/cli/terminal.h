#pragma once

#include <string>
#include <string_view>

#include "slipway/cli/run.h"

namespace slipway::cli {

/// Returns true if `environment` and stream allow colours: NO_COLOR wins over CLICOLOR_FORCE, that over CLICOLOR=0 and
/// TERM=dumb, and without any of them a terminal has colours.
bool wants_colour(const EnvLookup& environment, bool is_terminal);

/// Colours of standard output and of standard error.
bool colours_output(const Surroundings& surroundings);
bool colours_errors(const Surroundings& surroundings);

/// The width of the terminal that shows the result: that of standard error, of standard output, COLUMNS, else 80.
std::size_t columns_of(const Surroundings& surroundings);

/// Lines for standard error, folded where that is a terminal (text_layout.h); as they are where it is not.
std::string for_standard_error(std::string_view text, const Surroundings& surroundings);

/// A warning as the program prints it; in GitHub Actions an annotation of the run.
std::string warning_line(std::string_view text, const Surroundings& surroundings);

/// True in a job of GitHub Actions.
bool is_github_actions(const Surroundings& surroundings);

/// Text of a GitHub workflow command: percent signs and line ends are escaped; in a property (file=...) colons and
/// commas, too.
std::string workflow_text(std::string_view text);
std::string workflow_property(std::string_view text);

}  // namespace slipway::cli
