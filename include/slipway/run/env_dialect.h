#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "slipway/base/result.h"

namespace slipway::run {

/// The notations in which different consumers read environment variables.
enum class Dialect { docker, podman, compose, compose1, kubectl, systemd, sh, json };

/// The dialect of a `--format` word; Errc::invalid_argument with the words there are.
Result<Dialect> parse_dialect(std::string_view word);
std::string_view name_of(Dialect dialect);

/// The values in the dialect's notation, in the given order, so that its
/// consumer gets exactly these bytes. Errc::invalid_argument names every key whose name or
/// value the dialect cannot carry, and dialects that can. A value is never shown in a message.
Result<std::string> write_env(const std::vector<std::pair<std::string, std::string>>& values, Dialect dialect);

}  // namespace slipway::run
