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

struct Name {
  Dialect dialect;
  std::string_view word;
  bool written;  ///< whether this version writes it
};

constexpr std::array kNames{
    Name{Dialect::docker, "docker", true},    Name{Dialect::podman, "podman", true},
    Name{Dialect::compose, "compose", false}, Name{Dialect::kubectl, "kubectl", false},
    Name{Dialect::systemd, "systemd", false}, Name{Dialect::sh, "sh", true},
    Name{Dialect::json, "json", true},
};

// docker and podman read lines with Go's bufio.Scanner, which gives up at 64 KiB.
constexpr std::size_t kMaxLine = 65535;

const Name& entry_of(Dialect dialect) {
  return *std::find_if(kNames.begin(), kNames.end(), [&](const Name& name) { return name.dialect == dialect; });
}

std::string words(bool only_written) {
  std::string out;
  for (const Name& name : kNames) {
    if (only_written && !name.written) continue;
    out += (out.empty() ? "" : ", ") + std::string(name.word);
  }
  return out;
}

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
  if (!is_shell_name(key)) return "a name that is no shell variable";
  if (value.find('\0') != std::string_view::npos) return "a value with NUL";
  return std::nullopt;
}

std::optional<std::string_view> refuse_json(std::string_view key, std::string_view value) {
  if (!is_valid_utf8(key)) return "a name that is not UTF-8";
  if (!is_valid_utf8(value)) return "a value that is not UTF-8";
  return std::nullopt;
}

std::optional<std::string_view> refuse(Dialect dialect, std::string_view key, std::string_view value) {
  if (dialect == Dialect::json) return refuse_json(key, value);
  return dialect == Dialect::sh ? refuse_shell(key, value) : refuse_line(key, value);
}

std::string able_dialects(const std::pair<std::string, std::string>& entry) {
  std::string able;
  for (const Name& name : kNames) {
    if (name.written && !refuse(name.dialect, entry.first, entry.second))
      able += (able.empty() ? "" : " or ") + std::string(name.word);
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
    if (const auto reason = refuse(dialect, key, value)) {
      errors.push_back(Error(Errc::invalid_argument, fmt::format("cannot write \"{}\" as {}: {} cannot be carried",
                                                                 printable(key, 200), name_of(dialect), *reason))
                           .with_hint(able_dialects(entry)));
    }
  }
  if (errors.empty()) return {};
  return fail(combine(std::move(errors)));
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

}  // namespace

std::string_view name_of(Dialect dialect) { return entry_of(dialect).word; }

Result<Dialect> parse_dialect(std::string_view word) {
  const auto found = std::find_if(kNames.begin(), kNames.end(), [&](const Name& name) { return name.word == word; });
  if (found != kNames.end()) return found->dialect;
  return fail(Error(Errc::invalid_argument, fmt::format("no such format: {}", printable(word, 80)))
                  .with_hint(fmt::format("one of {}", words(true))));
}

Result<std::string> write_env(const Values& values, Dialect dialect) {
  if (!entry_of(dialect).written) {
    return fail(Error(Errc::unsupported, fmt::format("this version does not write the {} format", name_of(dialect)))
                    .with_hint(fmt::format("one of {}", words(true))));
  }
  SLIPWAY_TRY(check(values, dialect));
  if (dialect == Dialect::sh) return write_shell(values);
  return dialect == Dialect::json ? write_json(values) : write_lines(values);
}

}  // namespace slipway::run
