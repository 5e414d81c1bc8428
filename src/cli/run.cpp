#include "slipway/cli/run.h"

#include <algorithm>

#include "cli/complete_word.h"
#include "cli/first_contact.h"
#include "cli/help.h"
#include "cli/next_step.h"
#include "cli/output.h"
#include "cli/peer_words.h"
#include "cli/terminal.h"
#include "slipway/base/text.h"

namespace slipway::cli {
namespace {

/// The error as lines for a person: each problem starts with the program's name, or with its place in a file.
std::string shown(const Error& error) {
  if (!error.causes.empty()) {
    std::string text;
    for (const Error& cause : error.causes)
      text += shown(cause);
    for (const std::string& line : error.trail)
      text += "  while " + line + "\n";
    return error.hint.empty() ? text : text + "hint: " + error.hint + "\n";
  }
  std::string text = error.where ? "" : "slipway: error: ";
  constexpr std::string_view kHint = "  hint: ";
  for (const std::string& line : split(error.describe(), '\n'))
    text += (line.starts_with(kHint) ? line.substr(2) : line) + "\n";
  return text;
}

/// The lines with the word "error:" in colour, where standard error has colours.
std::string coloured(const std::string& text, const Surroundings& surroundings) {
  if (!colours_errors(surroundings)) return text;
  constexpr std::string_view kError = "slipway: error:";
  std::string out;
  for (const std::string& line : split(text, '\n')) {
    if (!out.empty()) out += "\n";
    const bool is_headline = line.starts_with(kError);
    out += is_headline ? "slipway: " + toned("error:", Tone::bad, true) + line.substr(kError.size()) : line;
  }
  return out;
}

/// Annotations of GitHub Actions for the problems that have a place in a file.
std::string annotations_of(const Error& error) {
  std::string text;
  for (const Error& cause : error.causes)
    text += annotations_of(cause);
  if (!error.where || error.where->row == 0) return text;
  return text + fmt::format("::error file={},line={},col={}::{}\n", workflow_property(error.where->file),
                            error.where->row, error.where->col, workflow_text(error.message));
}

int failed(const Error& error, const Surroundings& surroundings) {
  if (is_github_actions(surroundings)) surroundings.write_err(annotations_of(error));
  surroundings.write_err(coloured(for_standard_error(safe_text(shown(error)), surroundings), surroundings));
  return exit_status(error.code);
}

bool has_hint(const Error& error) {
  return !error.hint.empty() || std::any_of(error.causes.begin(), error.causes.end(), has_hint);
}

/// The file that a problem of configuration is in; empty for other problems.
std::string file_of(const Error& error) {
  if (error.where) return error.where->file;
  return error.causes.empty() ? std::string() : file_of(error.causes.front());
}

/// The hint for something that does not exist: look into the folder, or into the repository, layout or archive.
std::string hint_of_missing(const Error& error, const OptionSet& own) {
  for (const std::string_view why : {": No such file or directory", ": Not a directory"}) {
    if (error.message.ends_with(why)) return "check the path; the files here: ls";
  }
  for (const std::string_view name : {"REF", "REPO@DIGEST"}) {
    const std::string typed = typed_argument(own, name);
    const std::string place = typed.substr(0, typed.find('@'));
    if (place.find_first_of(":/") != std::string::npos) return "list what is there: slipway ls " + shell_word(place);
  }
  return "";
}

/// The hint for foreign bytes that are not what they should be.
std::string hint_of_damage(std::string_view command, const OptionSet& own) {
  if (command == "apply" || command == "approve") return "write the plan again: slipway promote FROM TO --plan FILE";
  if (command == "append") return "look into the file: tar -tvf FILE";
  const std::string typed = typed_argument(own, "REF");
  const bool is_place = command != "validate" && typed.find_first_of(":/") != std::string::npos;
  return is_place ? "read all of it and name what is damaged: slipway validate " + shell_word(typed) : "";
}

/// The next step where nobody closer to the problem named one; empty where there is none.
std::string usual_hint(const Error& error, std::string_view command, const OptionSet& own) {
  switch (error.code) {
    case Errc::not_found:
      return hint_of_missing(error, own);
    case Errc::verification_failed:
    case Errc::malformed:
    case Errc::too_large:
      return hint_of_damage(command, own);
    case Errc::invalid_argument:
    case Errc::unsupported:
      if (file_of(error).ends_with(".yaml")) return "the keys and their values: slipway help slipway.yaml";
      return fmt::format("see: slipway {} --help", command);
    case Errc::internal:
      return "this is a defect of slipway: report it with the output of: slipway version";
    default:
      return "";
  }
}

/// Puts what was typed into the commands that the hints name.
void name_typed_words(Error& error, const OptionSet& own) {
  error.hint = with_typed_words(std::move(error.hint), own);
  for (Error& cause : error.causes)
    name_typed_words(cause, own);
}

/// Every refusal names the next command, complete.
void complete_hints(Error& error, const Command& command, const OptionSet& own) {
  if (!has_hint(error)) error.hint = usual_hint(error, command.name, own);
  name_typed_words(error, own);
}

/// For "image copy A B" and its like, which other tools have: our command line instead.
std::optional<Error> command_of_two_words(const std::vector<std::string>& words) {
  const auto instead = instead_of_two_words(words);
  if (!instead) return std::nullopt;
  return error(Errc::invalid_argument, "unknown command \"{} {}\"", words[0], words[1]).with_hint(*instead);
}

Error unknown_command(const std::string& word, const std::vector<std::string>& rest) {
  std::vector<std::string> names;
  for (const Command& command : commands())
    names.emplace_back(command.name);
  Error error(Errc::invalid_argument, fmt::format("unknown command \"{}\"", printable(word, 80)));
  if (const auto instead = instead_of_command(word)) return std::move(error).with_hint(std::string(*instead));
  if (const auto near = nearest(word, names))
    return std::move(error).with_hint(fmt::format("did you mean: slipway {}{}", *near, words_before_options(rest)));
  return std::move(error).with_hint("see: slipway --help");
}

Error unknown_topic(const std::string& word) {
  std::vector<std::string> names;
  for (const Topic& topic : topics())
    names.emplace_back(topic.name);
  const std::string all = fmt::format("{}", fmt::join(names, ", "));
  for (const Command& command : commands())
    names.emplace_back(command.name);
  const auto near = nearest(word, names);
  return error(Errc::invalid_argument, "unknown help topic \"{}\"", printable(word, 80))
      .with_hint(near ? fmt::format("did you mean: slipway help {}", *near)
                      : fmt::format("name a command, or one of {}: slipway help {}", all, topics().front().name));
}

/// The first word that looks like an option and is not one.
std::optional<Error> unknown_flag(const std::vector<std::string>& arguments, const OptionSet& globals) {
  std::vector<std::string> names{"--version"};
  std::vector<std::string> with_value;
  for (const Option& option : globals.all()) {
    for (const std::string& name : split(option.names, ','))
      (option.value.empty() ? names : with_value).push_back(name);
  }
  const auto in = [](const std::vector<std::string>& all, const std::string& name) {
    return std::find(all.begin(), all.end(), name) != all.end();
  };
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    std::string name = arguments[i].substr(0, arguments[i].find('='));
    // -vv and -j4 are short options with more behind them.
    if (name.size() > 2 && name[0] == '-' && name[1] != '-') name.resize(2);
    if (name.size() < 2 || name[0] != '-' || name == "--" || in(names, name)) continue;
    if (in(with_value, name)) {
      if (name == arguments[i]) ++i;
      continue;
    }
    names.insert(names.end(), with_value.begin(), with_value.end());
    const auto near = nearest(name, names);
    return Error(Errc::invalid_argument, fmt::format("unknown option \"{}\"", printable(name, 80)))
        .with_hint(near ? fmt::format("did you mean {}?", *near) : "see: slipway --help");
  }
  return std::nullopt;
}

int print_help(const std::string& text, const Surroundings& surroundings) {
  return surroundings.write_out(text) ? 0 : exit_status(Errc::failed);
}

/// `slipway` with flags alone: help, version or a usage error.
int without_command(const std::vector<std::string>& arguments, const Globals& globals, const OptionSet& options,
                    const Surroundings& surroundings) {
  if (const auto unknown = unknown_flag(arguments, options)) return failed(*unknown, surroundings);
  for (const std::string& word : arguments) {
    if (word == "--help" || word == "-h") return print_help(overview(), surroundings);
    if (word == "--version") return run({"version"}, surroundings);
  }
  Context context(globals, surroundings);
  surroundings.write_err(first_contact(context));
  return exit_status(Errc::invalid_argument);
}

/// The width that help is wrapped to: the terminal's, where it is shown on one.
std::size_t help_columns(const Surroundings& surroundings) {
  const Terminal size = surroundings.terminal && surroundings.out_is_terminal ? surroundings.terminal() : Terminal();
  constexpr int kNarrowest = 40, kWidest = 100;
  return size.columns > 0 ? static_cast<std::size_t>(std::clamp(size.columns, kNarrowest, kWidest)) : kHelpColumns;
}

int run_command(const Command& command, std::vector<std::string> arguments, Globals& globals,
                const OptionSet& global_options, const Surroundings& surroundings) {
  OptionSet own;
  const Action action = command.bind(own);
  for (const std::string& word : arguments) {
    if (word == "--") break;
    if (word == "--help" || word == "-h") {
      return print_help(help_of(command, own, help_columns(surroundings)), surroundings);
    }
  }
  const auto failed_as = [&](Error error, const Surroundings& where) {
    complete_hints(error, command, own);
    const int status = failed(error, where);
    return command.failure_status == 0 ? status : command.failure_status;
  };
  const Status parsed =
      parse_options({global_options, own, std::string(command.name), std::move(arguments), surroundings.env});
  if (!parsed) return failed_as(parsed.error(), surroundings);
  Context context(globals, surroundings);
  const Result<int> status = action(context);
  return status ? *status : failed_as(status.error(), context.surroundings());
}

}  // namespace

int run(const std::vector<std::string>& arguments, const Surroundings& surroundings) {
  Globals globals;
  OptionSet global_options;
  bind_globals(global_options, globals);
  const auto at = find_command(arguments, global_options);
  if (!at) return without_command(arguments, globals, global_options, surroundings);
  std::string word = arguments[*at];
  std::vector<std::string> rest = arguments;
  // Before the command -f is that of every command; behind it, the command may have a -f of its own.
  std::replace(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(*at), std::string("-f"), std::string("--file"));
  rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(*at));
  if (word == "__complete" && !rest.empty()) {
    // A prompt waits: one try, two seconds.
    globals.timeout = 2;
    globals.retry = 0;
    Context context(globals, surroundings);
    const std::string words = words_for_completion(context, rest[0], rest.size() > 1 ? rest[1] : "");
    return print_help(safe_text(words), surroundings);
  }
  if (word == "options") rest.insert(rest.begin(), std::exchange(word, "help"));
  if (word == "help") {
    if (rest.empty() || rest.front().starts_with('-')) return print_help(overview(), surroundings);
    word = rest.front();
    const std::string page = help_on(word, help_columns(surroundings));
    if (!page.empty()) return print_help(page, surroundings);
    if (find_command_named(word) == nullptr) return failed(unknown_topic(word), surroundings);
    rest = {"--help"};
  }
  std::vector<std::string> words = rest;
  words.insert(words.begin(), word);
  if (const auto problem = command_of_two_words(words)) return failed(*problem, surroundings);
  const Command* command = find_command_named(word);
  if (command == nullptr) return failed(unknown_command(word, rest), surroundings);
  return run_command(*command, std::move(rest), globals, global_options, surroundings);
}

}  // namespace slipway::cli
