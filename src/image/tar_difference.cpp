#include "image/tar_difference.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <vector>

#include "slipway/base/text.h"
#include "slipway/layer/paged_map.h"
#include "slipway/tar/member.h"

namespace slipway::image {
namespace {

struct Field {
  const char* name;
  std::size_t at, size;
};
constexpr std::array kTarFields{Field{"name", 0, 100},     Field{"mode", 100, 8},       Field{"uid", 108, 8},
                                Field{"gid", 116, 8},      Field{"size", 124, 12},      Field{"mtime", 136, 12},
                                Field{"typeflag", 156, 1}, Field{"linkname", 157, 100}, Field{"magic", 257, 6},
                                Field{"version", 263, 2},  Field{"uname", 265, 32},     Field{"gname", 297, 32},
                                Field{"devmajor", 329, 8}, Field{"devminor", 337, 8},   Field{"prefix", 345, 155}};

using Fields = std::map<std::string, std::string>;

/// One entry with the headers before it, each field as its bytes.
struct Headers {
  std::string path;
  Fields fields;
};

void add_extension(const tar::Extension& extension, Fields& fields) {
  if (extension.type == 'L' || extension.type == 'K') {
    fields[extension.type == 'L' ? "GNU long name" : "GNU long link"] = extension.body;
    return;
  }
  const auto records = tar::decode_records(extension.body);
  if (!records) return;
  for (const auto& [key, value] : *records)
    fields[(extension.type == 'x' ? "pax " : "global pax ") + key] = value;
}

/// Reads one tar from header to header.
class TarWalk {
 public:
  explicit TarWalk(io::Source& source)
      : source_(source), reader_([this](std::span<char> to) { return fill(std::as_writable_bytes(to)); }) {}

  /// Nothing at the end, and where this is not a tar.
  Result<std::optional<Headers>> next() {
    auto member = reader_.next();
    if (!member && !failed_) return std::optional<Headers>();
    SLIPWAY_TRY(member);
    if (!*member) {
      SLIPWAY_TRY(measure_end());
      return std::optional<Headers>();
    }
    Headers headers{(*member)->path, {}};
    for (const Field& field : kTarFields)
      headers.fields[field.name] = (*member)->block.substr(field.at, field.size);
    for (const tar::Extension& extension : (*member)->extensions)
      add_extension(extension, headers.fields);
    SLIPWAY_TRY(skip((*member)->size + tar::padding((*member)->size)));
    return std::optional<Headers>(std::move(headers));
  }

  std::uint64_t end() const { return end_; }  ///< bytes behind the last entry

 private:
  Result<std::size_t> fill(std::span<std::byte> to) {
    std::size_t have = 0;
    failed_ = true;
    while (have < to.size()) {
      SLIPWAY_ASSIGN(const std::size_t n, source_.read(to.subspan(have)));
      if (n == 0) break;
      have += n;
    }
    failed_ = false;
    total_ += have;
    return have;
  }

  Status skip(std::uint64_t size) {
    while (size > 0) {
      const std::size_t part = static_cast<std::size_t>(std::min<std::uint64_t>(size, buffer_.size()));
      SLIPWAY_ASSIGN(const std::size_t n, fill(std::span(buffer_).first(part)));
      if (n < part) return {};
      size -= part;
    }
    return {};
  }

  Status measure_end() {
    std::size_t n = 1;
    while (n > 0) {
      SLIPWAY_ASSIGN(n, fill(buffer_));
    }
    end_ = total_ - std::min(total_, reader_.end());
    return {};
  }

  io::Source& source_;
  tar::MemberReader reader_;
  std::vector<std::byte> buffer_ = std::vector<std::byte>(io::kBlock);
  bool failed_ = false;  // the source did
  std::uint64_t total_ = 0;
  std::uint64_t end_ = 0;
};

/// A field for people: text up to its padding.
std::string shown(const std::map<std::string, std::string>& fields, const std::string& field) {
  const auto at = fields.find(field);
  if (at == fields.end()) return "none";
  const std::size_t end = at->second.find_last_not_of('\0');
  return fmt::format("\"{}\"", printable(end == std::string::npos ? "" : at->second.substr(0, end + 1), 300));
}

/// Visits each field that differs between two entries, unless an entry before showed it.
class HeaderComparison {
 public:
  HeaderComparison(const std::function<Status(const TarDifference&)>& visit, const layer::SpillPlace& spill)
      : visit_(visit), known_(spill) {}

  Status compare(const Headers& a, const Headers& b) {
    Fields all = a.fields;
    all.insert(b.fields.begin(), b.fields.end());
    for (const auto& [field, ignored] : all) {
      const auto at_a = a.fields.find(field), at_b = b.fields.find(field);
      const bool same = at_a != a.fields.end() && at_b != b.fields.end() && at_a->second == at_b->second;
      if (same) continue;
      SLIPWAY_ASSIGN(const std::string* const known, known_.find(field));
      if (known != nullptr) continue;
      SLIPWAY_TRY(known_.put(field, ""));
      SLIPWAY_TRY(visit_({b.path, field, shown(a.fields, field), shown(b.fields, field)}));
    }
    return {};
  }

 private:
  const std::function<Status(const TarDifference&)>& visit_;
  layer::PagedMap known_;  // fields
};

}  // namespace

Status compare_tar_headers(io::Source& a, io::Source& b, const std::function<Status(const TarDifference&)>& visit,
                           const layer::SpillPlace& spill) {
  TarWalk in_a(a), in_b(b);
  HeaderComparison comparison(visit, spill);
  while (true) {
    SLIPWAY_ASSIGN(const auto of_a, in_a.next());
    SLIPWAY_ASSIGN(const auto of_b, in_b.next());
    if (!of_a || !of_b) break;
    SLIPWAY_TRY(comparison.compare(*of_a, *of_b));
  }
  if (in_a.end() == in_b.end()) return {};
  return visit({"", "end of the archive", fmt::format("{} bytes", in_a.end()), fmt::format("{} bytes", in_b.end())});
}

}  // namespace slipway::image
