#include "slipway/cli/run.h"

#include "cli/command.h"
#include "slipway/base/text.h"

namespace slipway::cli {
namespace {

void show(const Error& error, const Surroundings& surroundings) {
  std::string text;
  for (const std::string& line : split(error.describe(), '\n')) {
    const bool headline = !line.empty() && line[0] != ' ' && !error.where && error.causes.empty();
    text += (headline ? "slipway: " : "") + line + "\n";
  }
  surroundings.write_err(text);
}

int failed(const Error& error, const Surroundings& surroundings) {
  show(error, surroundings);
  return exit_status(error.code);
}

Error unknown_command(const std::string& word) {
  std::vector<std::string> names;
  for (const Command& command : commands())
    names.emplace_back(command.name);
  Error error(Errc::invalid_argument, fmt::format("there is no command '{}'", printable(word, 80)));
  if (const auto near = nearest(word, names))
    return std::move(error).with_hint(fmt::format("did you mean '{}'?", *near));
  return std::move(error).with_hint("see: slipway --help");
}

/// `slipway` with flags alone: help, version or a usage error.
int without_command(const std::vector<std::string>& arguments, const Surroundings& surroundings) {
  for (const std::string& word : arguments) {
    if (word == "--help" || word == "-h") return surroundings.write_out(overview()) ? 0 : 1;
    if (word == "--version") return run({"version"}, surroundings);
  }
  surroundings.write_err(overview());
  return exit_status(Errc::invalid_argument);
}

int run_command(const Command& command, std::vector<std::string> arguments, Globals& globals,
                const OptionSet& global_options, const Surroundings& surroundings) {
  OptionSet own;
  const Action action = command.bind(own);
  for (const std::string& word : arguments) {
    if (word == "--") break;
    if (word == "--help" || word == "-h") {
      return surroundings.write_out(help_of(command, own, global_options)) ? 0 : 1;
    }
  }
  const Status parsed =
      parse_options({global_options, own, std::string(command.name), std::move(arguments), surroundings.env});
  if (!parsed) return failed(parsed.error(), surroundings);
  Context context(globals, surroundings);
  const Result<int> status = action(context);
  if (!status) return failed(status.error(), surroundings);
  return *status;
}

}  // namespace

int run(const std::vector<std::string>& arguments, const Surroundings& surroundings) {
  Globals globals;
  OptionSet global_options;
  bind_globals(global_options, globals);
  const auto at = find_command(arguments, global_options);
  if (!at) return without_command(arguments, surroundings);
  std::string word = arguments[*at];
  std::vector<std::string> rest = arguments;
  rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(*at));
  if (word == "help") {
    if (rest.empty()) return surroundings.write_out(overview()) ? 0 : 1;
    word = rest.front();
    rest = {"--help"};
  }
  const Command* command = find_command_named(word);
  if (command == nullptr) return failed(unknown_command(word), surroundings);
  return run_command(*command, std::move(rest), globals, global_options, surroundings);
}

}  // namespace slipway::cli
