#include "slipway/base/json.h"

#include <algorithm>

#include "slipway/base/text.h"

namespace slipway {
namespace {

void write_string(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\b':
        out += "\\b";
        break;
      case '\f':
        out += "\\f";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (byte < 0x20) {
          out += fmt::format("\\u{:04x}", byte);
        } else {
          out += c;
        }
    }
  }
  out += '"';
}

/// UTF-8 as UTF-16 code units: RFC 8785 section 3.2.3 sorts member names by them.
std::u16string utf16(std::string_view text) {
  std::u16string out;
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = [&](std::size_t k) { return static_cast<unsigned char>(text[i + k]); };
    const unsigned a = byte(0);
    const std::size_t n = a < 0x80 ? 1 : a < 0xE0 ? 2 : a < 0xF0 ? 3 : 4;
    if (i + n > text.size()) break;
    std::uint32_t point = n == 1 ? a : a & (0xFFu >> (n + 1));
    for (std::size_t k = 1; k < n; ++k)
      point = point << 6 | (byte(k) & 0x3Fu);
    i += n;
    if (point >= 0x10000) {
      out += static_cast<char16_t>(0xD800 + ((point - 0x10000) >> 10));
      out += static_cast<char16_t>(0xDC00 + ((point - 0x10000) & 0x3FF));
    } else {
      out += static_cast<char16_t>(point);
    }
  }
  return out;
}

/// Writes a value; `indent` < 0 means compact.
class Writer {
 public:
  explicit Writer(int indent) : indent_(indent) {}

  void write(const Json& value, int depth) {
    if (const bool* b = value.boolean()) {
      out_ += *b ? "true" : "false";
    } else if (const std::int64_t* i = value.integer()) {
      out_ += std::to_string(*i);
    } else if (const Json::Number* n = value.number()) {
      out_ += n->text;
    } else if (const std::string* s = value.string()) {
      write_string(out_, *s);
    } else if (const Json::Array* a = value.array()) {
      write_list('[', ']', a->size(), depth, [&](std::size_t at) { write((*a)[at], depth + 1); });
    } else if (const Json::Object* o = value.object()) {
      write_list('{', '}', o->size(), depth, [&](std::size_t at) {
        write_string(out_, (*o)[at].first);
        out_ += indent_ < 0 ? ":" : ": ";
        write((*o)[at].second, depth + 1);
      });
    } else {
      out_ += "null";
    }
  }

  std::string take() { return std::move(out_); }

 private:
  template <class Item>
  void write_list(char open, char close, std::size_t count, int depth, const Item& item) {
    out_ += open;
    for (std::size_t i = 0; i < count; ++i) {
      if (i > 0) out_ += ',';
      new_line(depth + 1);
      item(i);
    }
    if (count > 0) new_line(depth);
    out_ += close;
  }

  void new_line(int depth) {
    if (indent_ < 0) return;
    out_ += '\n';
    out_.append(static_cast<std::size_t>(indent_ * depth), ' ');
  }

  int indent_;
  std::string out_;
};

Status write_canonical(std::string& out, const Json& value) {
  constexpr std::int64_t kMaxSafe = 1ll << 53;
  if (value.number() != nullptr) return fail(Errc::internal, "a canonical record cannot hold a fraction");
  if (const std::int64_t* i = value.integer(); i != nullptr && (*i > kMaxSafe || *i < -kMaxSafe)) {
    return fail(Errc::internal, "a canonical record cannot hold the integer {}", *i);
  }
  if (const std::string* s = value.string(); s != nullptr && !is_valid_utf8(*s)) {
    return fail(Errc::invalid_argument, "\"{}\" is not valid UTF-8", printable(*s, 80));
  }
  if (const Json::Array* array = value.array()) {
    out += '[';
    for (std::size_t i = 0; i < array->size(); ++i) {
      if (i > 0) out += ',';
      SLIPWAY_TRY(write_canonical(out, (*array)[i]));
    }
    out += ']';
    return {};
  }
  if (const Json::Object* object = value.object()) {
    std::vector<const Json::Member*> members;
    for (const Json::Member& member : *object)
      members.push_back(&member);
    std::sort(members.begin(), members.end(),
              [](const auto* a, const auto* b) { return utf16(a->first) < utf16(b->first); });
    out += '{';
    for (std::size_t i = 0; i < members.size(); ++i) {
      if (i > 0) out += ',';
      write_string(out, members[i]->first);
      out += ':';
      SLIPWAY_TRY(write_canonical(out, members[i]->second));
    }
    out += '}';
    return {};
  }
  out += value.compact();
  return {};
}

}  // namespace

Json::Json() = default;
Json::Json(bool v) : value_(v) {}
Json::Json(std::int64_t v) : value_(v) {}
Json::Json(int v) : value_(static_cast<std::int64_t>(v)) {}
Json::Json(std::string v) : value_(std::move(v)) {}
Json::Json(std::string_view v) : value_(std::string(v)) {}
Json::Json(const char* v) : value_(std::string(v)) {}
Json::Json(Number v) : value_(std::move(v)) {}
Json::Json(Array v) : value_(std::move(v)) {}
Json::Json(Object v) : value_(std::move(v)) {}
Json::Json(const Json&) = default;
Json::Json(Json&&) noexcept = default;
Json& Json::operator=(const Json&) = default;
Json& Json::operator=(Json&&) noexcept = default;
Json::~Json() = default;
bool Json::operator==(const Json& other) const { return value_ == other.value_; }

const Json* Json::find(std::string_view key) const {
  const Object* members = object();
  if (members == nullptr) return nullptr;
  for (const Member& member : *members) {
    if (member.first == key) return &member.second;
  }
  return nullptr;
}

const std::string& Json::text(std::string_view key) const {
  static const std::string none;
  const Json* member = find(key);
  return member != nullptr && member->string() != nullptr ? *member->string() : none;
}

const Json::Array& Json::items(std::string_view key) const {
  static const Array none;
  const Json* member = find(key);
  return member != nullptr && member->array() != nullptr ? *member->array() : none;
}

Json& Json::set(std::string key, Json value) {
  if (is_null()) value_ = Object{};
  Object& members = std::get<Object>(value_);
  for (Member& member : members) {
    if (member.first == key) {
      member.second = std::move(value);
      return *this;
    }
  }
  members.emplace_back(std::move(key), std::move(value));
  return *this;
}

std::string Json::compact() const {
  Writer writer(-1);
  writer.write(*this, 0);
  return writer.take();
}

std::string Json::pretty() const {
  Writer writer(2);
  writer.write(*this, 0);
  return writer.take();
}

Result<std::string> Json::canonical() const {
  std::string out;
  SLIPWAY_TRY(write_canonical(out, *this));
  return out;
}

}  // namespace slipway
