#include "slipway/elf/debug.h"

#include <algorithm>
#include <map>

#include "elf/file_bytes.h"
#include "elf/notes.h"
#include "slipway/base/text.h"

namespace slipway::elf {
namespace {

constexpr std::uint64_t kCore = 4, kLoad = 1, kNote = 4, kMappedFiles = 0x46494c45;
constexpr std::uint64_t kMaxTable = 1u << 20, kMaxNames = 4u << 20, kMaxNotes = 64u << 20, kMaxModuleBytes = 64u << 10,
                        kMaxHeaders = 64u << 20;
constexpr std::size_t kMaxModules = 10'000;

/// The offsets of a header's members, by its class.
struct Widths {
  bool wide;
  std::size_t word() const { return wide ? 8 : 4; }
  std::size_t header() const { return wide ? 64 : 52; }
  std::size_t segment() const { return wide ? 56 : 32; }
  std::size_t section() const { return wide ? 64 : 40; }
};

struct CoreSegment {
  std::uint64_t type = 0, offset = 0, address = 0, file_size = 0, align = 0;
};

class Headers {
 public:
  Headers(const FileBytes& file, const Abi& abi) : file_(file), order_(abi.little), widths_{abi.bits == 64} {}

  const ByteOrder& order() const { return order_; }
  const Widths& widths() const { return widths_; }
  std::uint64_t word(std::string_view bytes, std::size_t at) const { return order_.number(bytes, at, widths_.word()); }

  Result<bool> has_section(const std::vector<std::string_view>& wanted) const {
    SLIPWAY_ASSIGN(const std::string header, file_.piece(0, widths_.header(), "header"));
    const std::uint64_t table = word(header, widths_.wide ? 40 : 32);
    const std::uint64_t size = half(header, widths_.wide ? 58 : 46), names = half(header, widths_.wide ? 62 : 50);
    std::uint64_t count = half(header, widths_.wide ? 60 : 48);
    if (table == 0) return false;
    if (size < widths_.section()) return file_.damaged(fmt::format("its section headers have {} bytes", size));
    SLIPWAY_ASSIGN(const std::string first, file_.piece(table, size, "section header table"));
    if (count == 0) count = word(first, widths_.wide ? 32 : 20);
    const std::uint64_t at_names = names == 0xffff ? order_.number(first, widths_.wide ? 40 : 24, 4) : names;
    if (count > kMaxTable || at_names >= count || size * count > kMaxHeaders)
      return file_.damaged("its section headers do not fit together");
    SLIPWAY_ASSIGN(const std::string sections, file_.piece(table, size * count, "section header table"));
    const std::size_t strings = at_names * size;
    const std::uint64_t length = word(sections, strings + (widths_.wide ? 32 : 20));
    if (length > kMaxNames) return file_.damaged("the names of its sections are too many");
    SLIPWAY_ASSIGN(const std::string text,
                   file_.piece(word(sections, strings + (widths_.wide ? 24 : 16)), length, "names of sections"));
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint64_t name = order_.number(sections, i * size, 4);
      if (name >= text.size()) continue;
      const std::string_view section(text.c_str() + name);
      if (std::find(wanted.begin(), wanted.end(), section) != wanted.end()) return true;
    }
    return false;
  }

  /// The program headers of a file or, where `read` says so, of something mapped.
  template <class Read>
  Result<std::vector<CoreSegment>> segments(const std::string& header, const Read& read) const {
    const std::uint64_t table = word(header, widths_.wide ? 32 : 28);
    const std::uint64_t size = half(header, widths_.wide ? 54 : 42);
    std::uint64_t count = half(header, widths_.wide ? 56 : 44);
    if (size < widths_.segment()) return file_.damaged(fmt::format("its program headers have {} bytes", size));
    if (count == 0xffff) {
      // PN_XNUM: so many that the first section header counts them.
      const std::uint64_t sections = word(header, widths_.wide ? 40 : 32);
      SLIPWAY_ASSIGN(const std::string first, file_.piece(sections, widths_.section(), "section header table"));
      count = order_.number(first, widths_.wide ? 44 : 28, 4);
    }
    if (count > kMaxTable || size * count > kMaxHeaders)
      return file_.damaged(fmt::format("it has {} program headers", count));
    SLIPWAY_ASSIGN(const std::string bytes, read(table, size * count));
    std::vector<CoreSegment> out;
    for (std::size_t at = 0; at + size <= bytes.size(); at += size) {
      CoreSegment s;
      s.type = order_.number(bytes, at, 4);
      s.offset = word(bytes, at + (widths_.wide ? 8 : 4));
      s.address = word(bytes, at + (widths_.wide ? 16 : 8));
      s.file_size = word(bytes, at + (widths_.wide ? 32 : 16));
      s.align = word(bytes, at + (widths_.wide ? 48 : 28));
      out.push_back(s);
    }
    return out;
  }

  std::uint64_t half(std::string_view bytes, std::size_t at) const { return order_.number(bytes, at, 2); }

 private:
  const FileBytes& file_;
  ByteOrder order_;
  Widths widths_;
};

/// The memory of a process, read from its core dump.
class CoreReader {
 public:
  CoreReader(const FileBytes& file, const Abi& abi) : file_(file), headers_(file, abi) {}

  Result<std::vector<CoreModule>> read(const std::string& header) {
    const auto from_file = [this](std::uint64_t at, std::uint64_t size) {
      return file_.piece(at, size, "program header table");
    };
    SLIPWAY_ASSIGN(const auto segments, headers_.segments(header, from_file));
    std::uint64_t notes_left = kMaxNotes;
    for (const CoreSegment& segment : segments) {
      if (segment.type == kLoad) loads_.push_back(segment);
      if (segment.type != kNote || segment.file_size > notes_left) continue;
      notes_left -= segment.file_size;
      SLIPWAY_ASSIGN(const std::string notes, file_.piece(segment.offset, segment.file_size, "notes"));
      read_mapped_files(notes);
    }
    std::stable_sort(loads_.begin(), loads_.end(),
                     [](const CoreSegment& a, const CoreSegment& b) { return a.address < b.address; });
    std::vector<CoreModule> modules;
    for (const CoreSegment& segment : loads_) {
      if (modules.size() == kMaxModules) break;
      if (segment.file_size < headers_.widths().header()) continue;
      SLIPWAY_ASSIGN(const auto start, memory(segment.address, headers_.widths().header()));
      if (!start || !read_ident(*start)) continue;
      CoreModule module{build_id_at(segment.address, *start), {}};
      if (module.build_id.empty()) continue;
      if (const auto path = paths_.find(segment.address); path != paths_.end()) module.path = path->second;
      modules.push_back(std::move(module));
    }
    return modules;
  }

 private:
  /// Bytes of memory; nothing where they were not dumped.
  Result<std::optional<std::string>> memory(std::uint64_t address, std::uint64_t size) const {
    const auto after = std::upper_bound(loads_.begin(), loads_.end(), address,
                                        [](std::uint64_t at, const CoreSegment& s) { return at < s.address; });
    if (after == loads_.begin()) return std::optional<std::string>();
    const CoreSegment& s = *std::prev(after);
    const std::uint64_t inside = address - s.address;
    if (inside > s.file_size || size > s.file_size - inside) return std::optional<std::string>();
    SLIPWAY_ASSIGN(std::string bytes, file_.piece(s.offset + inside, size, "memory"));
    return std::optional(std::move(bytes));
  }

  /// The kernel's NT_FILE: count, page size, then start, end and page of each mapping, then the names.
  void read_mapped_files(std::string_view notes) {
    const std::size_t word = headers_.widths().word();
    const auto aligned = [](std::uint64_t size) { return (size + 3) / 4 * 4; };
    while (notes.size() >= 12) {
      const std::uint64_t name = headers_.order().number(notes, 0, 4), size = headers_.order().number(notes, 4, 4);
      const std::uint64_t start = aligned(12 + name);
      if (start > notes.size() || size > notes.size() - start) return;
      const std::string_view content = notes.substr(start, size);
      if (headers_.order().number(notes, 8, 4) == kMappedFiles && size >= 2 * word) {
        const std::uint64_t count = headers_.word(content, 0);
        if (count > content.size() / (3 * word)) return;
        const std::uint64_t table = (2 + 3 * count) * word;
        if (table > content.size()) return;
        std::string_view names = content.substr(table);
        for (std::uint64_t i = 0; i < count && !names.empty(); ++i) {
          const std::size_t end = std::min(names.find('\0'), names.size());
          paths_.emplace(headers_.word(content, (2 + 3 * i) * word), names.substr(0, end));
          names.remove_prefix(std::min(end + 1, names.size()));
        }
      }
      notes.remove_prefix(std::min<std::uint64_t>(aligned(start + size), notes.size()));
    }
  }

  /// Returns the build-id of the module whose header lies at `base`; empty when memory does not say. The memory of a
  /// process may hold anything: nothing in it is an error.
  std::string build_id_at(std::uint64_t base, const std::string& header) const {
    const auto from_memory = [&](std::uint64_t at, std::uint64_t size) -> Result<std::string> {
      if (size > kMaxModuleBytes) return fail(Errc::malformed, "too many");
      SLIPWAY_ASSIGN(auto bytes, memory(base + at, size));
      if (!bytes) return fail(Errc::malformed, "not dumped");
      return *std::move(bytes);
    };
    const auto segments = headers_.segments(header, from_memory);
    if (!segments) return {};
    std::optional<std::uint64_t> lowest;
    for (const CoreSegment& s : *segments) {
      if (s.type == kLoad) lowest = std::min(lowest.value_or(s.address - s.offset), s.address - s.offset);
    }
    for (const CoreSegment& s : *segments) {
      if (s.type != kNote || !lowest || s.file_size > kMaxModuleBytes) continue;
      const auto notes = memory(base + s.address - *lowest, s.file_size);
      if (!notes || !*notes) continue;
      Object object;
      read_notes(**notes, headers_.order(), s.align == 8 ? 8 : 4, object);
      if (!object.build_id.empty()) return object.build_id;
    }
    return {};
  }

  const FileBytes& file_;
  Headers headers_;
  std::vector<CoreSegment> loads_;              ///< by address
  std::map<std::uint64_t, std::string> paths_;  ///< by where the file is mapped
};

Result<bool> debug_info_in(const FileBytes& bytes) {
  SLIPWAY_ASSIGN(const std::string start, bytes.up_to(0, kIdentSize));
  const auto abi = read_ident(start);
  if (!abi) return false;
  return Headers(bytes, *abi).has_section({".debug_info", ".zdebug_info"});
}

Result<std::vector<CoreModule>> core_in(const FileBytes& bytes, std::string_view name) {
  SLIPWAY_ASSIGN(const std::string start, bytes.up_to(0, kIdentSize));
  const auto abi = read_ident(start);
  if (!abi || ByteOrder(abi->little).number(start, 16, 2) != kCore)
    return fail(Errc::invalid_argument, "{} is not a core dump", printable(name, 4096));
  SLIPWAY_ASSIGN(const std::string header, bytes.piece(0, abi->bits == 64 ? 64 : 52, "header"));
  return CoreReader(bytes, *abi).read(header);
}

}  // namespace

Result<bool> has_debug_info(File& file, std::string_view name) {
  SLIPWAY_ASSIGN(const FileBytes bytes, bytes_of(file, name));
  return debug_info_in(bytes);
}

Result<bool> has_debug_info(std::string_view bytes, std::string_view name) {
  return debug_info_in(bytes_of(bytes, name));
}

Result<std::vector<CoreModule>> read_core(File& file, std::string_view name) {
  SLIPWAY_ASSIGN(const FileBytes bytes, bytes_of(file, name));
  return core_in(bytes, name);
}

Result<std::vector<CoreModule>> read_core(std::string_view bytes, std::string_view name) {
  return core_in(bytes_of(bytes, name), name);
}

}  // namespace slipway::elf
