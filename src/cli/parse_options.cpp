#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cstring>

#include "cli/next_step.h"
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
  const std::string names = option.also.empty() ? option.names : option.names + "," + option.also;
  return std::visit(
      [&](auto* slot) -> CLI::Option* {
        using T = std::remove_pointer_t<decltype(slot)>;
        if constexpr (std::is_same_v<T, bool>) {
          return app.add_flag(names, *slot);
        } else if constexpr (std::is_same_v<T, int>) {
          if (option.value.empty()) return app.add_flag(names, *slot);
          return app
              .add_option_function<std::string>(
                  names, [slot, &option](const std::string& text) { *slot = whole_number(option, text); })
              ->take_last();
        } else if constexpr (std::is_same_v<T, std::optional<std::string>>) {
          CLI::Option* added =
              app.add_option_function<std::string>(names, [slot](const std::string& text) { *slot = text; });
          return option.positional ? added : added->take_last();
        } else if constexpr (std::is_same_v<T, std::vector<std::string>>) {
          CLI::Option* added = app.add_option(names, *slot);
          if (!option.positional) added->allow_extra_args(false);
          return added;
        } else {
          CLI::Option* added = app.add_option(names, *slot);
          return option.positional ? added : added->take_last();
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

/// The positionals of a command, for people: "SRC and DST".
std::string arguments_of(const ParseRequest& request) {
  std::vector<std::string> words;
  for (const Option& option : request.own.all()) {
    if (option.positional) words.push_back(option.names);
  }
  if (words.empty()) return "no arguments";
  return (words.size() == 1 ? "one " : "") + fmt::format("{}", fmt::join(words, " and "));
}

/// The arguments that were typed, in the order of the command's positionals.
std::vector<std::string> typed_arguments(const ParseRequest& request, const CLI::App& app) {
  std::vector<std::string> words;
  for (const Option& option : request.own.all()) {
    const CLI::Option* added = option.positional ? app.get_option_no_throw(option.names) : nullptr;
    if (added == nullptr) continue;
    const std::vector<std::string> results = added->results();
    words.insert(words.end(), results.begin(), results.end());
  }
  return words;
}

/// The first word that looks like an option and is none of this command.
std::optional<Error> unknown_option(const ParseRequest& request, const CLI::App& app) {
  for (const std::string& word : app.remaining()) {
    if (word.size() < 2 || word[0] != '-') continue;
    const std::string name = word.substr(0, word.find('='));
    Error error(Errc::invalid_argument,
                fmt::format("unknown option \"{}\" of slipway {}", printable(name, 80), request.command));
    if (const auto instead = instead_of_option(request.command, name))
      return std::move(error).with_hint(std::string(*instead));
    if (const auto near = nearest(name, option_words(request))) error.hint = fmt::format("did you mean {}?", *near);
    return std::move(error).with_hint(fmt::format("see: slipway {} --help", request.command));
  }
  return std::nullopt;
}

Error unknown_argument(const ParseRequest& request, const CLI::App& app) {
  if (auto option = unknown_option(request, app)) return *std::move(option);
  const std::vector<std::string> extra = app.remaining();
  Error error(Errc::invalid_argument,
              fmt::format("unexpected argument \"{}\": slipway {} takes {}",
                          extra.empty() ? "" : printable(extra.front(), 80), request.command, arguments_of(request)));
  const std::vector<std::string> typed = typed_arguments(request, app);
  if (const auto instead = instead_of_argument(request.command)) {
    std::string hint(*instead);
    for (const auto& [name, words] : {std::pair("REF", &typed), std::pair("EXTRA", &extra)}) {
      const std::size_t at = hint.find(name);
      if (at != std::string::npos && !words->empty()) hint.replace(at, std::strlen(name), shell_word(words->front()));
    }
    return std::move(error).with_hint(std::move(hint));
  }
  return std::move(error).with_hint("run: " + completed_command(request.command, request.own, typed));
}

/// Numbers that parse, but make no sense.
Status check_numbers(const ParseRequest& request) {
  for (const OptionSet* set : {&request.globals, &request.own}) {
    for (const Option& option : set->all()) {
      const auto* const slot = std::get_if<int*>(&option.slot);
      if (slot == nullptr || option.value.empty() || **slot >= option.least) continue;
      return fail(error(Errc::invalid_argument, "slipway {}: --{} {} is too small: the minimum is {}", request.command,
                        long_name(option), **slot, option.least)
                      .with_hint(fmt::format("use --{} {} or more", long_name(option), option.least)));
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
                      .with_hint(fmt::format("use --{} {}", long_name(option), fmt::join(option.choices, "|"))));
    }
  }
  return {};
}

/// The option whose name starts the text of a problem: "--tag: 1 required TEXT missing".
const Option* option_in(const ParseRequest& request, const std::string& text) {
  const std::string name = text.substr(0, text.find(':'));
  for (const OptionSet* set : {&request.own, &request.globals}) {
    for (const Option& option : set->all()) {
      const std::vector<std::string> names = split(option.names, ',');
      if (std::find(names.begin(), names.end(), name) != names.end()) return &option;
    }
  }
  return nullptr;
}

/// CLI11's problem as ours: what is missing, and the command or option that has it.
Error parse_error(const ParseRequest& request, const CLI::App& app, const CLI::ParseError& problem) {
  if (auto option = unknown_option(request, app)) return *std::move(option);
  const std::string text = problem.what();
  const auto said = [&](std::string what) {
    return Error(Errc::invalid_argument, fmt::format("slipway {}: {}", request.command, printable(what, 300)));
  };
  if (problem.get_name() == "RequiredError") {
    return said(fmt::format("missing argument {}", text.substr(0, text.find(" is required"))))
        .with_hint("run: " + completed_command(request.command, request.own, typed_arguments(request, app)));
  }
  const Option* option = option_in(request, text);
  if (problem.get_name() == "ArgumentMismatch" && option != nullptr) {
    return said(fmt::format("option {} needs a value", text.substr(0, text.find(':'))))
        .with_hint(fmt::format("write --{} {}", long_name(*option), option->value));
  }
  return said(text).with_hint(fmt::format("see: slipway {} --help", request.command));
}

}  // namespace

Status parse_options(const ParseRequest& request) {
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  try {
    const OptionSet globals = request.globals.without_names_of(request.own);
    add_all(app, globals, "", request);
    add_all(app, request.own, request.command, request);
    std::vector<std::string> reversed(request.arguments.rbegin(), request.arguments.rend());
    app.parse(reversed);
    if (app.remaining_size() > 0) return fail(unknown_argument(request, app));
    SLIPWAY_TRY(check_choices(request));
    return check_numbers(request);
  } catch (const CLI::ParseError& problem) {
    return fail(parse_error(request, app, problem));
  } catch (const std::exception& problem) {
    return fail(Errc::internal, "cannot parse the command line: {}", problem.what());
  }
}

}  // namespace slipway::cli
