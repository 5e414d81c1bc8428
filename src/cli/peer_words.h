#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::cli {

// The words of docker, crane, skopeo, oras, regctl, kbld, cosign and kubectl that slipway has not: each returns the
// hint that says what to type here.

/// For a word that is not a command of ours.
std::optional<std::string_view> instead_of_command(std::string_view word);

/// For an option that the command does not have. An answer for the command goes before one for all of them.
std::optional<std::string_view> instead_of_option(std::string_view command, std::string_view option);

/// For a command that got more arguments than it takes; REF stands for the first argument, EXTRA for the one too many.
std::optional<std::string_view> instead_of_argument(std::string_view command);

/// For a command of two words, such as "manifest fetch REF" or "image copy A B": the whole command line of ours, with
/// the arguments that follow. `words` are the command line without the program's name.
std::optional<std::string> instead_of_two_words(const std::vector<std::string>& words);

}  // namespace slipway::cli
