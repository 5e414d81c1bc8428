#include "cli/output.h"

#include "slipway/base/text.h"

namespace slipway::cli {
namespace {

/// True for words that YAML reads as the string that they look like.
bool is_plain(const std::string& text) {
  if (text.empty() || text.size() > 200) return false;
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (!letter(text[0]) && text[0] != '/') return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool colon_inside = c == ':' && i + 1 < text.size();
    if (!letter(c) && !digit(c) && !colon_inside && std::string_view("/._-@+").find(c) == std::string_view::npos)
      return false;
  }
  const std::string lower = to_lower(text);
  for (const std::string_view word : {"null", "true", "false", "yes", "no", "on", "off", "y", "n"}) {
    if (lower == word) return false;
  }
  return true;
}

std::string scalar(const Json& value) {
  const std::string* text = value.string();
  return text != nullptr && is_plain(*text) ? *text : safe_json(value.compact());
}

bool is_block(const Json& value) {
  return (value.object() != nullptr && !value.object()->empty()) ||
         (value.array() != nullptr && !value.array()->empty());
}

void write_yaml(std::string& out, const Json& value, std::size_t indent);

void write_members(std::string& out, const Json::Object& object, std::size_t indent, bool first_is_placed) {
  for (const auto& [key, value] : object) {
    if (!first_is_placed) out.append(indent, ' ');
    first_is_placed = false;
    out += scalar(Json(key)) + ":";
    if (is_block(value)) {
      out += '\n';
      write_yaml(out, value, indent + 2);
    } else {
      out += " " + scalar(value) + "\n";
    }
  }
}

void write_yaml(std::string& out, const Json& value, std::size_t indent) {
  if (value.object() != nullptr) return write_members(out, *value.object(), indent, false);
  for (const Json& item : *value.array()) {
    out.append(indent, ' ').append("- ");
    if (item.object() != nullptr && !item.object()->empty()) {
      write_members(out, *item.object(), indent + 2, true);
    } else {
      out += scalar(item) + "\n";
    }
  }
}

/// Adds the lines below `value`. Returns true if a value may stand there: it does, is null, or a list is empty.
bool collect(const Json& value, std::string_view member, std::string& lines) {
  const Json* tags = value.find("tags");
  const Json* place = value.find("location");
  if (member == "location" && tags != nullptr && tags->array() != nullptr && place != nullptr) {
    for (const Json& tag : *tags->array())
      lines += printable(*place->string() + ":" + *tag.string(), 4096) + "\n";
    return true;
  }
  if (const Json* found = value.find(member)) {
    if (found->string() != nullptr) lines += printable(*found->string(), 4096) + "\n";
    return true;
  }
  bool any = value.array() != nullptr && value.array()->empty();
  if (value.object() != nullptr) {
    for (const auto& entry : *value.object())
      any = collect(entry.second, member, lines) || any;
  }
  if (value.array() != nullptr) {
    for (const Json& item : *value.array())
      any = collect(item, member, lines) || any;
  }
  return any;
}

}  // namespace

std::string safe_text(std::string_view text) {
  std::string out;
  bool first = true;
  for (const std::string& line : split(text, '\n')) {
    out += (first ? "" : "\n") + printable(line, std::string::npos);
    first = false;
  }
  return out;
}

std::string safe_json(std::string_view json) {
  std::string out;
  for (std::size_t i = 0; i < json.size();) {
    const auto byte = [&](std::size_t at) { return at < json.size() ? static_cast<unsigned char>(json[at]) : 0u; };
    const unsigned lead = byte(i);
    const std::size_t n = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    const std::string_view one = json.substr(i, n);
    const bool hidden = lead >= 0x80 && n <= 3 && printable(one) != one;
    if (hidden || lead == 0x7f) {
      const unsigned code = n == 1   ? lead
                            : n == 2 ? (lead & 0x1fu) << 6 | (byte(i + 1) & 0x3fu)
                                     : (lead & 0x0fu) << 12 | (byte(i + 1) & 0x3fu) << 6 | (byte(i + 2) & 0x3fu);
      out += fmt::format("\\u{:04x}", code);
    } else {
      out += one;
    }
    i += n;
  }
  return out;
}

std::string yaml_of(const Json& document) {
  std::string out;
  if (!is_block(document)) return scalar(document) + "\n";
  write_yaml(out, document, 0);
  return out;
}

Result<std::string> lines_of(const Json& document, std::string_view member) {
  std::string lines;
  if (collect(document, member, lines)) return lines;
  return fail(Error(Errc::invalid_argument, fmt::format("the result has no {}", member == "location" ? "name" : member))
                  .with_hint("print all of it with -o json"));
}

}  // namespace slipway::cli
