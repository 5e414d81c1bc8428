#include "layer/tar_header.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "slipway/base/text.h"

namespace slipway::layer {
namespace {

using Records = std::map<std::string, std::string>;

constexpr std::size_t kNameWidth = 100;
constexpr std::size_t kPrefixWidth = 155;
constexpr std::string_view kPaxName = "././@PaxHeader";

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

/// One 512-byte ustar header under construction.
class Block {
 public:
  Block() {
    bytes_.fill('\0');
    put(257, "ustar");
    put(263, "00");
  }
  void put(std::size_t at, std::string_view text) {
    std::copy(text.begin(), text.end(), bytes_.begin() + static_cast<std::ptrdiff_t>(at));
  }
  /// Octal digits and a final NUL; GNU's base-256 where they do not suffice, which every pax reader overrides anyway.
  void put_number(std::size_t at, std::size_t width, std::uint64_t value) {
    if (fits(width, value)) return put(at, fmt::format("{:0{}o}", value, width - 1));
    bytes_[at] = '\x80';
    for (std::size_t i = width - 1; i > 0 && value != 0; --i, value >>= 8)
      bytes_[at + i] = static_cast<char>(value & 0xff);
  }
  static bool fits(std::size_t width, std::uint64_t value) { return value >> (3 * (width - 1)) == 0; }
  std::string finish() {
    put(148, "        ");
    unsigned sum = 0;
    for (const char c : bytes_)
      sum += static_cast<unsigned char>(c);
    put(148, fmt::format("{:06o}", sum));
    bytes_[154] = '\0';
    return {bytes_.data(), bytes_.size()};
  }

 private:
  std::array<char, kTarBlock> bytes_;
};

char type_flag(EntryType type) {
  switch (type) {
    case EntryType::directory:
      return '5';
    case EntryType::symlink:
      return '2';
    case EntryType::hardlink:
      return '1';
    case EntryType::fifo:
      return '6';
    case EntryType::char_device:
      return '3';
    case EntryType::block_device:
      return '4';
    case EntryType::regular:
    case EntryType::whiteout:
    case EntryType::opaque:
      return '0';
  }
  return '0';
}

/// What stands in a ustar field when a pax record has the truth: printable ASCII, cut to the field.
std::string stand_in(std::string_view text, std::size_t width) {
  std::string out(text.substr(0, width));
  std::replace_if(
      out.begin(), out.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; }, '_');
  return out;
}

/// A name that is not UTF-8 is said to be plain bytes (POSIX pax "hdrcharset"), for both names of the entry.
void set_name(Records& records, const char* key, const std::string& name) {
  records[key] = name;
  if (!is_valid_utf8(name)) records["hdrcharset"] = "BINARY";
}

/// Puts a name into name and prefix, or, where it does not fit, into a pax record.
void put_name(Block& block, const std::string& name, Records& records) {
  if (is_ascii(name)) {
    if (name.size() <= kNameWidth) return block.put(0, name);
    // The leftmost slash that leaves at most 100 bytes behind it; never a folder's own final slash.
    const std::size_t slash = name.find('/', name.size() - kNameWidth - 1);
    if (slash != std::string::npos && slash != 0 && slash <= kPrefixWidth && slash + 1 < name.size()) {
      block.put(345, std::string_view(name).substr(0, slash));
      return block.put(0, std::string_view(name).substr(slash + 1));
    }
  }
  block.put(0, stand_in(name, kNameWidth));
  set_name(records, "path", name);
}

void put_link(Block& block, const std::string& link, Records& records) {
  if (is_ascii(link) && link.size() <= kNameWidth) return block.put(157, link);
  block.put(157, stand_in(link, kNameWidth));
  set_name(records, "linkpath", link);
}

void put_number(Block& block, std::size_t at, std::size_t width, std::uint64_t value, const char* key,
                Records& records) {
  block.put_number(at, width, value);
  if (!Block::fits(width, value)) records[key] = std::to_string(value);
}

/// "LENGTH KEY=VALUE\n", where LENGTH counts its own digits (POSIX pax "x" header).
std::string pax_record(const std::string& key, const std::string& value) {
  const std::size_t rest = key.size() + value.size() + 3;
  std::size_t length = rest + 1;
  while (length != rest + std::to_string(length).size())
    length = rest + std::to_string(length).size();
  return fmt::format("{} {}={}\n", length, key, value);
}

std::string pax_header(const Records& records) {
  std::string body;
  for (const auto& [key, value] : records)
    body += pax_record(key, value);
  Block block;
  block.put(0, kPaxName);
  block.put_number(100, 8, 0644);
  block.put_number(108, 8, 0);
  block.put_number(116, 8, 0);
  block.put_number(124, 12, body.size());
  block.put_number(136, 12, 0);
  block.put(156, "x");
  block.put_number(329, 8, 0);
  block.put_number(337, 8, 0);
  const std::size_t padding = (kTarBlock - body.size() % kTarBlock) % kTarBlock;
  return block.finish() + body + std::string(padding, '\0');
}

Status put_xattrs(const Entry& entry, Records& records) {
  for (const auto& [name, value] : entry.xattrs) {
    if (name.empty() || name.find_first_of(std::string_view("=\n\0", 3)) != std::string::npos) {
      return fail(Errc::invalid_argument, "cannot write the attribute '{}' of /{}: its name has '=', a line end or NUL",
                  printable(name, 100), printable(entry.path));
    }
    records["SCHILY.xattr." + name] = value;
  }
  return {};
}

}  // namespace

Result<std::string> tar_header(const Entry& entry) {
  Records records;
  Block block;
  put_name(block, tar_name(entry), records);
  block.put_number(100, 8, entry.mode & 07777);
  put_number(block, 108, 8, entry.uid, "uid", records);
  put_number(block, 116, 8, entry.gid, "gid", records);
  put_number(block, 124, 12, entry.type == EntryType::regular ? entry.size : 0, "size", records);
  if (entry.mtime < 0) {
    return fail(Errc::invalid_argument, "/{} has a time before 1970, which layers do not carry", printable(entry.path));
  }
  put_number(block, 136, 12, static_cast<std::uint64_t>(entry.mtime), "mtime", records);
  block.put(156, std::string(1, type_flag(entry.type)));
  if (entry.type == EntryType::symlink || entry.type == EntryType::hardlink) put_link(block, entry.link, records);
  block.put_number(329, 8, entry.device_major);
  block.put_number(337, 8, entry.device_minor);
  SLIPWAY_TRY(put_xattrs(entry, records));
  const std::string ustar = block.finish();
  return records.empty() ? ustar : pax_header(records) + ustar;
}

}  // namespace slipway::layer
