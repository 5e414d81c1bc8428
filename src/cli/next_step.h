#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/options.h"

namespace slipway::cli {

/// A word as a shell takes it: in single quotes where it has characters that a shell would read otherwise, and with
/// escapes for what a terminal must not see.
std::string shell_word(std::string_view word);

/// The value of the argument that help calls `name`; empty when it was not given.
std::string typed_argument(const OptionSet& own, std::string_view name);

/// Returns `hint` with the words of the command line in the commands that it names: REF in "slipway files REF" becomes
/// the REF that was typed. A word whose argument was not given stays.
std::string with_typed_words(std::string hint, const OptionSet& own);

/// The words from `first` up to the first option, whose value may be a secret, each after a blank.
std::string words_before_options(const std::vector<std::string>& words, std::size_t first = 0);

/// The command line that was meant: "slipway copy oci:a:v1 DST", the arguments typed and the names of those that lack.
/// Options are left out: their values may be secrets.
std::string completed_command(std::string_view command, const OptionSet& own, const std::vector<std::string>& typed);

}  // namespace slipway::cli
