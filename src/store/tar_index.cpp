#include "store/tar_index.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "slipway/base/text.h"
#include "slipway/io/filters.h"

namespace slipway::store {
namespace {

constexpr std::uint64_t kBlock = 512;
constexpr std::size_t kMaxMembers = 65'536;
constexpr std::size_t kMaxName = 4096;
constexpr std::uint64_t kMaxExtra = 1u << 20;  // of a pax header or a long name

std::uint64_t rounded(std::uint64_t size) { return (size + kBlock - 1) / kBlock * kBlock; }

/// One header block.
struct Header {
  std::array<char, kBlock> bytes{};

  std::string_view field(std::size_t at, std::size_t width) const {
    const std::string_view all(bytes.data() + at, width);
    return all.substr(0, all.find('\0'));
  }
  bool is_zero() const {
    return std::all_of(bytes.begin(), bytes.end(), [](char c) { return c == '\0'; });
  }
  char type() const { return bytes[156]; }

  /// Octal, or GNU's base-256; nullopt for anything else and for negative numbers.
  std::optional<std::uint64_t> number(std::size_t at, std::size_t width) const {
    const auto first = static_cast<unsigned char>(bytes[at]);
    if (first >= 0x80) {
      if (first != 0x80) return std::nullopt;
      std::uint64_t value = 0;
      for (std::size_t i = at + 1; i < at + width; ++i) {
        if (value >> 55 != 0) return std::nullopt;
        value = value << 8 | static_cast<unsigned char>(bytes[i]);
      }
      return value;
    }
    const std::string_view text = trim(field(at, width));
    std::uint64_t value = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value, 8);
    if (text.empty()) return 0;
    if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
  }

  bool sum_is_right() const {
    const auto said = number(148, 8);
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i)
      sum += i >= 148 && i < 156 ? std::uint64_t{' '} : static_cast<unsigned char>(bytes[i]);
    return said && *said == sum;
  }

  std::string name() const {
    const std::string_view prefix = field(257, 6) == "ustar" && bytes[263] == '0' ? field(345, 155) : "";
    return (prefix.empty() ? "" : std::string(prefix) + "/") + std::string(field(0, 100));
  }
};

/// A member's name without "./" and doubled slashes; nullopt where it leads out of the archive.
std::optional<std::string> clean_name(std::string_view name, std::string_view base = "") {
  if (name.size() > kMaxName || name.find('\0') != std::string_view::npos) return std::nullopt;
  if (!name.empty() && name.front() == '/') return std::nullopt;
  std::vector<std::string> parts;
  for (const std::string_view text : {base, name}) {
    for (const std::string& part : split(text, '/')) {
      if (part.empty() || part == ".") continue;
      if (part != "..") {
        parts.push_back(part);
        continue;
      }
      // Only a link has a base: its target may climb, but not out.
      if (base.empty() || parts.empty()) return std::nullopt;
      parts.pop_back();
    }
  }
  return fmt::format("{}", fmt::join(parts, "/"));
}

class TarScan {
 public:
  TarScan(const Extent& tar, const std::string& what) : tar_(tar), what_(what) {}

  Result<TarIndex> run() {
    while (true) {
      SLIPWAY_ASSIGN(const Header header, next_header());
      if (header.is_zero()) break;
      if (!header.sum_is_right()) return bad("a header's checksum is wrong");
      SLIPWAY_TRY(member(header));
    }
    follow_links();
    return std::move(files_);
  }

 private:
  tl::unexpected<Error> bad(std::string_view why) const {
    return fail(Error(Errc::malformed, fmt::format("{} is no sound tar archive: {} (at byte {})", what_, why, at_))
                    .with_hint("make it anew, or fetch it again"));
  }

  Result<Header> next_header() {
    Header header;
    SLIPWAY_TRY(read(at_, header.bytes.data(), kBlock));
    at_ += kBlock;
    return header;
  }

  Status read(std::uint64_t at, char* to, std::uint64_t size) {
    if (at > tar_.size || tar_.size - at < size) return bad("it ends early");
    std::uint64_t done = 0;
    while (done < size) {
      const auto buffer = std::as_writable_bytes(std::span(to + done, static_cast<std::size_t>(size - done)));
      SLIPWAY_ASSIGN(const std::size_t n, tar_.file->read_at(buffer, tar_.offset + at + done));
      if (n == 0) return bad("it ends early");
      done += n;
    }
    return {};
  }

  Status member(const Header& header) {
    if (++members_ > kMaxMembers) return fail(Errc::too_large, "{} has more than {} members", what_, kMaxMembers);
    auto size = header.number(124, 12);
    if (!size) return bad("a size is no number");
    const char type = header.type();
    const bool extra = type == 'x' || type == 'g' || type == 'L' || type == 'K';
    if (!extra && size_) size = std::exchange(size_, std::nullopt);
    const std::uint64_t start = at_;
    if (tar_.size - at_ < *size) return bad("it ends early");
    at_ += std::min(rounded(*size), tar_.size - at_);
    if (extra) return extension(type, start, *size);
    const std::string raw_name = name_.value_or(header.name());
    const std::string raw_link = link_.value_or(std::string(header.field(157, 100)));
    name_.reset();
    link_.reset();
    const auto name = clean_name(raw_name);
    if (!name) return bad(fmt::format("the name '{}' leads out of it", printable(raw_name, 150)));
    if (type == '5') return {};
    if (type == '1' || type == '2') return link(*name, raw_link, type == '2');
    if (type != '0' && type != '\0' && type != '7') return bad(fmt::format("'{}' is no file", printable(*name, 150)));
    const Extent extent{tar_.file, tar_.offset + start, *size};
    if (!files_.emplace(*name, extent).second) return bad(fmt::format("'{}' is there twice", printable(*name, 150)));
    return {};
  }

  Status link(const std::string& name, const std::string& target, bool symbolic) {
    const std::size_t slash = name.rfind('/');
    const std::string base = symbolic && slash != std::string::npos ? name.substr(0, slash) : "";
    const auto there = clean_name(target, base);
    if (!there) return bad(fmt::format("the link '{}' leads out of it", printable(name, 150)));
    links_.insert_or_assign(name, *there);
    return {};
  }

  void follow_links() {
    constexpr int kMaxHops = 8;
    for (const auto& [name, first] : links_) {
      std::string target = first;
      for (int hop = 0; hop < kMaxHops; ++hop) {
        const auto at = links_.find(target);
        if (at == links_.end()) break;
        target = at->second;
      }
      if (const auto at = files_.find(target); at != files_.end()) files_.emplace(name, at->second);
    }
  }

  /// A header that speaks of the next member.
  Status extension(char type, std::uint64_t start, std::uint64_t size) {
    if (size > kMaxExtra) return bad("a header for a long name is too long");
    std::string text(static_cast<std::size_t>(size), '\0');
    SLIPWAY_TRY(read(start, text.data(), size));
    if (type == 'g') return {};  // of all members: comments, which nothing here needs
    if (type == 'x') return pax(text);
    text.resize(std::min(text.size(), text.find('\0')));
    (type == 'L' ? name_ : link_) = std::move(text);
    return {};
  }

  Status pax(std::string_view text) {
    while (!text.empty()) {
      std::size_t length = 0;
      const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), length);
      const std::size_t digits = static_cast<std::size_t>(end - text.data());
      const bool sound = problem == std::errc() && length > digits + 1 && length <= text.size() &&
                         text[digits] == ' ' && text[length - 1] == '\n';
      if (!sound) return bad("a pax header is damaged");
      const std::string_view record = text.substr(digits + 1, length - digits - 2);
      text.remove_prefix(length);
      const std::size_t equals = record.find('=');
      if (equals == std::string_view::npos) return bad("a pax header is damaged");
      SLIPWAY_TRY(pax_record(record.substr(0, equals), record.substr(equals + 1)));
    }
    return {};
  }

  Status pax_record(std::string_view key, std::string_view value) {
    if (key.rfind("GNU.sparse", 0) == 0) return bad("it holds a sparse file");
    if (key == "path") name_ = std::string(value);
    if (key == "linkpath") link_ = std::string(value);
    if (key != "size") return {};
    std::uint64_t size = 0;
    const auto [end, problem] = std::from_chars(value.data(), value.data() + value.size(), size);
    if (problem != std::errc() || end != value.data() + value.size()) return bad("a size is no number");
    size_ = size;
    return {};
  }

  const Extent& tar_;
  const std::string& what_;
  std::uint64_t at_ = 0;
  std::size_t members_ = 0;
  std::optional<std::string> name_, link_;  // said by an extension for the next member
  std::optional<std::uint64_t> size_;
  TarIndex files_;
  std::map<std::string, std::string> links_;
};

constexpr std::size_t kNameWidth = 100;

std::string header_block(const std::string& name, std::uint64_t size, char type) {
  const bool folder = type == '5';
  std::string block(kBlock, '\0');
  const auto put = [&](std::size_t at, std::string_view text) { block.replace(at, text.size(), text); };
  put(0, std::string_view(name).substr(0, kNameWidth));
  put(100, folder ? "0000755" : "0000644");
  put(108, "0000000");
  put(116, "0000000");
  put(136, "00000000000");
  put(148, "        ");
  block[156] = type;
  constexpr std::uint64_t kOctal = 1ull << 33;
  if (size < kOctal) {
    put(124, fmt::format("{:011o}", size));
    put(257, std::string_view("ustar\00000", 8));
  } else {  // GNU's way to say it, under GNU's own magic
    block[124] = '\x80';
    for (std::size_t i = 135; size != 0; --i, size >>= 8)
      block[i] = static_cast<char>(size & 0xFF);
    put(257, "ustar  ");
  }
  unsigned sum = 0;
  for (const char c : block)
    sum += static_cast<unsigned char>(c);
  put(148, fmt::format("{:06o}", sum));
  block[154] = '\0';
  return block;
}

/// The pax record of a name; its length counts itself.
std::string pax_path(const std::string& name) {
  const std::string rest = " path=" + name + "\n";
  std::size_t length = rest.size() + 1;
  while (std::to_string(length).size() + rest.size() != length)
    ++length;
  return std::to_string(length) + rest;
}

}  // namespace

Result<TarIndex> index_tar(const Extent& tar, const std::string& what) { return TarScan(tar, what).run(); }

Status TarWriter::folders_of(const std::string& name) {
  for (std::size_t slash = name.find('/'); slash != std::string::npos; slash = name.find('/', slash + 1)) {
    const std::string folder = name.substr(0, slash + 1);
    if (folder_.rfind(folder, 0) == 0) continue;
    SLIPWAY_TRY(to_.write(io::as_bytes(header_block(folder, 0, '5'))));
    folder_ = folder;
  }
  return {};
}

Status TarWriter::file(const std::string& name, std::uint64_t size, io::Source& bytes) {
  SLIPWAY_TRY(folders_of(name));
  if (name.size() > kNameWidth) {
    const std::string record = pax_path(name);
    SLIPWAY_TRY(to_.write(io::as_bytes(header_block("././@PaxHeader", record.size(), 'x') + record)));
    SLIPWAY_TRY(pad(record.size()));
  }
  SLIPWAY_TRY(to_.write(io::as_bytes(header_block(name, size, '0'))));
  SLIPWAY_ASSIGN(const std::uint64_t written, io::copy(bytes, to_));
  if (written != size) return fail(Errc::verification_failed, "{} has {} bytes instead of {}", name, written, size);
  return pad(written);
}

Status TarWriter::pad(std::uint64_t written) {
  const std::string zeros(static_cast<std::size_t>(rounded(written) - written), '\0');
  return zeros.empty() ? Status() : to_.write(io::as_bytes(zeros));
}

Status TarWriter::end() { return to_.write(io::as_bytes(std::string(2 * kBlock, '\0'))); }

}  // namespace slipway::store
