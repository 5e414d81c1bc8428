#include "slipway/base/diagnostics.h"
#include "slipway/base/text.h"
#include "slipway/release/config_artifact.h"
#include "slipway/release/secret_reference.h"

namespace slipway::release {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

bool is_quoted(std::string_view value) {
  return value.size() >= 2 && (value.front() == '"' || value.front() == '\'') && value.front() == value.back();
}

/// The length of the longest valid UTF-8 beginning, to point at what breaks it.
std::size_t valid_prefix(std::string_view text) {
  std::size_t length = 0;
  for (std::size_t step = 1; length + step <= text.size() && step <= 4;) {
    if (is_valid_utf8(text.substr(length, step))) {
      length += step;
      step = 1;
    } else {
      ++step;
    }
  }
  return length;
}

/// Reads one env file line by line.
class EnvFileReader {
 public:
  EnvFileReader(const std::string& file, Diagnostics& diagnostics, KeyPlaces* places)
      : file_(file), diagnostics_(diagnostics), places_(places) {}

  /// `text` begins at column `offset` + 1 of its line.
  void line(std::string_view text, int row, std::size_t offset) {
    row_ = row;
    offset_ = offset;
    if (!text.empty() && text.back() == '\r') text.remove_suffix(1);
    if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos) return problem(nul, "a NUL byte");
    if (!is_valid_utf8(text)) return problem(valid_prefix(text), "bytes that are not UTF-8");
    if (trim(text).empty() || text.front() == '#') return;
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) {
      return problem(0, fmt::format("\"{}\" has no value", printable(text, 80)),
                     "write NAME=VALUE; values are never taken from this machine's environment");
    }
    const std::string_view name = text.substr(0, equals);
    if (!is_variable_name(name)) return bad_name(name);
    add(std::string(name), text.substr(equals + 1), equals + 1);
  }

  ConfigValues take() { return std::move(values_); }

 private:
  void bad_name(std::string_view name) {
    const bool exported = name.rfind("export ", 0) == 0;
    problem(0, fmt::format("\"{}\" is not a name", printable(name, 80)),
            exported ? "leave out 'export': this file is not a shell script"
                     : "a name begins with a letter or _ and has letters, digits and _, with no spaces around it");
  }

  void add(std::string name, std::string_view value, std::size_t column) {
    if (const auto before = rows_.find(name); before != rows_.end()) {
      return problem(0, fmt::format("\"{}\" is set twice, first in line {}", name, before->second),
                     "keep one of the two lines");
    }
    rows_.emplace(name, row_);
    if (is_quoted(value)) {
      diagnostics_.warning(place(column),
                           fmt::format("the quotes around the value of {} are part of it, as docker reads it", name));
    }
    if (is_secret_reference(value)) {
      const auto reference = SecretReference::parse(value);
      if (!reference) return problem(column, reference.error().message, reference.error().hint);
    }
    if (places_ != nullptr) places_->emplace(name, place(0));
    auto& map = is_secret_reference(value) ? values_.secrets : values_.values;
    map.emplace(std::move(name), value);
  }

  Where place(std::size_t column) const { return {file_, row_, static_cast<int>(offset_ + column) + 1}; }

  void problem(std::size_t column, std::string message, std::string hint = {}) {
    diagnostics_.error(place(column), std::move(message), std::move(hint));
  }

  const std::string& file_;
  Diagnostics& diagnostics_;
  KeyPlaces* places_;
  int row_ = 0;
  std::size_t offset_ = 0;
  std::map<std::string, int> rows_;
  ConfigValues values_;
};

}  // namespace

ConfigValues parse_env_file(std::string_view text, const std::string& file, Diagnostics& diagnostics,
                            KeyPlaces* places) {
  EnvFileReader reader(file, diagnostics, places);
  std::size_t offset = 0;
  if (text.substr(0, kByteOrderMark.size()) == kByteOrderMark) offset = kByteOrderMark.size();
  text.remove_prefix(offset);
  int row = 0;
  for (const std::string& line : split(text, '\n')) {
    reader.line(line, ++row, offset);
    offset = 0;
  }
  return reader.take();
}

}  // namespace slipway::release
