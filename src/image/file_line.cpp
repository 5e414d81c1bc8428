#include "image/file_line.h"

#include <array>
#include <charconv>

#include "slipway/base/text.h"

namespace slipway::image {
namespace {

using layer::EntryType;

// docs/FORMATS.md "File lists"
constexpr std::string_view kTypes = "dflhpcb";
constexpr std::array<EntryType, 7> kTypeOf{EntryType::directory,   EntryType::regular, EntryType::symlink,
                                           EntryType::hardlink,    EntryType::fifo,    EntryType::char_device,
                                           EntryType::block_device};
constexpr std::size_t kFields = 12;

char letter_of(EntryType type) {
  for (std::size_t i = 0; i < kTypeOf.size(); ++i) {
    if (kTypeOf[i] == type) return kTypes[i];
  }
  return '?';
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '\\':
        out += "\\\\";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\n':
        out += "\\n";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string unescaped(std::string_view text) {
  if (text.find('\\') == std::string_view::npos) return std::string(text);
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    const char next = text[++i];
    out += next == 't' ? '\t' : next == 'n' ? '\n' : next;
  }
  return out;
}

std::string xattr_text(const std::map<std::string, std::string>& xattrs) {
  std::string out;
  for (const auto& [name, value] : xattrs)
    out += fmt::format("{}{}={}", out.empty() ? "" : " ", base64_encode(name), base64_encode(value));
  return out;
}

template <class Number>
bool read_number(std::string_view text, int base, Number& out) {
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, out, base);
  return error == std::errc() && stop == end;
}

bool read_xattrs(std::string_view text, std::map<std::string, std::string>& out) {
  if (text.empty()) return true;
  for (const std::string& item : split(text, ' ')) {
    // Base64 pads with '=' too: the separator is the first that something else follows.
    std::size_t equals = item.find('=');
    while (equals != std::string::npos && equals % 4 != 0)
      ++equals;
    if (equals == std::string::npos || equals >= item.size() || item[equals] != '=') return false;
    const auto name = base64_decode(item.substr(0, equals));
    const auto value = base64_decode(item.substr(equals + 1));
    if (!name || !value) return false;
    out.emplace(*name, *value);
  }
  return true;
}

}  // namespace

std::string write_line(const ImageFile& file) {
  const layer::FileEntry& e = file.entry;
  return fmt::format("{}\t{}\t{:o}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\n", escaped(e.path), letter_of(e.type), e.mode,
                     e.uid, e.gid, e.mtime, e.size, file.layer, escaped(e.link), escaped(file.member),
                     fmt::format("{}:{}", e.device_major, e.device_minor), xattr_text(e.xattrs));
}

std::string path_of_line(std::string_view line) { return unescaped(line.substr(0, line.find('\t'))); }

Result<ImageFile> parse_line(std::string_view line) {
  const std::vector<std::string> fields = split(line, '\t');
  const auto broken = [] { return fail(Errc::malformed, "a line of a file list is damaged"); };
  if (fields.size() != kFields || fields[0].empty() || fields[1].size() != 1) return broken();
  const std::size_t type = kTypes.find(fields[1][0]);
  if (type == std::string_view::npos) return broken();
  ImageFile file;
  layer::FileEntry& e = file.entry;
  e.path = unescaped(fields[0]);
  e.type = kTypeOf[type];
  e.link = unescaped(fields[8]);
  file.member = unescaped(fields[9]);
  const std::size_t colon = fields[10].find(':');
  const std::string_view device(fields[10]);
  const bool sound = read_number(fields[2], 8, e.mode) && read_number(fields[3], 10, e.uid) &&
                     read_number(fields[4], 10, e.gid) && read_number(fields[5], 10, e.mtime) &&
                     read_number(fields[6], 10, e.size) && read_number(fields[7], 10, file.layer) &&
                     colon != std::string::npos && read_number(device.substr(0, colon), 10, e.device_major) &&
                     read_number(device.substr(colon + 1), 10, e.device_minor) && read_xattrs(fields[11], e.xattrs);
  if (!sound) return broken();
  return file;
}

}  // namespace slipway::image
