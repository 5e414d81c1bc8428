#include "slipway/elf/loader_cache.h"

#include <algorithm>

#include "elf/byte_order.h"
#include "slipway/base/text.h"

namespace slipway::elf {
namespace {

constexpr std::string_view kMagic("glibc-ld.so.cache1.1");
constexpr std::size_t kHeader = 48, kEntry = 24;
constexpr unsigned kLibc6 = 3;
constexpr unsigned kRiscv = 243, kPower64 = 21, kS390 = 22, kX32 = 0x0800;

/// The word that marks an entry as one for this machine and calling convention: the loader passes all others over
/// without a word of its own.
std::optional<unsigned> required_word(const Abi& abi) {
  switch (abi.machine) {
    case kI386:
      return kLibc6;
    case kAmd64:
      return kLibc6 | (abi.bits == 64 ? 0x0300u : kX32);
    case kArm64:
      return kLibc6 | 0x0a00u;
    case kArm:
      return kLibc6 | ((abi.flags & 0x400) != 0 ? 0x0900u : 0x0b00u);
    case kRiscv:
      return kLibc6 | ((abi.flags & 6) == 4 ? 0x1000u : 0x0f00u);
    case kPower64:
      return kLibc6 | 0x0500u;
    case kS390:
      return abi.bits == 64 ? kLibc6 | 0x0400u : kLibc6;
    case kLoongArch:
      return kLibc6 | ((abi.flags & 7) == 3 ? 0x1200u : 0x1100u);
    default:
      return std::nullopt;
  }
}

bool is_decimal(char c) { return c >= '0' && c <= '9'; }

/// Writes numbers of the machine's byte order.
class Writer {
 public:
  explicit Writer(bool little) : little_(little) {}
  void number(std::uint64_t value, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i)
      bytes_ += static_cast<char>(value >> (8 * (little_ ? i : size - 1 - i)));
  }
  void text(std::string_view text) { bytes_ += text; }
  std::string take() { return std::move(bytes_); }

 private:
  bool little_;
  std::string bytes_;
};

}  // namespace

int compare_cached_names(const std::string& a, const std::string& b) {
  std::size_t i = 0, j = 0;
  while (i < a.size() && j < b.size()) {
    if (is_decimal(a[i]) != is_decimal(b[j])) return is_decimal(a[i]) ? 1 : -1;
    if (is_decimal(a[i])) {
      std::uint64_t one = 0, other = 0;
      for (; i < a.size() && is_decimal(a[i]); ++i)
        one = one * 10 + static_cast<std::uint64_t>(a[i] - '0');
      for (; j < b.size() && is_decimal(b[j]); ++j)
        other = other * 10 + static_cast<std::uint64_t>(b[j] - '0');
      if (one != other) return one < other ? -1 : 1;
    } else if (a[i] != b[j]) {
      return a[i] < b[j] ? -1 : 1;
    } else {
      ++i;
      ++j;
    }
  }
  // A digit is more than the end, as any character is.
  if (i < a.size()) return 1;
  return j < b.size() ? -1 : 0;
}

Result<std::string> loader_cache(std::vector<CachedLibrary> libraries) {
  struct Row {
    unsigned word;
    CachedLibrary library;
  };
  std::vector<Row> rows;
  for (CachedLibrary& library : libraries) {
    const auto word = required_word(library.abi);
    if (!word)
      return fail(Errc::unsupported, "no ld.so.cache is made for the machine of {}", printable(library.path, 4096));
    if (!rows.empty() && rows.front().library.abi.little != library.abi.little)
      return fail(Errc::conflict, "{} has another byte order than {}", printable(library.path, 4096),
                  printable(rows.front().library.path, 4096));
    rows.push_back({*word, std::move(library)});
  }
  std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) {
    const int order = compare_cached_names(b.library.name, a.library.name);
    return order != 0 ? order < 0 : a.word > b.word;
  });
  const bool little = rows.empty() || rows.front().library.abi.little;
  std::string strings;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> places;  // of name and path
  const std::uint64_t start = kHeader + kEntry * rows.size();
  for (const Row& row : rows) {
    const std::uint64_t name = start + strings.size(), path = name + row.library.name.size() + 1;
    strings.append(row.library.name).push_back('\0');
    strings.append(row.library.path).push_back('\0');
    places.emplace_back(name, path);
  }
  Writer out(little);
  out.text(kMagic);
  out.number(rows.size(), 4);
  out.number(strings.size(), 4);
  out.number(little ? 2 : 3, 1);
  out.text(std::string(kHeader - kMagic.size() - 9, '\0'));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    out.number(rows[i].word, 4);
    out.number(places[i].first, 4);
    out.number(places[i].second, 4);
    out.number(0, 4);  // any kernel
    out.number(0, 8);  // any processor
  }
  out.text(strings);
  return out.take();
}

}  // namespace slipway::elf
