#include "slipway/run/env_dialect.h"

#include <algorithm>
#include <array>
#include <optional>
#include <unordered_set>

#include "slipway/base/diagnostics.h"
#include "slipway/base/json.h"
#include "slipway/base/text.h"

namespace slipway::run {

namespace {

using Values = std::vector<std::pair<std::string, std::string>>;

// docker and podman read lines with Go's bufio.Scanner, which gives up at 64 KiB.
constexpr std::size_t kMaxLine = 65535;

bool is_shell_name(std::string_view key) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  return !key.empty() && letter(key[0]) &&
         std::all_of(key.begin(), key.end(), [&](char c) { return letter(c) || digit(c); });
}

/// ASCII blanks, and the further ones that Go's unicode.IsSpace knows.
bool has_space(std::string_view text) {
  constexpr std::array<std::string_view, 6> kWide{"\xc2\x85",     "\xc2\xa0",     "\xe1\x9a\x80",
                                                  "\xe2\x81\x9f", "\xe3\x80\x80", "\xe2\x80\xaf"};
  if (text.find_first_of(" \t\n\v\f\r") != std::string_view::npos) return true;
  if (std::any_of(kWide.begin(), kWide.end(), [&](auto space) { return text.find(space) != std::string_view::npos; }))
    return true;
  for (std::size_t at = text.find("\xe2\x80"); at != std::string_view::npos; at = text.find("\xe2\x80", at + 1)) {
    const auto last = at + 2 < text.size() ? static_cast<unsigned char>(text[at + 2]) : 0u;
    if ((last >= 0x80u && last <= 0x8au) || last == 0xa8u || last == 0xa9u) return true;
  }
  return false;
}

/// Why a line-based env file cannot carry this; nullopt when it can.
std::optional<std::string_view> refuse_line(std::string_view key, std::string_view value) {
  if (key.empty()) return "an empty name";
  if (key[0] == '#') return "a name that starts with #";
  if (key.find('=') != std::string_view::npos) return "a name with =";
  if (has_space(key)) return "a name with white space";
  if (key.find('\0') != std::string_view::npos) return "a name with NUL";
  if (key.starts_with("\xef\xbb\xbf")) return "a name that starts with a byte order mark";
  if (!is_valid_utf8(key)) return "a name that is not UTF-8";
  if (value.find('\n') != std::string_view::npos) return "a value with a new line";
  if (value.find('\r') != std::string_view::npos) return "a value with a carriage return";
  if (value.find('\0') != std::string_view::npos) return "a value with NUL";
  if (!is_valid_utf8(value)) return "a value that is not UTF-8";
  if (key.size() + 1 + value.size() > kMaxLine) return "a line longer than 64 KiB";
  return std::nullopt;
}

std::optional<std::string_view> refuse_shell(std::string_view key, std::string_view value) {
  if (!is_shell_name(key)) return "a name that is not a shell variable";
  if (value.find('\0') != std::string_view::npos) return "a value with NUL";
  return std::nullopt;
}

std::optional<std::string_view> refuse_json(std::string_view key, std::string_view value) {
  if (!is_valid_utf8(key)) return "a name that is not UTF-8";
  if (!is_valid_utf8(value)) return "a value that is not UTF-8";
  return std::nullopt;
}

/// kubectl's lines are docker's, but names must be a ConfigMap's keys and an environment's names.
std::optional<std::string_view> refuse_kubectl(std::string_view key, std::string_view value) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '.';
  };
  const bool is_name = !key.empty() && std::all_of(key.begin(), key.end(), fits) && !(key[0] >= '0' && key[0] <= '9') &&
                       key != "." && !key.starts_with("..");
  if (!is_name) return "a name that Kubernetes does not take";
  return refuse_line(key, value);
}

/// systemd drops assignments with control characters, but for tabs and new lines.
std::optional<std::string_view> refuse_systemd(std::string_view key, std::string_view value) {
  const auto is_control = [](char c) {
    return c == 0x7f || (static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n');
  };
  if (!is_shell_name(key)) return "a name that is not a shell variable";
  if (!is_valid_utf8(value)) return "a value that is not UTF-8";
  if (std::any_of(value.begin(), value.end(), is_control)) return "a value with a control character";
  return std::nullopt;
}

std::optional<std::string_view> refuse_compose(std::string_view key, std::string_view value) {
  if (!is_shell_name(key)) return "a name that is not a shell variable";
  if (value.find('\0') != std::string_view::npos) return "a value with NUL";
  if (!is_valid_utf8(value)) return "a value that is not UTF-8";
  return std::nullopt;
}

/// docker-compose 1 takes lines without quotes or escapes: releases before 1.26 keep quotes as part of the value, later
/// ones expand ${ whatever the quotes, cut comments off and trim.
std::optional<std::string_view> refuse_compose1(std::string_view key, std::string_view value) {
  if (!is_shell_name(key)) return "a name that is not a shell variable";
  if (const auto reason = refuse_line(key, value)) return reason;
  std::string ends;
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\t') || byte == 0x7f) return "a value with a control character";
    if (c != ' ' && c != '\t') ends += c;
  }
  if (has_space(ends)) return "a value with a wide space or line end";
  const bool is_blank_before =
      value.find(" #") != std::string_view::npos || value.find("\t#") != std::string_view::npos;
  if (is_blank_before) return "a value with a # behind white space";
  if (value != trim(value)) return "a value with white space at an end";
  if (value.starts_with('\'') || value.starts_with('"')) return "a value that starts with a quote";
  if (value.find("${") != std::string_view::npos) return "a value with ${";
  return std::nullopt;
}

std::string write_lines(const Values& values) {
  std::string out;
  for (const auto& [key, value] : values)
    out += key + "=" + value + "\n";
  return out;
}

std::string write_shell(const Values& values) {
  std::string out;
  for (const auto& [key, value] : values) {
    out += "export " + key + "='";
    for (const char c : value)
      out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    out += "'\n";
  }
  return out;
}

std::string write_json(const Values& values) {
  Json::Object object;
  for (const auto& [key, value] : values)
    object.emplace_back(key, value);
  return Json(std::move(object)).pretty() + "\n";
}

/// Double quotes, in which systemd takes a backslash from these four only (systemd.exec(5), EnvironmentFile=).
std::string write_systemd(const Values& values) {
  std::string out;
  for (const auto& [key, value] : values) {
    out += key + "=\"";
    for (const char c : value) {
      if (c == '"' || c == '\\' || c == '`' || c == '$') out += '\\';
      out += c;
    }
    out += "\"\n";
  }
  return out;
}

/// Single quotes carry everything literally but a quote, a carriage return (files are read without those before new
/// lines) and a backslash at the end; double quotes know escapes and would expand a bare $.
std::string write_compose(const Values& values) {
  std::string out;
  for (const auto& [key, value] : values) {
    out += key + "=";
    if (value.find_first_of("'\r") == std::string::npos && !value.ends_with('\\')) {
      out += "'" + value + "'\n";
      continue;
    }
    out += '"';
    for (const char c : value) {
      if (c == '"' || c == '\\' || c == '$') out += '\\';
      out += c == '\r' ? std::string("\\r") : std::string(1, c);
    }
    out += "\"\n";
  }
  return out;
}

/// The names and values that a dialect takes, and how it is written.
struct Rules {
  Dialect dialect;
  std::string_view word;
  std::optional<std::string_view> (*refuse)(std::string_view key, std::string_view value);
  std::string (*write)(const Values& values);
};

constexpr std::array kRules{
    Rules{Dialect::docker, "docker", refuse_line, write_lines},
    Rules{Dialect::podman, "podman", refuse_line, write_lines},
    Rules{Dialect::compose, "compose", refuse_compose, write_compose},
    Rules{Dialect::compose1, "compose1", refuse_compose1, write_lines},
    Rules{Dialect::kubectl, "kubectl", refuse_kubectl, write_lines},
    Rules{Dialect::systemd, "systemd", refuse_systemd, write_systemd},
    Rules{Dialect::sh, "sh", refuse_shell, write_shell},
    Rules{Dialect::json, "json", refuse_json, write_json},
};

const Rules& rules_of(Dialect dialect) {
  return *std::find_if(kRules.begin(), kRules.end(), [&](const Rules& rules) { return rules.dialect == dialect; });
}

std::string able_dialects(const std::pair<std::string, std::string>& entry) {
  std::string able;
  for (const Rules& rules : kRules) {
    if (!rules.refuse(entry.first, entry.second)) able += (able.empty() ? "" : " or ") + std::string(rules.word);
  }
  return able.empty() ? "no format can carry it; change it in the config" : fmt::format("use --format {}", able);
}

Status check(const Values& values, Dialect dialect) {
  std::vector<Error> errors;
  std::unordered_set<std::string_view> seen;
  for (const auto& entry : values) {
    const auto& [key, value] = entry;
    if (!seen.insert(key).second) {
      errors.push_back(Error(Errc::invalid_argument, fmt::format("{} is given twice", printable(key, 200))));
    }
    if (const auto reason = rules_of(dialect).refuse(key, value)) {
      errors.push_back(Error(Errc::invalid_argument, fmt::format("cannot write \"{}\" as {}: {} cannot be carried",
                                                                 printable(key, 200), name_of(dialect), *reason))
                           .with_hint(able_dialects(entry)));
    }
  }
  if (errors.empty()) return {};
  return fail(combine(std::move(errors)));
}

}  // namespace

std::string_view name_of(Dialect dialect) { return rules_of(dialect).word; }

Result<Dialect> parse_dialect(std::string_view word) {
  const auto found = std::find_if(kRules.begin(), kRules.end(), [&](const Rules& rules) { return rules.word == word; });
  if (found != kRules.end()) return found->dialect;
  std::string words;
  for (const Rules& rules : kRules)
    words += (words.empty() ? "" : ", ") + std::string(rules.word);
  return fail(Error(Errc::invalid_argument, fmt::format("no such format: {}", printable(word, 80)))
                  .with_hint(fmt::format("use --format with one of {}", words)));
}

Result<std::string> write_env(const Values& values, Dialect dialect) {
  SLIPWAY_TRY(check(values, dialect));
  return rules_of(dialect).write(values);
}

}  // namespace slipway::run
