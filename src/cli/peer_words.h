#pragma once

#include <optional>
#include <string_view>

namespace slipway::cli {

/// The command line of slipway for a command of docker, crane, skopeo, oras, regctl, kbld or cosign that slipway does
/// not have under that name, such as "rmi"; nullopt for every other word.
std::optional<std::string_view> instead_of_command(std::string_view word);

/// The same for an option, such as "--src-creds".
std::optional<std::string_view> instead_of_option(std::string_view option);

/// The same for an argument too many, by the command that got it: peers' commands of that name take it.
std::optional<std::string_view> instead_of_argument(std::string_view command);

}  // namespace slipway::cli
