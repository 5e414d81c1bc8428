#include "slipway/tar/header.h"

#include <algorithm>

namespace slipway::tar {
namespace {

using namespace std::string_view_literals;

struct Field {
  std::size_t at, width;
};
constexpr Field kName{0, 100}, kMode{100, 8}, kUid{108, 8}, kGid{116, 8}, kSize{124, 12}, kMtime{136, 12},
    kChecksum{148, 8}, kType{156, 1}, kLink{157, 100}, kMagic{257, 8}, kMajor{329, 8}, kMinor{337, 8},
    kPrefix{345, 155}, kGnuAtime{345, 12}, kGnuCtime{357, 12}, kStarPrefix{345, 131}, kStarTrailer{508, 4};

constexpr std::int64_t kMaxId = 0xffff'ffff;
constexpr std::int64_t kMaxDevice = 0x7fff'ffff;  // GNU tar's; the others take more

std::string_view field(std::string_view block, Field where) { return block.substr(where.at, where.width); }

std::string_view text(std::string_view block, Field where) {
  const std::string_view all = field(block, where);
  return all.substr(0, all.find('\0'));
}

bool is_only(std::string_view text, std::string_view characters) {
  return text.find_first_not_of(characters) == std::string_view::npos;
}

bool is_octal(char c) { return c >= '0' && c <= '7'; }

/// Two's complement in big-endian bytes; the first bit of the first byte says that it is one, not its sign. GNU tar
/// takes no other first bytes than these two.
std::optional<std::int64_t> base256(std::string_view bytes) {
  const bool negative = bytes[0] == '\xff';
  if (!negative && bytes[0] != '\x80') return std::nullopt;
  std::int64_t value = negative ? -1 : 0;
  for (const char c : bytes.substr(1)) {
    constexpr std::int64_t kMax = INT64_MAX >> 8, kMin = INT64_MIN >> 8;
    if (value > kMax || value < kMin) return std::nullopt;
    value = value * 256 + static_cast<unsigned char>(c);
  }
  return value;
}

/// A field without digits is zero. GNU tar passes over one leading NUL, and refuses blanks up to the end of a field.
std::optional<std::int64_t> zero(std::string_view bytes) {
  const std::string_view rest = bytes.substr(bytes[0] == '\0' ? 1 : 0);
  const bool agreed = is_only(bytes, " \0"sv) && !is_only(rest, " ");
  return agreed ? std::optional<std::int64_t>(0) : std::nullopt;
}

std::uint64_t sum_of(std::string_view block, bool of_signed_bytes) {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < block.size(); ++i) {
    const bool own = i >= kChecksum.at && i < kChecksum.at + kChecksum.width;
    const char c = own ? ' ' : block[i];
    sum += of_signed_bytes ? static_cast<signed char>(c) : static_cast<unsigned char>(c);
  }
  return static_cast<std::uint64_t>(sum);
}

bool has_checksum(std::string_view block) {
  const std::string_view bytes = field(block, kChecksum);
  // libarchive takes nothing but these characters here, and no NUL before the digits counts as one.
  const bool clean =
      std::all_of(bytes.begin(), bytes.end(), [](char c) { return is_octal(c) || c == ' ' || c == '\0'; });
  const auto sum = decode_number(bytes);
  if (!clean || !sum) return false;
  const auto said = static_cast<std::uint64_t>(*sum);
  return said == sum_of(block, false) || said == sum_of(block, true);
}

Dialect dialect_of(std::string_view magic) {
  if (magic == "ustar  \0"sv) return Dialect::gnu;
  return magic.starts_with("ustar\0"sv) ? Dialect::ustar : Dialect::v7;
}

tl::unexpected<Error> refuse(std::string_view why) { return fail(Errc::malformed, "a header has {}", why); }

/// Whether a name has a prefix depends on the magic, and readers know several.
Status decode_prefix(std::string_view block, Header& header) {
  const std::string_view prefix = text(block, kPrefix);
  if (header.dialect == Dialect::ustar) {
    const bool star = field(block, kStarTrailer) == "tar\0"sv;
    if (star && prefix.size() >= kStarPrefix.width) return refuse("a prefix that readers take differently");
    header.prefix = prefix;
    return {};
  }
  if (prefix.empty()) return {};
  const bool like_ustar = header.dialect == Dialect::v7 && field(block, kMagic).starts_with("ustar");
  const bool no_times = header.dialect == Dialect::gnu &&
                        !(decode_number(field(block, kGnuAtime)) && decode_number(field(block, kGnuCtime)));
  if (like_ustar || no_times) return refuse("a prefix that readers take differently");
  return {};
}

/// Numbers that nobody reads must still be such that no reader stops at them.
bool is_harmless(std::string_view bytes) { return is_only(bytes, " \0"sv) || decode_number(bytes).has_value(); }

bool is_extension(char type) { return type == 'x' || type == 'g' || type == 'L' || type == 'K'; }

Status decode_devices(std::string_view block, Header& header) {
  if (header.dialect == Dialect::v7) return {};
  if (header.type != '3' && header.type != '4') {
    if (is_harmless(field(block, kMajor)) && is_harmless(field(block, kMinor))) return {};
    return refuse("a device number that is not a number");
  }
  const auto major = decode_number(field(block, kMajor)), minor = decode_number(field(block, kMinor));
  const auto is_sound = [](const auto& number) { return number && *number >= 0 && *number <= kMaxDevice; };
  if (!is_sound(major) || !is_sound(minor)) return refuse("a device number that is not a number");
  header.major = static_cast<std::uint32_t>(*major);
  header.minor = static_cast<std::uint32_t>(*minor);
  return {};
}

Status decode_owner(std::string_view block, Header& header) {
  const auto uid = decode_number(field(block, kUid)), gid = decode_number(field(block, kGid));
  const auto is_sound = [](const auto& number) { return number && *number >= 0 && *number <= kMaxId; };
  if (!is_sound(uid) || !is_sound(gid)) return refuse("an owner that is not a number, or out of range");
  header.uid = static_cast<std::uint64_t>(*uid);
  header.gid = static_cast<std::uint64_t>(*gid);
  return {};
}

Status decode_numbers(std::string_view block, Header& header) {
  const auto size = decode_number(field(block, kSize));
  if (!size || *size < 0) return refuse("a size that is not a number");
  header.size = static_cast<std::uint64_t>(*size);
  if (is_extension(header.type)) {
    const bool harmless = is_harmless(field(block, kMode)) && is_harmless(field(block, kUid)) &&
                          is_harmless(field(block, kGid)) && is_harmless(field(block, kMtime));
    return harmless ? Status() : refuse("a field that is not a number");
  }
  const auto mode = decode_number(field(block, kMode)), mtime = decode_number(field(block, kMtime));
  if (!mode) return refuse("a mode that is not a number");
  if (!mtime) return refuse("a time that is not a number");
  header.mode = static_cast<std::uint32_t>(*mode & 07777);
  header.mtime = *mtime;
  return decode_owner(block, header);
}

/// One block under construction.
class Block {
 public:
  void put(Field where, std::string_view text) {
    text = text.substr(0, where.width);
    bytes_.replace(where.at, text.size(), text);
  }
  void put_number(Field where, std::uint64_t value) {
    if (fits_octal(value, where.width)) return put(where, fmt::format("{:0{}o}", value, where.width - 1));
    bytes_[where.at] = '\x80';
    for (std::size_t i = where.width - 1; i > 0 && value != 0; --i, value >>= 8)
      bytes_[where.at + i] = static_cast<char>(value & 0xff);
  }
  std::string finish() {
    put(kChecksum, fmt::format("{:06o}\0 "sv, sum_of(bytes_, false)));
    return std::move(bytes_);
  }

 private:
  std::string bytes_ = std::string(kBlock, '\0');
};

}  // namespace

std::string Header::path() const { return prefix.empty() ? name : fmt::format("{}/{}", prefix, name); }

std::optional<std::int64_t> decode_number(std::string_view field) {
  if (field.empty()) return std::nullopt;
  if ((static_cast<unsigned char>(field[0]) & 0x80) != 0) return base256(field);
  const std::size_t begin = field.find_first_not_of(' ');
  if (begin == std::string_view::npos || field[begin] == '\0') return zero(field);
  std::string_view rest = field.substr(begin);
  std::uint64_t value = 0;
  std::size_t digits = 0;
  for (; digits < rest.size() && is_octal(rest[digits]); ++digits) {
    if (value >> 60 != 0) return std::nullopt;
    value = value << 3 | static_cast<std::uint64_t>(rest[digits] - '0');
  }
  rest.remove_prefix(digits);
  if (digits == 0 || !is_only(rest, " \0"sv)) return std::nullopt;
  return static_cast<std::int64_t>(value);
}

Result<Header> decode_header(std::string_view block) {
  if (block.size() != kBlock) return fail(Errc::malformed, "a header is cut short");
  if (!has_checksum(block)) return fail(Errc::malformed, "a header's checksum is wrong");
  Header header;
  header.type = block[kType.at];
  header.dialect = dialect_of(field(block, kMagic));
  header.name = text(block, kName);
  header.link = text(block, kLink);
  SLIPWAY_TRY(decode_numbers(block, header));
  SLIPWAY_TRY(decode_devices(block, header));
  SLIPWAY_TRY(decode_prefix(block, header));
  return header;
}

std::string encode_header(const Header& header, const HeaderStyle& style) {
  Block block;
  block.put(kName, header.name);
  block.put_number(kMode, header.mode);
  block.put_number(kUid, header.uid);
  block.put_number(kGid, header.gid);
  block.put_number(kSize, header.size);
  block.put_number(kMtime, static_cast<std::uint64_t>(header.mtime));
  block.put(kType, std::string_view(&header.type, 1));
  block.put(kLink, header.link);
  const bool gnu = style.gnu_sizes && !fits_octal(header.size, kSize.width);
  block.put(kMagic, gnu ? "ustar  \0"sv : "ustar\00000"sv);
  if (style.devices) {
    block.put_number(kMajor, header.major);
    block.put_number(kMinor, header.minor);
  }
  block.put(kPrefix, header.prefix);
  return block.finish();
}

}  // namespace slipway::tar
