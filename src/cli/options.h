#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "slipway/base/result.h"

namespace slipway::cli {

/// The variable that gets a parsed value.
using Slot = std::variant<bool*, int*, std::string*, std::optional<std::string>*, std::vector<std::string>*>;

/// One option or positional of a command: what the parser, the help and the manual need to know.
struct Option {
  std::string names;  ///< "-t,--tag", or a positional's word such as "SRC"
  std::string value;  ///< the value's word in help; empty for flags
  std::string help;
  Slot slot;
  bool positional = false;
  bool required = false;
  std::vector<std::string> choices;
  int least = 0;                 ///< of a number
  bool from_environment = true;  ///< SLIPWAY_<COMMAND>_<FLAG> may set it
  std::string also;              ///< names of other tools for it, "-e" or "-r,--recursive": parsed, not shown
};

/// The options of one command. The variables bound must outlive it.
class OptionSet {
 public:
  void flag(std::string names, bool& slot, std::string help);
  void count(std::string names, int& slot, std::string help);
  /// Numbers below `least` are refused.
  void number(std::string names, std::string value, int& slot, int least, std::string help);
  void value(std::string names, std::string value, std::optional<std::string>& slot, std::string help);
  void list(std::string names, std::string value, std::vector<std::string>& slot, std::string help);
  void choice(std::string names, std::string& slot, std::vector<std::string> choices, std::string help);
  void positional(std::string word, std::string& slot, std::string help);
  void optional_positional(std::string word, std::optional<std::string>& slot, std::string help);
  void positionals(std::string word, std::vector<std::string>& slot, std::string help);
  /// Words that need not be there.
  void rest(std::string word, std::vector<std::string>& slot, std::string help);
  /// The last option is never taken from the environment.
  void command_line_only() { options_.back().from_environment = false; }
  /// The last option has these names, too.
  void also(std::string names) { options_.back().also = std::move(names); }
  /// Returns these options without the names that `own` has: "-f" of a command goes before "-f" of every command.
  OptionSet without_names_of(const OptionSet& own) const;

  const std::vector<Option>& all() const { return options_; }

 private:
  std::vector<Option> options_;
};

/// Parses `arguments` into the variables of both sets; environment variables
/// ("SLIPWAY_" + prefix + flag) fill what is not given. Errc::invalid_argument with the nearest option as a hint.
struct ParseRequest {
  const OptionSet& globals;
  const OptionSet& own;
  std::string command;
  std::vector<std::string> arguments;
  std::function<std::optional<std::string>(const std::string&)> env;
};
Status parse_options(const ParseRequest& request);

/// The word that is the command: the first argument that is neither a global option nor its value.
std::optional<std::size_t> find_command(const std::vector<std::string>& arguments, const OptionSet& globals);

}  // namespace slipway::cli
