#include <algorithm>

#include "slipway/base/diagnostics.h"
#include "slipway/base/text.h"
#include "slipway/release/config_artifact.h"

namespace slipway::release {
namespace {

bool is_reference(std::string_view value) {
  return value.rfind("secret://", 0) == 0 || value.rfind("env://", 0) == 0 || value.rfind("file://", 0) == 0;
}

bool is_name(std::string_view text) {
  const auto head = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  return !text.empty() && head(text[0]) && std::all_of(text.begin(), text.end(), [&](char c) {
    return head(c) || (c >= '0' && c <= '9') || c == '.' || c == '-';
  });
}

/// Reads one env file line by line.
class EnvFileReader {
 public:
  explicit EnvFileReader(const std::string& file) : file_(file) {}

  void line(std::string_view text, int row) {
    row_ = row;
    if (!text.empty() && text.back() == '\r') text.remove_suffix(1);
    if (trim(text).empty() || text.front() == '#') return;
    if (text.find('\0') != std::string_view::npos) return problem(text.find('\0'), "a NUL byte");
    if (!is_valid_utf8(text)) return problem(0, "bytes that are not UTF-8");
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) {
      return problem(0, fmt::format("'{}' has no value", printable(text, 80)),
                     "write NAME=VALUE; values are never taken from this machine's environment");
    }
    const std::string_view name = text.substr(0, equals);
    if (!is_name(name)) {
      return problem(0, fmt::format("'{}' is not a name", printable(name, 80)),
                     "a name begins with a letter or _ and has letters, digits, _ . and -, with no spaces around it");
    }
    add(std::string(name), std::string(text.substr(equals + 1)));
  }

  Result<ConfigValues> finish() && {
    SLIPWAY_TRY(std::move(diagnostics_).status());
    return std::move(values_);
  }

 private:
  void add(std::string name, std::string value) {
    if (values_.values.contains(name) || values_.secrets.contains(name)) {
      return problem(0, fmt::format("'{}' is set twice", name));
    }
    auto& map = is_reference(value) ? values_.secrets : values_.values;
    map.emplace(std::move(name), std::move(value));
  }

  void problem(std::size_t column, std::string message, std::string hint = {}) {
    diagnostics_.error({file_, row_, static_cast<int>(column) + 1}, std::move(message), std::move(hint));
  }

  const std::string& file_;
  int row_ = 0;
  Diagnostics diagnostics_;
  ConfigValues values_;
};

}  // namespace

Result<ConfigValues> parse_env_file(std::string_view text, const std::string& file) {
  if (text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);
  EnvFileReader reader(file);
  int row = 0;
  for (const std::string& line : split(text, '\n')) reader.line(line, ++row);
  return std::move(reader).finish();
}

}  // namespace slipway::release
