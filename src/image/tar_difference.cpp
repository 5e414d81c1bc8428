#include "image/tar_difference.h"

#include <array>
#include <charconv>
#include <optional>
#include <set>

#include "slipway/base/text.h"

namespace slipway::image {
namespace {

constexpr std::size_t kBlock = 512;
constexpr std::uint64_t kMaxBody = 1u << 20;  // of a pax header or a long name

struct Field {
  const char* name;
  std::size_t at, size;
};
constexpr std::array kTarFields{Field{"name", 0, 100},     Field{"mode", 100, 8},       Field{"uid", 108, 8},
                                Field{"gid", 116, 8},      Field{"size", 124, 12},      Field{"mtime", 136, 12},
                                Field{"typeflag", 156, 1}, Field{"linkname", 157, 100}, Field{"magic", 257, 6},
                                Field{"version", 263, 2},  Field{"uname", 265, 32},     Field{"gname", 297, 32},
                                Field{"devmajor", 329, 8}, Field{"devminor", 337, 8},   Field{"prefix", 345, 155}};

/// One entry with the headers before it, each field as its bytes.
struct Member {
  std::string path;
  std::map<std::string, std::string> fields;
};

/// A number of a header: octal text, or GNU's base-256.
std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  if ((static_cast<unsigned char>(text[0]) & 0x80) != 0) {
    for (const char c : text.substr(text.size() - 8))
      value = value << 8 | static_cast<unsigned char>(c);
    return value;
  }
  const std::size_t begin = std::min(text.find_first_not_of(' '), text.size());
  const std::size_t end = std::min(text.find_first_of(std::string_view(" \0", 2), begin), text.size());
  if (begin == end) return 0;
  const auto [at, problem] = std::from_chars(text.data() + begin, text.data() + end, value, 8);
  if (problem != std::errc() || at != text.data() + end) return std::nullopt;
  return value;
}

/// Reads one tar from header to header.
class TarWalk {
 public:
  explicit TarWalk(io::Source& source) : source_(source) {}

  /// Nothing at the end, and where this is no tar.
  Result<std::optional<Member>> next() {
    Member member;
    while (true) {
      SLIPWAY_ASSIGN(const std::string header, take(kBlock));
      if (header.size() < kBlock || header.find_first_not_of('\0') == std::string::npos) {
        SLIPWAY_TRY(measure_end(header.size()));
        return std::optional<Member>();
      }
      const auto size = number(std::string_view(header).substr(124, 12));
      if (!size) return std::optional<Member>();
      const char type = header[156];
      if (type != 'x' && type != 'g' && type != 'L' && type != 'K') {
        for (const Field& field : kTarFields)
          member.fields[field.name] = header.substr(field.at, field.size);
        if (member.path.empty()) member.path = path_of(header);
        const bool has_body = type == '0' || type == '\0' || type == '7';
        if (has_body) SLIPWAY_TRY(skip(padded(pax_size_.value_or(*size))));
        pax_size_.reset();
        return std::optional<Member>(std::move(member));
      }
      if (*size > kMaxBody) return std::optional<Member>();
      SLIPWAY_ASSIGN(std::string body, take(static_cast<std::size_t>(padded(*size))));
      body.resize(std::min<std::size_t>(body.size(), static_cast<std::size_t>(*size)));
      read_extra(type, body, member);
    }
  }

  std::uint64_t end() const { return end_; }  ///< bytes behind the last entry

 private:
  static std::uint64_t padded(std::uint64_t size) { return (size + kBlock - 1) / kBlock * kBlock; }

  static std::string path_of(const std::string& header) {
    const std::string name(header.data(), ::strnlen(header.data(), 100));
    const std::string prefix(header.data() + 345, ::strnlen(header.data() + 345, 155));
    const bool ustar = header.compare(257, 6, std::string("ustar\0", 6)) == 0;
    return ustar && !prefix.empty() ? prefix + "/" + name : name;
  }

  void read_extra(char type, const std::string& body, Member& member) {
    if (type == 'L' || type == 'K') {
      member.fields[type == 'L' ? "GNU long name" : "GNU long link"] = body;
      if (type == 'L') member.path = body.substr(0, body.find('\0'));
      return;
    }
    const std::string kind = type == 'x' ? "pax " : "global pax ";
    for (std::string_view rest = body; !rest.empty();) {
      std::size_t length = 0;
      const auto [at, problem] = std::from_chars(rest.data(), rest.data() + rest.size(), length);
      const auto blank = static_cast<std::size_t>(at - rest.data());
      if (problem != std::errc() || length > rest.size() || length < blank + 3 || rest[blank] != ' ') return;
      const std::string_view record = rest.substr(blank + 1, length - blank - 2);
      const std::size_t equals = std::min(record.find('='), record.size());
      const std::string key(record.substr(0, equals));
      const std::string value(equals < record.size() ? record.substr(equals + 1) : std::string_view());
      member.fields[kind + key] = value;
      if (type == 'x' && key == "path") member.path = value;
      if (type == 'x' && key == "size") {
        std::uint64_t size = 0;
        std::from_chars(value.data(), value.data() + value.size(), size);
        pax_size_ = size;
      }
      rest.remove_prefix(length);
    }
  }

  Result<std::string> take(std::size_t size) {
    std::string bytes(size, '\0');
    std::size_t have = 0;
    while (have < size) {
      SLIPWAY_ASSIGN(const std::size_t n, source_.read(std::as_writable_bytes(std::span(bytes).subspan(have))));
      if (n == 0) break;
      have += n;
    }
    bytes.resize(have);
    return bytes;
  }

  Status skip(std::uint64_t size) {
    while (size > 0) {
      const std::size_t part = static_cast<std::size_t>(std::min<std::uint64_t>(size, 64 * 1024));
      SLIPWAY_ASSIGN(const std::string bytes, take(part));
      if (bytes.size() < part) return {};
      size -= part;
    }
    return {};
  }

  Status measure_end(std::size_t first) {
    end_ = first;
    while (true) {
      SLIPWAY_ASSIGN(const std::string bytes, take(64 * 1024));
      if (bytes.empty()) return {};
      end_ += bytes.size();
    }
  }

  io::Source& source_;
  std::optional<std::uint64_t> pax_size_;
  std::uint64_t end_ = 0;
};

/// A field for people: text up to its padding.
std::string shown(const std::map<std::string, std::string>& fields, const std::string& field) {
  const auto at = fields.find(field);
  if (at == fields.end()) return "none";
  const std::size_t end = at->second.find_last_not_of('\0');
  return fmt::format("\"{}\"", printable(end == std::string::npos ? "" : at->second.substr(0, end + 1), 300));
}

}  // namespace

Result<std::vector<TarDifference>> compare_tar_headers(io::Source& a, io::Source& b) {
  TarWalk in_a(a), in_b(b);
  std::vector<TarDifference> found;
  std::set<std::string> known;
  while (true) {
    SLIPWAY_ASSIGN(const auto of_a, in_a.next());
    SLIPWAY_ASSIGN(const auto of_b, in_b.next());
    if (!of_a || !of_b) break;
    std::set<std::string> fields;
    for (const auto& [name, value] : of_a->fields)
      fields.insert(name);
    for (const auto& [name, value] : of_b->fields)
      fields.insert(name);
    for (const std::string& field : fields) {
      const auto at_a = of_a->fields.find(field), at_b = of_b->fields.find(field);
      const bool same = at_a != of_a->fields.end() && at_b != of_b->fields.end() && at_a->second == at_b->second;
      if (same || !known.insert(field).second) continue;
      found.push_back({of_b->path, field, shown(of_a->fields, field), shown(of_b->fields, field)});
    }
  }
  if (in_a.end() != in_b.end()) {
    found.push_back(
        {"", "end of the archive", fmt::format("{} bytes", in_a.end()), fmt::format("{} bytes", in_b.end())});
  }
  return found;
}

}  // namespace slipway::image
