#include "cli/completion.h"

#include "cli/help.h"
#include "slipway/base/text.h"
#include "slipway/release/policy.h"

namespace slipway::cli {
namespace {

/// The command table with its options bound, as completions need it.
struct Bound {
  const Command* command;
  OptionSet options;
  Action action;  ///< keeps alive what the options point to
};

class BoundCommands {
 public:
  BoundCommands() {
    bind_globals(globals, values_);
    for (const Command& command : commands()) {
      Bound bound{&command, {}, {}};
      bound.action = command.bind(bound.options);
      bounds.push_back(std::move(bound));
    }
  }
  std::vector<Bound> bounds;
  OptionSet globals;

 private:
  Globals values_;
};

std::vector<std::string> names_of(const Option& option) { return split(option.names, ','); }

std::string command_words(const Command& command) {
  std::string words(command.name);
  for (const std::string_view alias : command.aliases)
    words += "|" + std::string(alias);
  return words;
}

std::string flag_words(const OptionSet& options) {
  std::string words;
  for (const Option& option : options.all()) {
    if (option.positional) continue;
    for (const std::string& name : names_of(option))
      words += (words.empty() ? "" : " ") + name;
  }
  return words;
}

std::string all_commands() {
  std::string words;
  for (const Command& command : commands())
    words += std::string(command.name) + " ";
  return words + "help options";
}

std::string topic_words() {
  std::string words;
  for (const Topic& topic : topics())
    words += (words.empty() ? "" : " ") + std::string(topic.name);
  return words;
}

/// In single quotes, for the shells.
std::string single_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text)
    out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

/// Words that an option takes among others, where its own choices do not say all.
struct Suggested {
  std::string_view option, words;
};
constexpr Suggested kSuggested[] = {
    {"--compression", "gzip zstd none gzip:best zstd:best gzip:fast zstd:fast"},
    {"--sbom", "spdx cyclonedx"},
    {"--platform", "linux/amd64 linux/arm64 linux/arm/v7 linux/386 linux/riscv64 linux/ppc64le linux/s390x"},
    {"--created", "git"},
    {"--stop-signal", "SIGTERM SIGINT SIGQUIT SIGHUP SIGUSR1 SIGUSR2 SIGKILL"},
    {"--profile", "auto nss iconv openssl sasl pam qt gtk"},
    {"--runtime", "auto minimal ca-certificates tzdata locale passwd nsswitch tmp ld.so.cache dpkg-status"},
};

/// The rules that --bypass names; `deny`, the first of all rules, cannot be passed.
std::string rule_words() {
  std::string words;
  for (int rule = static_cast<int>(release::Rule::platforms); rule <= static_cast<int>(release::Rule::replaces); ++rule)
    words += (words.empty() ? "" : " ") + std::string(release::name_of(static_cast<release::Rule>(rule)));
  return words;
}

/// The values to offer for an option; empty where any text will do.
std::string words_of(const Option& option) {
  if (!option.choices.empty()) return fmt::format("{}", fmt::join(option.choices, " "));
  if (option.names == "--bypass") return rule_words();
  for (const Suggested& suggested : kSuggested) {
    if (option.names == suggested.option) return std::string(suggested.words);
  }
  return "";
}

/// Options whose values slipway.yaml or the disk has, and the kind of word for words_for_completion().
struct Asked {
  std::string_view option, value, kind;
};
constexpr Asked kAsked[] = {
    {"--app", "NAME", "apps"},
    {"--layer", "LAYER", "layers"},
    {"--env", "ENV[@vN]", "environments"},
    {"--base", "REF|scratch", "references"},
    {"-b,--base", "BASE", "references"},
    {"--to", "LOCATION", "references"},
};

/// The kind of words that an option's value is; empty where its words are known or any text will do.
std::string_view kind_of(const Option& option) {
  for (const Asked& asked : kAsked) {
    if (option.names == asked.option && option.value == asked.value) return asked.kind;
  }
  return "";
}

/// Patterns "COMMAND --option" (or "* --option" of every command) with the values these take.
std::string bash_values(const BoundCommands& table) {
  std::string out;
  const auto add = [&](const OptionSet& options, const std::string& command) {
    for (const Option& option : options.all()) {
      if (option.positional || option.value.empty()) continue;
      std::string patterns;
      for (const std::string& name : names_of(option)) {
        for (const std::string& word : split(command, '|')) {
          const std::string pattern = word == "*" ? "*\\ " + name : fmt::format("\"{} {}\"", word, name);
          patterns += (patterns.empty() ? "" : "|") + pattern;
        }
      }
      const std::string words = words_of(option);
      const std::string_view kind = kind_of(option);
      out += fmt::format("    {})\n      {}return ;;\n", patterns,
                         !words.empty() ? fmt::format("COMPREPLY=($(compgen -W '{}' -- \"$cur\")); ", words)
                         : kind.empty() ? ""
                                        : fmt::format("_slipway_ask {} \"$whole\"; ", kind));
    }
  };
  for (const Bound& bound : table.bounds)
    add(bound.options, command_words(*bound.command));
  add(table.globals, "*");
  return out;
}

/// The global options that take a value: the word after one is not a command.
std::string valued_globals(const BoundCommands& table) {
  std::string out;
  for (const Option& option : table.globals.all()) {
    for (const std::string& name : names_of(option))
      if (!option.value.empty()) out += (out.empty() ? "" : "|") + name;
  }
  return out;
}

/// The kind of words that a command's arguments are, for words_for_completion(); empty for files and others.
std::string_view kind_of(const OptionSet& options) {
  for (const Option& option : options.all()) {
    if (!option.positional) continue;
    const std::string& name = option.names;
    if (name == "FROM" || name == "TO" || name.starts_with("ENV")) return "environments";
    if (name == "A" || name == "B" || name == "SRC" || name.find("REF") != std::string::npos || name == "REPO|LAYOUT")
      return "references";
  }
  return "";
}

std::string fish_option(const Option& option, const std::string& condition) {
  std::string line = "complete -c slipway" + condition;
  for (const std::string& name : names_of(option))
    line += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  if (const std::string words = words_of(option); !words.empty())
    line += fmt::format(" -xa {}", single_quoted(words));
  else if (const std::string_view kind = kind_of(option); !kind.empty())
    line += fmt::format(" -xa '(slipway __complete {} (commandline -ct))'", kind);
  else if (!option.value.empty())
    line += " -r";
  return line + " -d " + single_quoted(option.help) + "\n";
}

}  // namespace

std::string bash_completion() {
  const BoundCommands table;
  std::string out =
      "# bash completion of slipway, generated from its command table: eval \"$(slipway completion bash)\"\n"
      "# Colons end a word of bash: what stands before the last one is there already.\n"
      "_slipway_ask() {\n"
      "  COMPREPLY=($(compgen -W \"$(slipway __complete \"$1\" \"$2\" 2>/dev/null)\" -- \"$2\"))\n"
      "  [[ $2 != *:* ]] || COMPREPLY=(\"${COMPREPLY[@]#\"${2%\"${2##*:}\"}\"}\")\n"
      "}\n"
      "_slipway() {\n  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command= i words kind=\n"
      "  local whole=${COMP_LINE:0:COMP_POINT}\n  whole=${whole##* }\n"
      "  COMPREPLY=()\n  for ((i = 1; i < COMP_CWORD; i++)); do\n    case ${COMP_WORDS[i]} in\n";
  out += fmt::format(
      "      {}) ((i++)) ;;\n      -*) ;;\n      *) command=${{COMP_WORDS[i]}}; break ;;\n    esac\n  done\n",
      valued_globals(table));
  out += "  case \"$command $prev\" in\n" + bash_values(table) + "  esac\n  case $command in\n";
  out += fmt::format("    '') words='{} {}' ;;\n", all_commands(), flag_words(table.globals));
  for (const Bound& bound : table.bounds)
    out += fmt::format("    {}) words='{} {} --help'; kind={} ;;\n", command_words(*bound.command),
                       flag_words(bound.options), flag_words(table.globals), kind_of(bound.options));
  out += fmt::format("    help) words='{} {}' ;;\n", all_commands(), topic_words());
  out +=
      "  esac\n  if [[ -z $command || $command == help || $cur == -* ]]; then\n    COMPREPLY=($(compgen -W \"$words\" "
      "-- \"$cur\"))\n  "
      "elif [[ -n $kind ]]; then\n"
      "    _slipway_ask \"$kind\" \"$whole\"\n"
      "  fi\n}\n"
      "complete -o bashdefault -o default -F _slipway slipway\n";
  return out;
}

std::string zsh_completion() {
  const BoundCommands table;
  std::string out =
      "#compdef slipway\n# zsh completion of slipway, generated from its command table: save it as _slipway in a "
      "folder of $fpath\n"
      "_slipway_ask() {\n  compadd -- ${(f)\"$(slipway __complete $1 \"$PREFIX\" 2>/dev/null)\"}\n}\n"
      "_slipway() {\n  local command i kind\n  for ((i = 2; i < CURRENT; i++)); do\n    case ${words[i]} in\n";
  out += fmt::format("      {}) ((i++)) ;;\n      -*) ;;\n      *) command=${{words[i]}}; break ;;\n    esac\n  done\n",
                     valued_globals(table));
  out += "  local -a all found\n  all=(\n";
  for (const Bound& bound : table.bounds)
    out += "    " + single_quoted(fmt::format("{}:{}", bound.command->name, bound.command->summary)) + "\n";
  out +=
      "  )\n  if [[ -z $command ]]; then\n    [[ $PREFIX == -* ]] || { _describe command all; return }\n  fi\n  case "
      "$command in\n";
  for (const Bound& bound : table.bounds)
    out += fmt::format("    {}) found=({} --help); kind={} ;;\n", command_words(*bound.command),
                       flag_words(bound.options), kind_of(bound.options));
  out += fmt::format("    help) compadd -- {} {}; return ;;\n", all_commands(), topic_words());
  out += fmt::format("  esac\n  found+=({})\n", flag_words(table.globals));
  out += "  case \"$command ${words[CURRENT-1]}\" in\n";
  const auto add_values = [&](const OptionSet& options, std::string_view command) {
    for (const Option& option : options.all()) {
      const std::string words = words_of(option);
      const std::string_view kind = kind_of(option);
      if (words.empty() && kind.empty()) continue;
      for (const std::string& name : names_of(option)) {
        const std::string pattern = command == "*" ? "*\\ " + name : fmt::format("\"{} {}\"", command, name);
        out += fmt::format("    {}) {}; return ;;\n", pattern,
                           words.empty() ? fmt::format("_slipway_ask {}", kind) : "compadd -- " + words);
      }
    }
  };
  for (const Bound& bound : table.bounds)
    add_values(bound.options, bound.command->name);
  add_values(table.globals, "*");
  out +=
      "  esac\n  if [[ $PREFIX == -* ]]; then\n    compadd -- $found\n  else\n"
      "    [[ -z $kind ]] || _slipway_ask $kind\n"
      "    _files\n  fi\n}\n"
      "if [[ $funcstack[1] == _slipway ]]; then _slipway; else compdef _slipway slipway; fi\n";
  return out;
}

std::string fish_completion() {
  const BoundCommands table;
  std::string out =
      "# fish completion of slipway, generated from its command table: slipway completion fish | source\n";
  for (const Bound& bound : table.bounds)
    out += fmt::format("complete -c slipway -n __fish_use_subcommand -xa {} -d {}\n", bound.command->name,
                       single_quoted(bound.command->summary));
  out += fmt::format("complete -c slipway -n '__fish_seen_subcommand_from help' -xa '{} {}'\n", all_commands(),
                     topic_words());
  for (const Option& option : table.globals.all())
    out += fish_option(option, "");
  for (const Bound& bound : table.bounds) {
    std::string names = command_words(*bound.command);
    for (char& c : names)
      c = c == '|' ? ' ' : c;
    if (!kind_of(bound.options).empty())
      out += fmt::format(
          "complete -c slipway -n '__fish_seen_subcommand_from {}' -a '(slipway __complete {} (commandline -ct))'\n",
          names, kind_of(bound.options));
    for (const Option& option : bound.options.all()) {
      if (!option.positional) out += fish_option(option, fmt::format(" -n '__fish_seen_subcommand_from {}'", names));
    }
  }
  return out;
}

}  // namespace slipway::cli
