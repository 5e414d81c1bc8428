#include "elf/headers.h"

#include <algorithm>

namespace slipway::elf {
namespace {

constexpr std::uint64_t kMaxCount = 1u << 16, kMaxNames = 4u << 20;

/// Reads numbers of a file's class and byte order.
class Reader {
 public:
  Reader(const FileBytes& file, const Abi& abi) : file_(file), order_(abi.little), wide_(abi.bits == 64) {}

  Result<Headers> read() const {
    SLIPWAY_ASSIGN(const std::string header, file_.piece(0, wide_ ? 64 : 52, "header"));
    Headers out;
    out.size = header.size();
    out.end = header.size();
    SLIPWAY_TRY(read_segments(header, out));
    SLIPWAY_TRY(read_sections(header, out));
    return out;
  }

 private:
  std::uint64_t half(std::string_view bytes, std::size_t at) const { return order_.number(bytes, at, 2); }
  std::uint64_t word(std::string_view bytes, std::size_t at) const { return order_.number(bytes, at, wide_ ? 8 : 4); }
  std::uint64_t four(std::string_view bytes, std::size_t at) const { return order_.number(bytes, at, 4); }

  Status read_segments(const std::string& header, Headers& out) const {
    const std::uint64_t table = word(header, wide_ ? 32 : 28), size = half(header, wide_ ? 54 : 42),
                        count = half(header, wide_ ? 56 : 44);
    if (table == 0 || count == 0) return {};
    if (size < (wide_ ? 56u : 32u)) return file_.damaged("its program headers are too short");
    SLIPWAY_ASSIGN(const std::string bytes, file_.piece(table, size * count, "program header table"));
    out.end = std::max(out.end, table + bytes.size());
    for (std::size_t at = 0; at < bytes.size(); at += size) {
      Segment s;
      s.type = four(bytes, at);
      s.flags = four(bytes, at + (wide_ ? 4 : 24));
      s.offset = word(bytes, at + (wide_ ? 8 : 4));
      s.address = word(bytes, at + (wide_ ? 16 : 8));
      s.file_size = word(bytes, at + (wide_ ? 32 : 16));
      s.memory_size = word(bytes, at + (wide_ ? 40 : 20));
      SLIPWAY_TRY(check_inside(s.offset, s.file_size));
      if (s.file_size > 0) out.end = std::max(out.end, s.offset + s.file_size);
      out.segments.push_back(s);
    }
    return {};
  }

  Status read_sections(const std::string& header, Headers& out) const {
    const std::uint64_t table = word(header, wide_ ? 40 : 32), size = half(header, wide_ ? 58 : 46);
    std::uint64_t count = half(header, wide_ ? 60 : 48), names = half(header, wide_ ? 62 : 50);
    if (table == 0) return {};
    if (size < (wide_ ? 64u : 40u)) return file_.damaged("its section headers are too short");
    SLIPWAY_ASSIGN(const std::string first, file_.piece(table, size, "section header table"));
    if (count == 0) count = word(first, wide_ ? 32 : 20);
    if (names == 0xffff) names = four(first, wide_ ? 40 : 24);
    if (count > kMaxCount || names >= count) return file_.damaged("its section headers do not fit together");
    SLIPWAY_ASSIGN(const std::string bytes, file_.piece(table, size * count, "section header table"));
    out.end = std::max(out.end, table + bytes.size());
    const std::size_t at_names = names * size;
    const std::uint64_t length = word(bytes, at_names + (wide_ ? 32 : 20));
    if (length > kMaxNames) return file_.damaged("the names of its sections are too many");
    SLIPWAY_ASSIGN(const std::string text,
                   file_.piece(word(bytes, at_names + (wide_ ? 24 : 16)), length, "names of sections"));
    for (std::size_t at = 0; at < bytes.size(); at += size)
      SLIPWAY_TRY(add_section(bytes, at, text, out));
    return {};
  }

  Status add_section(const std::string& bytes, std::size_t at, const std::string& names, Headers& out) const {
    Section s;
    const std::uint64_t name = four(bytes, at);
    if (name < names.size()) s.name = names.c_str() + name;
    s.type = four(bytes, at + 4);
    s.flags = word(bytes, at + 8);
    s.offset = word(bytes, at + (wide_ ? 24 : 16));
    s.size = word(bytes, at + (wide_ ? 32 : 20));
    if (s.has_bytes()) {
      SLIPWAY_TRY(check_inside(s.offset, s.size));
      out.end = std::max(out.end, s.offset + s.size);
    }
    out.sections.push_back(std::move(s));
    return {};
  }

  Status check_inside(std::uint64_t offset, std::uint64_t size) const {
    if (size == 0 || (offset <= file_.size() && size <= file_.size() - offset)) return {};
    return file_.damaged("its headers refer to bytes beyond its end");
  }

  const FileBytes& file_;
  ByteOrder order_;
  bool wide_;
};

}  // namespace

Result<Headers> read_headers(const FileBytes& file) {
  SLIPWAY_ASSIGN(const std::string start, file.up_to(0, kIdentSize));
  const auto abi = read_ident(start);
  if (!abi) return file.damaged("it is not an ELF file");
  return Reader(file, *abi).read();
}

}  // namespace slipway::elf
