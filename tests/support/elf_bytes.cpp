#include "support/elf_bytes.h"

#include <cstdint>

namespace slipway::test {
namespace {

constexpr std::uint64_t kBase = 0x10000;  ///< where the file's first byte is in memory

class Writer {
 public:
  explicit Writer(const ElfBytes& elf) : elf_(elf), wide_(elf.bits == 64) {}

  std::string write() {
    reserve_names();
    const std::size_t header = wide_ ? 64 : 52, entry = wide_ ? 56 : 32;
    std::string body;
    const auto place = [&](const std::string& part) {
      body.resize((body.size() + 7) / 8 * 8, '\0');
      const std::uint64_t at = header + entry * kSegments + body.size();
      body += part;
      return at;
    };
    const std::uint64_t interpreter = place(elf_.interpreter + '\0');
    const std::uint64_t symbols = place(symbol_table());
    const std::uint64_t needs = place(needs_table());
    const std::uint64_t definitions = place(definitions_table());
    const std::uint64_t strings = place(strings_);
    const std::uint64_t notes = place(elf_.notes);
    const std::string dynamic = dynamic_section(symbols, needs, definitions, strings);
    const std::uint64_t dynamic_at = place(dynamic);
    const std::uint64_t size = header + entry * kSegments + body.size();
    std::string out = file_header(header, entry);
    out += segment(1, 0, size);
    out += elf_.interpreter.empty() ? segment(0, 0, 0) : segment(3, interpreter, elf_.interpreter.size() + 1);
    out += segment(2, dynamic_at, dynamic.size());
    out += elf_.notes.empty() ? segment(0, 0, 0) : segment(4, notes, elf_.notes.size());
    return out + body;
  }

 private:
  static constexpr std::size_t kSegments = 4;

  std::string number(std::uint64_t value, std::size_t size) const {
    std::string out(size, '\0');
    for (std::size_t i = 0; i < size; ++i)
      out[elf_.little ? i : size - 1 - i] = static_cast<char>(value >> (8 * i) & 0xff);
    return out;
  }
  std::string word(std::uint64_t value) const { return number(value, wide_ ? 8 : 4); }

  std::uint64_t name(const std::string& text) {
    const std::size_t known = strings_.find('\0' + text + '\0');
    if (known != std::string::npos) return known + 1;
    strings_ += text + '\0';
    return strings_.size() - text.size() - 1;
  }

  void reserve_names() {
    for (const std::string& text : elf_.needed)
      name(text);
    for (const std::string* text : {&elf_.soname, &elf_.rpath, &elf_.runpath})
      name(*text);
  }

  std::string file_header(std::size_t header, std::size_t entry) const {
    std::string out("\177ELF", 4);
    out += std::string{static_cast<char>(wide_ ? 2 : 1), static_cast<char>(elf_.little ? 1 : 2), 1};
    out.resize(16, '\0');
    out += number(elf_.fixed ? 2 : 3, 2) + number(elf_.machine, 2) + number(1, 4) + word(0) + word(header) + word(0);
    out += number(elf_.flags, 4) + number(header, 2) + number(entry, 2) + number(kSegments, 2);
    return out + number(0, 2) + number(0, 2) + number(0, 2);
  }

  std::string segment(unsigned type, std::uint64_t at, std::uint64_t size) const {
    const std::string flags = number(4, 4), places = word(at) + word(kBase + at) + word(kBase + at);
    if (wide_) return number(type, 4) + flags + places + word(size) + word(size) + word(4);
    return number(type, 4) + places + word(size) + word(size) + flags + word(4);
  }

  std::string symbol_table() {
    std::string out(wide_ ? 24 : 16, '\0');
    for (const std::string& symbol : elf_.imports) {
      const std::string at = number(name(symbol), 4);
      out += wide_ ? at + std::string(20, '\0') : at + std::string(12, '\0');
    }
    return out;
  }

  std::string needs_table() {
    std::string out;
    for (std::size_t i = 0; i < elf_.version_needs.size(); ++i) {
      const auto& [library, version] = elf_.version_needs[i];
      const bool last = i + 1 == elf_.version_needs.size();
      out += number(1, 2) + number(1, 2) + number(name(library), 4) + number(16, 4) + number(last ? 0 : 32, 4);
      out += number(0, 4) + number(elf_.weak_needs ? 2 : 0, 2) + number(2, 2) + number(name(version), 4) + number(0, 4);
    }
    return out;
  }

  std::string definitions_table() {
    std::string out;
    for (std::size_t i = 0; i < elf_.versions.size(); ++i) {
      const bool last = i + 1 == elf_.versions.size();
      out += number(1, 2) + number(0, 2) + number(i + 2, 2) + number(1, 2) + number(0, 4) + number(20, 4);
      out += number(last ? 0 : 28, 4) + number(name(elf_.versions[i]), 4) + number(0, 4);
    }
    return out;
  }

  std::string dynamic_section(std::uint64_t symbols, std::uint64_t needs, std::uint64_t definitions,
                              std::uint64_t strings) {
    std::string out;
    const auto add = [&](std::uint64_t tag, std::uint64_t value) { out += word(tag) + word(value); };
    for (const std::string& library : elf_.needed)
      add(1, name(library));
    if (!elf_.soname.empty()) add(14, name(elf_.soname));
    if (!elf_.rpath.empty()) add(15, name(elf_.rpath));
    if (!elf_.runpath.empty()) add(29, name(elf_.runpath));
    add(5, kBase + strings);
    add(10, strings_.size());
    add(6, kBase + symbols);
    if (elf_.flags_1 != 0) add(0x6ffffffb, elf_.flags_1);
    if (!elf_.version_needs.empty()) {
      add(0x6ffffffe, kBase + needs);
      add(0x6fffffff, elf_.version_needs.size());
    }
    if (!elf_.versions.empty()) {
      add(0x6ffffffc, kBase + definitions);
      add(0x6ffffffd, elf_.versions.size());
    }
    add(0, 0);
    return out;
  }

  const ElfBytes& elf_;
  bool wide_;
  std::string strings_ = std::string(1, '\0');
};

}  // namespace

std::string ElfBytes::str() const { return Writer(*this).write(); }

std::string elf_note(const std::string& name, unsigned type, const std::string& content) {
  std::string out;
  for (const std::size_t value : {name.size() + 1, content.size(), std::size_t{type}}) {
    for (int shift = 0; shift < 32; shift += 8)
      out += static_cast<char>(value >> shift & 0xff);
  }
  for (const std::string& part : {name + '\0', content}) {
    out += part;
    out.resize((out.size() + 3) / 4 * 4, '\0');
  }
  return out;
}

}  // namespace slipway::test
