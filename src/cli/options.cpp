#include "cli/options.h"

#include <set>

#include "slipway/base/text.h"

namespace slipway::cli {

void OptionSet::flag(std::string names, bool& slot, std::string help) {
  options_.push_back({std::move(names), {}, std::move(help), &slot, false, false, {}});
}

void OptionSet::count(std::string names, int& slot, std::string help) {
  options_.push_back({std::move(names), {}, std::move(help), &slot, false, false, {}});
}

void OptionSet::number(std::string names, std::string value, int& slot, int least, std::string help) {
  options_.push_back({std::move(names), std::move(value), std::move(help), &slot, false, false, {}, least});
}

void OptionSet::value(std::string names, std::string value, std::optional<std::string>& slot, std::string help) {
  options_.push_back({std::move(names), std::move(value), std::move(help), &slot, false, false, {}});
}

void OptionSet::list(std::string names, std::string value, std::vector<std::string>& slot, std::string help) {
  options_.push_back({std::move(names), std::move(value), std::move(help), &slot, false, false, {}});
}

void OptionSet::choice(std::string names, std::string& slot, std::vector<std::string> choices, std::string help) {
  std::string value = fmt::format("{}", fmt::join(choices, "|"));
  options_.push_back({std::move(names), std::move(value), std::move(help), &slot, false, false, std::move(choices)});
}

void OptionSet::positional(std::string word, std::string& slot, std::string help) {
  options_.push_back({std::move(word), {}, std::move(help), &slot, true, true, {}});
}

void OptionSet::optional_positional(std::string word, std::optional<std::string>& slot, std::string help) {
  options_.push_back({std::move(word), {}, std::move(help), &slot, true, false, {}});
}

void OptionSet::positionals(std::string word, std::vector<std::string>& slot, std::string help) {
  options_.push_back({std::move(word), {}, std::move(help), &slot, true, true, {}});
}

void OptionSet::rest(std::string word, std::vector<std::string>& slot, std::string help) {
  options_.push_back({std::move(word), {}, std::move(help), &slot, true, false, {}});
}

OptionSet OptionSet::without_names_of(const OptionSet& own) const {
  std::set<std::string> taken;
  for (const Option& option : own.options_) {
    for (std::string& name : split(option.names + "," + option.also, ','))
      taken.insert(std::move(name));
  }
  OptionSet rest = *this;
  for (Option& option : rest.options_) {
    std::vector<std::string> names = split(option.names, ',');
    std::erase_if(names, [&](const std::string& name) { return taken.contains(name); });
    option.names = fmt::format("{}", fmt::join(names, ","));
  }
  std::erase_if(rest.options_, [](const Option& option) { return option.names.empty(); });
  return rest;
}

std::optional<std::size_t> find_command(const std::vector<std::string>& arguments, const OptionSet& globals) {
  const auto takes_value = [&](const std::string& word) {
    for (const Option& option : globals.all()) {
      if (option.value.empty()) continue;
      for (const std::string& name : split(option.names, ',')) {
        if (name == word) return true;
      }
    }
    return false;
  };
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i].empty() || arguments[i][0] != '-') return i;
    if (takes_value(arguments[i])) ++i;
  }
  return std::nullopt;
}

}  // namespace slipway::cli
