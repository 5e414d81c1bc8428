#include "slipway/elf/object.h"

#include <algorithm>
#include <map>

#include "elf/file_bytes.h"
#include "elf/notes.h"

namespace slipway::elf {
namespace {

constexpr std::uint64_t kLoad = 1, kDynamic = 2, kInterpreter = 3, kNote = 4, kStack = 0x6474e551, kRelro = 0x6474e552;
constexpr std::uint64_t kNeeded = 1, kHash = 4, kStrings = 5, kSymbols = 6, kStringsSize = 10, kSoname = 14,
                        kRpath = 15, kBindNow = 24, kRunpath = 29, kFlags = 30, kGnuHash = 0x6ffffef5,
                        kFlags1 = 0x6ffffffb, kDefinitions = 0x6ffffffc, kDefinitionCount = 0x6ffffffd,
                        kNeeds = 0x6ffffffe, kNeedCount = 0x6fffffff, kVersions = 0x6ffffff0;
constexpr std::uint64_t kMaxSegments = 65535, kMaxDynamic = 1u << 20, kMaxStrings = 256u << 20, kMaxRecords = 65536,
                        kMaxSymbols = 4u << 20, kMaxPath = 4096, kMaxNotes = 1u << 20;

struct Segment {
  std::uint64_t type = 0, flags = 0, offset = 0, address = 0, file_size = 0, align = 0;
};

/// Reads one object. Tables are found through the program headers, as the loader finds them: section headers may be
/// stripped or lie.
class ObjectReader {
 public:
  ObjectReader(const FileBytes& file, const Abi& abi, SymbolNames which)
      : file_(file), order_(abi.little), wide_(abi.bits == 64), which_(which) {
    object_.abi = abi;
  }

  Result<std::optional<Object>> read() {
    SLIPWAY_ASSIGN(const bool runs, read_header());
    if (!runs) return std::optional<Object>();
    for (const Segment& segment : segments_)
      SLIPWAY_TRY(read_segment(segment));
    if (object_.dynamic) SLIPWAY_TRY(read_tables());
    if (which_ == SymbolNames::all && !object_.symbols) object_.symbols.emplace();
    return std::optional<Object>(std::move(object_));
  }

 private:
  std::size_t word() const { return wide_ ? 8 : 4; }
  std::uint64_t number(std::string_view bytes, std::size_t at, std::size_t size) const {
    return order_.number(bytes, at, size);
  }

  Result<bool> read_header() {
    SLIPWAY_ASSIGN(const std::string header, file_.piece(0, wide_ ? 64 : 52, "header"));
    const std::uint64_t type = number(header, 16, 2);
    if (type != kExecutable && type != kSharedObject) return false;
    object_.fixed = type == kExecutable;
    object_.abi.machine = static_cast<unsigned>(number(header, 18, 2));
    object_.abi.flags = static_cast<unsigned>(number(header, wide_ ? 48 : 36, 4));
    const std::uint64_t table = number(header, wide_ ? 32 : 28, word());
    const std::uint64_t size = number(header, wide_ ? 54 : 42, 2), count = number(header, wide_ ? 56 : 44, 2);
    if (count == 0 || count >= kMaxSegments) return file_.damaged(fmt::format("it has {} program headers", count));
    if (size < (wide_ ? 56u : 32u)) return file_.damaged(fmt::format("its program headers have {} bytes", size));
    SLIPWAY_ASSIGN(const std::string bytes, file_.piece(table, size * count, "program header table"));
    for (std::size_t i = 0; i < count; ++i)
      segments_.push_back(segment_at(bytes, i * size));
    return true;
  }

  Segment segment_at(const std::string& bytes, std::size_t at) const {
    Segment s;
    s.type = number(bytes, at, 4);
    s.flags = number(bytes, at + (wide_ ? 4 : 24), 4);
    s.offset = number(bytes, at + (wide_ ? 8 : 4), word());
    s.address = number(bytes, at + (wide_ ? 16 : 8), word());
    s.file_size = number(bytes, at + (wide_ ? 32 : 16), word());
    s.align = number(bytes, at + (wide_ ? 48 : 28), word());
    return s;
  }

  Status read_segment(const Segment& segment) {
    if (segment.type == kInterpreter) {
      if (segment.file_size > kMaxPath) return file_.damaged("the name of its interpreter is too long");
      SLIPWAY_ASSIGN(const std::string name, file_.piece(segment.offset, segment.file_size, "interpreter's name"));
      object_.interpreter = name.c_str();  // up to the first NUL
      if (!object_.interpreter.starts_with('/')) return file_.damaged("its interpreter is not an absolute path");
    } else if (segment.type == kStack) {
      object_.executable_stack = (segment.flags & 1) != 0;
    } else if (segment.type == kRelro) {
      object_.relro = true;
    } else if (segment.type == kNote && segment.file_size <= kMaxNotes) {
      SLIPWAY_ASSIGN(const std::string notes, file_.piece(segment.offset, segment.file_size, "notes"));
      read_notes(notes, order_, segment.align == 8 ? 8 : 4, object_);
    } else if (segment.type == kDynamic && !object_.dynamic) {
      return read_dynamic(segment);
    }
    return {};
  }

  Status read_dynamic(const Segment& segment) {
    object_.dynamic = true;
    if (segment.file_size > kMaxDynamic) return file_.damaged("its dynamic section is too large");
    SLIPWAY_ASSIGN(const std::string bytes, file_.piece(segment.offset, segment.file_size, "dynamic section"));
    for (std::size_t at = 0; at + 2 * word() <= bytes.size(); at += 2 * word()) {
      const std::uint64_t tag = number(bytes, at, word()), value = number(bytes, at + word(), word());
      if (tag == 0) break;
      if (tag == kNeeded) needed_.push_back(value);
      tags_[tag] = value;  // as in the loader, the last of equal ones counts
    }
    return {};
  }

  /// The file's offset of an address in memory, and how many bytes of its segment follow.
  std::optional<std::pair<std::uint64_t, std::uint64_t>> locate(std::uint64_t address) const {
    for (const Segment& s : segments_) {
      if (s.type != kLoad || address < s.address || address - s.address >= s.file_size) continue;
      const std::uint64_t inside = address - s.address;
      if (s.offset > file_.size() || inside >= file_.size() - s.offset) return std::nullopt;
      return std::pair(s.offset + inside, std::min(s.file_size - inside, file_.size() - s.offset - inside));
    }
    return std::nullopt;
  }

  Result<std::string> mapped(std::uint64_t address, std::uint64_t size, std::string_view what) const {
    const auto place = locate(address);
    if (!place || place->second < size)
      return file_.damaged(fmt::format("its {} lies outside of what is loaded", what));
    return file_.piece(place->first, size, what);
  }

  std::optional<std::uint64_t> tag(std::uint64_t which) const {
    const auto at = tags_.find(which);
    return at == tags_.end() ? std::nullopt : std::optional(at->second);
  }

  Result<std::string> text(std::uint64_t offset) const {
    if (offset >= strings_.size()) return file_.damaged("a name lies outside of its string table");
    const std::size_t end = strings_.find('\0', offset);
    if (end == std::string::npos) return file_.damaged("a name in its string table has no end");
    return strings_.substr(offset, end - offset);
  }

  Result<std::string> text_of(std::uint64_t which) const {
    const auto value = tag(which);
    if (!value) return std::string();
    return text(*value);
  }

  Status read_tables() {
    if (const auto address = tag(kStrings)) {
      const std::uint64_t size = tag(kStringsSize).value_or(0);
      if (size > kMaxStrings) return file_.damaged("its string table is too large");
      SLIPWAY_ASSIGN(strings_, mapped(*address, size, "string table"));
    }
    for (const std::uint64_t offset : needed_) {
      SLIPWAY_ASSIGN(std::string name, text(offset));
      object_.needed.push_back(std::move(name));
    }
    SLIPWAY_ASSIGN(object_.soname, text_of(kSoname));
    SLIPWAY_ASSIGN(object_.runpath, text_of(kRunpath));
    if (!tag(kRunpath)) {
      SLIPWAY_ASSIGN(object_.rpath, text_of(kRpath));
    }
    const std::uint64_t flags = tag(kFlags).value_or(0), flags_1 = tag(kFlags1).value_or(0);
    object_.no_default_folders = (flags_1 & 0x800) != 0;
    object_.bind_now = tag(kBindNow).has_value() || (flags & 8) != 0 || (flags_1 & 1) != 0;
    SLIPWAY_TRY(read_needs());
    SLIPWAY_TRY(read_definitions());
    SLIPWAY_TRY(read_imports());
    return which_ == SymbolNames::all ? read_symbols() : Status();
  }

  /// Returns the rest of the segment from `address` on, cut at `limit`.
  Result<std::string> rest_at(std::uint64_t address, std::uint64_t limit, std::string_view what) const {
    const auto place = locate(address);
    if (!place) return file_.damaged(fmt::format("its {} lies outside of what is loaded", what));
    return file_.up_to(place->first, std::min(place->second, limit));
  }

  /// DT_VERNEED: chains of relative offsets, each of which must go forward, so that no loop can be made of them.
  Status read_needs() {
    const auto address = tag(kNeeds);
    if (!address) return {};
    const std::uint64_t count = std::min(tag(kNeedCount).value_or(0), kMaxRecords);
    SLIPWAY_ASSIGN(const std::string table, rest_at(*address, kMaxRecords * 32, "table of needed versions"));
    std::size_t at = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
      if (at + 16 > table.size()) return file_.damaged("its table of needed versions has no end");
      SLIPWAY_ASSIGN(const std::string library, text(number(table, at + 4, 4)));
      SLIPWAY_TRY(read_needs_of(library, table, at + number(table, at + 8, 4), number(table, at + 2, 2)));
      const std::uint64_t next = number(table, at + 12, 4);
      if (next == 0) return {};
      at += next;
    }
    return {};
  }

  Status read_needs_of(const std::string& library, const std::string& table, std::size_t at, std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
      if (at + 16 > table.size()) return file_.damaged("its table of needed versions has no end");
      if (object_.version_needs.size() == kMaxRecords) return file_.damaged("it needs too many versions");
      SLIPWAY_ASSIGN(std::string version, text(number(table, at + 8, 4)));
      object_.version_needs.push_back({library, std::move(version), (number(table, at + 4, 2) & 2) != 0});
      const std::uint64_t next = number(table, at + 12, 4);
      if (next == 0) return {};
      at += next;
    }
    return {};
  }

  Status read_definitions() {
    const auto address = tag(kDefinitions);
    if (!address) return {};
    const std::uint64_t count = std::min(tag(kDefinitionCount).value_or(0), kMaxRecords);
    SLIPWAY_ASSIGN(const std::string table, rest_at(*address, kMaxRecords * 32, "table of versions"));
    std::size_t at = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
      if (at + 20 > table.size()) return file_.damaged("its table of versions has no end");
      const bool own_name = (number(table, at + 2, 2) & 1) != 0;
      const std::uint64_t name = at + number(table, at + 12, 4);
      if (name + 8 > table.size()) return file_.damaged("its table of versions has no end");
      if (!own_name) {
        SLIPWAY_ASSIGN(std::string version, text(number(table, name, 4)));
        object_.versions.push_back(std::move(version));
      }
      const std::uint64_t next = number(table, at + 16, 4);
      if (next == 0) return {};
      at += next;
    }
    return {};
  }

  /// Returns the number of entries that the symbol table can have: the file does not say. The old hash table counts
  /// them; linkers put undefined symbols before those that the new one has; else the next table ends them.
  Result<std::uint64_t> count_symbols(std::uint64_t table, std::uint64_t entry) const {
    if (const auto hash = tag(kHash)) {
      SLIPWAY_ASSIGN(const std::string head, mapped(*hash, 8, "hash table"));
      return number(head, 4, 4);
    }
    std::uint64_t end = 0;
    for (const std::uint64_t other : {kStrings, kVersions, kNeeds, kDefinitions, kGnuHash}) {
      const auto address = tag(other);
      if (address && *address > table && (end == 0 || *address < end)) end = *address;
    }
    const std::uint64_t room = end == 0 ? 0 : (end - table) / entry;
    if (const auto hash = tag(kGnuHash)) {
      SLIPWAY_ASSIGN(const std::string head, mapped(*hash, 16, "hash table"));
      const std::uint64_t first_hashed = number(head, 4, 4);
      if (first_hashed > 1) return end == 0 ? first_hashed : std::min(first_hashed, room);
    }
    return room;
  }

  Status read_imports() {
    const auto address = tag(kSymbols);
    if (!address) return {};
    const std::uint64_t entry = wide_ ? 24 : 16;
    SLIPWAY_ASSIGN(const std::uint64_t count, count_symbols(*address, entry));
    if (count == 0) return {};
    SLIPWAY_ASSIGN(const std::string table, rest_at(*address, std::min(count, kMaxSymbols) * entry, "symbol table"));
    for (std::size_t at = entry; at + entry <= table.size(); at += entry) {
      if (number(table, at + (wide_ ? 6 : 14), 2) != 0) continue;
      const std::uint64_t name = number(table, at, 4);
      if (name == 0 || name >= strings_.size()) continue;
      SLIPWAY_ASSIGN(std::string symbol, text(name));
      object_.imports.push_back(std::move(symbol));
    }
    return {};
  }

  /// Returns the number of symbols, with those that others may use, which come last: the old hash table counts them;
  /// the new one says where its longest chain ends.
  Result<std::uint64_t> count_all_symbols() const {
    if (const auto hash = tag(kHash)) {
      SLIPWAY_ASSIGN(const std::string head, mapped(*hash, 8, "hash table"));
      return number(head, 4, 4);
    }
    const auto hash = tag(kGnuHash);
    if (!hash) return 0;
    SLIPWAY_ASSIGN(const std::string head, mapped(*hash, 16, "hash table"));
    const std::uint64_t buckets = number(head, 0, 4), first = number(head, 4, 4), filters = number(head, 8, 4);
    if (buckets > kMaxSymbols || filters > kMaxSymbols) return file_.damaged("its hash table is too large");
    const std::uint64_t table = *hash + 16 + filters * word();
    SLIPWAY_ASSIGN(const std::string chains, mapped(table, buckets * 4, "hash table"));
    std::uint64_t last = 0;
    for (std::size_t i = 0; i < buckets; ++i)
      last = std::max(last, number(chains, i * 4, 4));
    if (last < first) return first;
    SLIPWAY_ASSIGN(const std::string rest,
                   rest_at(table + buckets * 4 + (last - first) * 4, kMaxSymbols * 4, "hash table"));
    for (std::size_t i = 0; (i + 1) * 4 <= rest.size(); ++i, ++last) {
      if ((number(rest, i * 4, 4) & 1) != 0) return last + 1;
    }
    return file_.damaged("its hash table has no end");
  }

  Status read_symbols() {
    Symbols& symbols = object_.symbols.emplace();
    const auto address = tag(kSymbols);
    if (!address) return {};
    const std::uint64_t entry = wide_ ? 24 : 16;
    SLIPWAY_ASSIGN(const std::uint64_t count, count_all_symbols());
    if (count == 0) return {};
    SLIPWAY_ASSIGN(const std::string table, rest_at(*address, std::min(count, kMaxSymbols) * entry, "symbol table"));
    for (std::size_t at = entry; at + entry <= table.size(); at += entry) {
      const std::uint64_t name = number(table, at, 4), binding = number(table, at + (wide_ ? 4 : 12), 1) >> 4;
      if (name == 0 || name >= strings_.size() || binding == 0) continue;
      const bool undefined = number(table, at + (wide_ ? 6 : 14), 2) == 0;
      if (undefined && binding == 2) continue;
      SLIPWAY_ASSIGN(std::string symbol, text(name));
      (undefined ? symbols.required : symbols.defined).push_back(std::move(symbol));
    }
    for (auto* names : {&symbols.defined, &symbols.required}) {
      std::sort(names->begin(), names->end());
      names->erase(std::unique(names->begin(), names->end()), names->end());
    }
    return {};
  }

  const FileBytes& file_;
  ByteOrder order_;
  bool wide_;
  SymbolNames which_;
  Object object_;
  std::vector<Segment> segments_;
  std::map<std::uint64_t, std::uint64_t> tags_;
  std::vector<std::uint64_t> needed_;
  std::string strings_;
};

Result<std::optional<Object>> read_from(const FileBytes& file, SymbolNames which) {
  SLIPWAY_ASSIGN(const std::string start, file.up_to(0, kIdentSize));
  const auto abi = read_ident(start);
  if (!abi) return std::optional<Object>();
  return ObjectReader(file, *abi, which).read();
}

}  // namespace

Result<std::optional<Object>> read_object(File& file, std::string_view name, SymbolNames which) {
  SLIPWAY_ASSIGN(const FileBytes bytes, bytes_of(file, name));
  return read_from(bytes, which);
}

Result<std::optional<Object>> read_object(std::string_view bytes, std::string_view name, SymbolNames which) {
  return read_from(bytes_of(bytes, name), which);
}

}  // namespace slipway::elf
