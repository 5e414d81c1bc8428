#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "slipway/base/result.h"

namespace slipway::run {

/// The notations in which different consumers read environment variables.
enum class Dialect { docker, podman, compose, compose1, kubectl, systemd, sh, json };

/// Returns the dialect that a word of `--format` names; Errc::invalid_argument listing the words.
Result<Dialect> parse_dialect(std::string_view word);
std::string_view name_of(Dialect dialect);

/// Returns the values in a dialect's notation, in the given order, so that its consumer reads exactly these bytes.
/// Errc::invalid_argument naming every key that is given twice, or whose name or value the dialect cannot express, and
/// the dialects that can. Values are never shown in messages.
Result<std::string> write_env(const std::vector<std::pair<std::string, std::string>>& values, Dialect dialect);

}  // namespace slipway::run
