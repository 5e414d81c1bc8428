#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>

#include "cli/options.h"
#include "cli/peer_words.h"
#include "slipway/base/text.h"

namespace slipway::cli {
namespace {

/// The long name of an option without dashes.
std::string long_name(const Option& option) {
  for (const std::string& name : split(option.names, ',')) {
    if (name.rfind("--", 0) == 0) return name.substr(2);
  }
  return {};
}

std::string variable_name(const std::string& command, const Option& option) {
  std::string name = "SLIPWAY_" + (command.empty() ? "" : command + "_") + long_name(option);
  for (char& c : name)
    c = c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return name;
}

/// CLI11 takes problems as exceptions.
int whole_number(const Option& option, const std::string& text) {
  int value = 0;
  const char* const end = text.data() + text.size();
  const auto [at, problem] = std::from_chars(text.data(), end, value);
  if (problem == std::errc() && at == end && !text.empty()) return value;
  throw CLI::ConversionError(
      fmt::format("--{} takes a whole number, not \"{}\"", long_name(option), printable(text, 80)));
}

CLI::Option* add(CLI::App& app, const Option& option) {
  return std::visit(
      [&](auto* slot) -> CLI::Option* {
        using T = std::remove_pointer_t<decltype(slot)>;
        if constexpr (std::is_same_v<T, bool>) {
          return app.add_flag(option.names, *slot);
        } else if constexpr (std::is_same_v<T, int>) {
          if (option.value.empty()) return app.add_flag(option.names, *slot);
          return app.add_option_function<std::string>(
              option.names, [slot, &option](const std::string& text) { *slot = whole_number(option, text); });
        } else if constexpr (std::is_same_v<T, std::optional<std::string>>) {
          return app.add_option_function<std::string>(option.names, [slot](const std::string& text) { *slot = text; });
        } else if constexpr (std::is_same_v<T, std::vector<std::string>>) {
          CLI::Option* added = app.add_option(option.names, *slot);
          if (!option.positional) added->allow_extra_args(false);
          return added;
        } else {
          return app.add_option(option.names, *slot);
        }
      },
      option.slot);
}

void add_all(CLI::App& app, const OptionSet& set, const std::string& command, const ParseRequest& request) {
  for (const Option& option : set.all()) {
    CLI::Option* added = add(app, option);
    if (option.required) added->required();
    if (option.positional || !option.from_environment) continue;
    // The caller's environment, not the process's: CLI11 reads the latter itself.
    const auto value = request.env(variable_name(command, option));
    if (value && !value->empty()) added->default_str(*value)->force_callback();
  }
}

std::vector<std::string> option_words(const ParseRequest& request) {
  std::vector<std::string> words;
  for (const OptionSet* set : {&request.own, &request.globals}) {
    for (const Option& option : set->all()) {
      if (option.positional) continue;
      for (const std::string& name : split(option.names, ','))
        words.push_back(name);
    }
  }
  return words;
}

Error usage_error(const ParseRequest& request, std::string message) {
  return Error(Errc::invalid_argument, std::move(message))
      .with_hint(fmt::format("see: slipway {} --help", request.command));
}

/// The positionals of a command, for people: "SRC and DST".
std::string arguments_of(const ParseRequest& request) {
  std::vector<std::string> words;
  for (const Option& option : request.own.all()) {
    if (option.positional) words.push_back(option.names);
  }
  if (words.empty()) return "no arguments";
  return (words.size() == 1 ? "one " : "") + fmt::format("{}", fmt::join(words, " and "));
}

Error unknown_argument(const ParseRequest& request, const CLI::App& app) {
  const std::vector<std::string> extra = app.remaining();
  for (const std::string& word : extra) {
    if (word.size() < 2 || word[0] != '-') continue;
    const std::string name = word.substr(0, word.find('='));
    Error error(Errc::invalid_argument,
                fmt::format("unknown option \"{}\" of slipway {}", printable(name, 80), request.command));
    if (const auto instead = instead_of_option(name)) return std::move(error).with_hint(std::string(*instead));
    if (const auto near = nearest(name, option_words(request))) error.hint = fmt::format("did you mean {}?", *near);
    return std::move(error).with_hint(fmt::format("see: slipway {} --help", request.command));
  }
  Error error = usage_error(
      request, fmt::format("unexpected argument \"{}\": slipway {} takes {}",
                           extra.empty() ? "" : printable(extra.front(), 80), request.command, arguments_of(request)));
  if (const auto instead = instead_of_argument(request.command)) error.hint = *instead;
  return error;
}

/// Numbers that parse, but make no sense.
Status check_numbers(const ParseRequest& request) {
  for (const OptionSet* set : {&request.globals, &request.own}) {
    for (const Option& option : set->all()) {
      const auto* const slot = std::get_if<int*>(&option.slot);
      if (slot == nullptr || option.value.empty() || **slot >= option.least) continue;
      return fail(usage_error(request, fmt::format("slipway {}: --{} {} is too small: the minimum is {}",
                                                   request.command, long_name(option), **slot, option.least)));
    }
  }
  return {};
}

Status check_choices(const ParseRequest& request) {
  for (const OptionSet* set : {&request.globals, &request.own}) {
    for (const Option& option : set->all()) {
      const auto* const slot = std::get_if<std::string*>(&option.slot);
      if (slot == nullptr || option.choices.empty() || (*slot)->empty()) continue;
      if (std::find(option.choices.begin(), option.choices.end(), **slot) != option.choices.end()) continue;
      return fail(Error(Errc::invalid_argument, fmt::format("slipway {}: --{} does not know \"{}\"", request.command,
                                                            long_name(option), printable(**slot, 80)))
                      .with_hint(fmt::format("use one of {}", fmt::join(option.choices, ", "))));
    }
  }
  return {};
}

/// CLI11's words for a missing argument or value, as ours.
std::string said_of(const CLI::ParseError& problem) {
  const std::string text = problem.what();
  if (problem.get_name() == "RequiredError") {
    const std::string word = text.substr(0, text.find(" is required"));
    return fmt::format("missing argument {}", word);
  }
  if (problem.get_name() == "ArgumentMismatch")
    return fmt::format("option {} needs a value", text.substr(0, text.find(':')));
  return text;
}

}  // namespace

Status parse_options(const ParseRequest& request) {
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  try {
    add_all(app, request.globals, "", request);
    add_all(app, request.own, request.command, request);
    std::vector<std::string> reversed(request.arguments.rbegin(), request.arguments.rend());
    app.parse(reversed);
    if (app.remaining_size() > 0) return fail(unknown_argument(request, app));
    SLIPWAY_TRY(check_choices(request));
    return check_numbers(request);
  } catch (const CLI::ParseError& problem) {
    return fail(usage_error(request, fmt::format("slipway {}: {}", request.command, printable(said_of(problem), 300))));
  } catch (const std::exception& problem) {
    return fail(Errc::internal, "cannot parse the command line: {}", problem.what());
  }
}

}  // namespace slipway::cli
