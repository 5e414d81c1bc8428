#include "slipway/tar/member.h"

#include <algorithm>
#include <charconv>

#include "slipway/base/text.h"

namespace slipway::tar {
namespace {

constexpr std::uint64_t kMaxExtension = 1u << 20;  // libarchive's
constexpr std::uint64_t kMaxId = 0xffff'ffff;
constexpr std::string_view kAttribute = "SCHILY.xattr.";
constexpr std::string_view kPaxName = "././@PaxHeader";

tl::unexpected<Error> refuse(const Header& header, std::string_view why) {
  return fail(Errc::malformed, "the member \"{}\" {}", printable(header.path(), 300), why);
}

/// Decimal digits and nothing else.
std::optional<std::uint64_t> whole_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool sound = problem == std::errc() && end == text.data() + text.size() && value <= INT64_MAX;
  return sound ? std::optional(value) : std::nullopt;
}

/// "-12", "12.5", "12.": seconds, rounded down. A fraction below zero is rounded differently by readers.
std::optional<std::int64_t> seconds(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const std::size_t dot = std::min(text.find('.'), text.size());
  const auto whole = whole_number(text.substr(0, dot));
  const std::string_view fraction = text.substr(std::min(dot + 1, text.size()));
  const std::string_view allowed = negative ? "0" : "0123456789";
  if (!whole || fraction.find_first_not_of(allowed) != std::string_view::npos) return std::nullopt;
  const auto value = static_cast<std::int64_t>(*whole);
  return negative ? -value : value;
}

/// The extensions before a header, put together.
struct Extended {
  std::optional<std::string> long_name, long_link;
  Records records;

  const std::string* record(const std::string& key) const {
    const auto at = records.find(key);
    return at == records.end() ? nullptr : &at->second;
  }
};

Result<Extended> together(const std::vector<Extension>& extensions) {
  Extended all;
  for (const Extension& extension : extensions) {
    if (extension.type == 'g') continue;
    if (extension.type == 'x') {
      SLIPWAY_ASSIGN(all.records, decode_records(extension.body));
      continue;
    }
    std::string name = extension.body.substr(0, extension.body.find('\0'));
    if (name.empty()) return fail(Errc::malformed, "a long name is empty");
    (extension.type == 'L' ? all.long_name : all.long_link) = std::move(name);
  }
  if ((all.long_name && all.record("path") != nullptr) || (all.long_link && all.record("linkpath") != nullptr)) {
    return fail(Errc::malformed, "a member has a long name and a pax record for it, of which readers take either");
  }
  return all;
}

/// Reads one header and what was said before it into a member.
class Reading {
 public:
  Reading(const Header& header, const Extended& extended) : header_(header), extended_(extended) {}

  Result<Member> run(bool pax_archive) {
    SLIPWAY_TRY(names());
    SLIPWAY_TRY(type());
    SLIPWAY_TRY(size(pax_archive));
    SLIPWAY_TRY(numbers());
    SLIPWAY_TRY(attributes());
    return std::move(member_);
  }

 private:
  Status names() {
    member_.path = header_.path();
    member_.link = header_.link;
    if (extended_.long_name) member_.path = *extended_.long_name;
    if (extended_.long_link) member_.link = *extended_.long_link;
    if (const std::string* path = extended_.record("path")) member_.path = *path;
    if (const std::string* link = extended_.record("linkpath")) member_.link = *link;
    if (member_.path.empty()) return fail(Errc::malformed, "a member has an empty name");
    return {};
  }

  Status type() {
    switch (header_.type) {
      case '0':
      case '7':
        member_.type = MemberType::file;
        return member_.path.ends_with('/') ? refuse(header_, "is a file whose name ends in \"/\"") : Status();
      case '\0':  // old archives: the name says what it is
        member_.type = member_.path.ends_with('/') ? MemberType::folder : MemberType::file;
        return {};
      case '1':
      case '2':
      case '3':
      case '4':
      case '5':
      case '6':
        member_.type = static_cast<MemberType>(header_.type - '0');
        return {};
      case 'S':
        return refuse(header_, "is a sparse file");
      default:
        return refuse(header_, fmt::format("has the type \"{}\", which readers take differently",
                                           printable(std::string(1, header_.type))));
    }
  }

  /// Only files have content. All readers pass over the size that a header has for something else; libarchive reads
  /// on where a pax header says it.
  Status size(bool pax_archive) {
    std::uint64_t size = header_.size;
    const std::string* record = extended_.record("size");
    if (record != nullptr) {
      const auto said = whole_number(*record);
      if (!said) return refuse(header_, "has a pax record \"size\" that is not a number");
      const bool agrees = size == 0 || size == *said || !fits_octal(*said, 12);
      if (!agrees && member_.type == MemberType::file) {
        return refuse(header_, fmt::format("has {} bytes by its pax record and {} by its header", *said, size));
      }
      size = *said;
    }
    if (member_.type == MemberType::file) {
      member_.size = size;
      return {};
    }
    const bool obeyed = record != nullptr || header_.type == '\0' || (header_.type == '1' && pax_archive);
    return size != 0 && obeyed ? refuse(header_, "has content, but is not a file") : Status();
  }

  Status numbers() {
    member_.mode = header_.mode;
    member_.uid = header_.uid;
    member_.gid = header_.gid;
    member_.mtime = header_.mtime;
    member_.major = header_.major;
    member_.minor = header_.minor;
    SLIPWAY_TRY(owner("uid", member_.uid));
    SLIPWAY_TRY(owner("gid", member_.gid));
    for (const char* key : {"atime", "ctime", "mtime"}) {
      const std::string* record = extended_.record(key);
      if (record == nullptr) continue;
      const auto time = seconds(*record);
      if (!time) return refuse(header_, fmt::format("has a pax record \"{}\" that is not a time", key));
      if (key == std::string_view("mtime")) member_.mtime = *time;
    }
    return {};
  }

  Status owner(const std::string& key, std::uint64_t& id) {
    const std::string* record = extended_.record(key);
    if (record == nullptr) return {};
    const auto number = whole_number(*record);
    if (!number || *number > kMaxId) {
      return refuse(header_, fmt::format("has a pax record \"{}\" that is not a number, or out of range", key));
    }
    id = *number;
    return {};
  }

  Status attributes() {
    const bool device = member_.type == MemberType::char_device || member_.type == MemberType::block_device;
    for (const auto& [key, value] : extended_.records) {
      if (is_sparse(key)) return refuse(header_, "is a sparse file");
      const bool other_device = key.ends_with(".devmajor") || key.ends_with(".devminor");
      if (device && other_device) return refuse(header_, "has device numbers that only some readers know");
      if (key.starts_with(kAttribute)) member_.attributes[key.substr(kAttribute.size())] = value;
    }
    return {};
  }

  const Header& header_;
  const Extended& extended_;
  Member member_;
};

bool is_zero(std::string_view block) { return block.find_first_not_of('\0') == std::string_view::npos; }

bool is_extension(char type) { return type == 'x' || type == 'g' || type == 'L' || type == 'K'; }

}  // namespace

Result<std::string> MemberReader::take(std::uint64_t size) {
  std::string bytes(static_cast<std::size_t>(size), '\0');
  SLIPWAY_ASSIGN(const std::size_t n, fill_(bytes));
  bytes.resize(n);
  at_ += n;
  return bytes;
}

Result<std::optional<Member>> MemberReader::next() {
  extensions_.clear();
  while (true) {
    SLIPWAY_ASSIGN(std::string block, take(kBlock));
    if (is_zero(block)) {
      at_ -= block.size();
      if (extensions_.empty()) return std::nullopt;
      return fail(Errc::malformed, "the archive ends between a member's headers");
    }
    SLIPWAY_ASSIGN(const Header header, decode_header(block));
    if (!is_extension(header.type)) {
      SLIPWAY_ASSIGN(Member read, member(header, std::move(block)));
      return std::optional<Member>(std::move(read));
    }
    SLIPWAY_TRY(extend(header));
  }
}

Status MemberReader::extend(const Header& header) {
  if (header.size > kMaxExtension) return fail(Errc::malformed, "a member has a header of more than 1 MiB");
  SLIPWAY_ASSIGN(std::string body, take(header.size + padding(header.size)));
  if (body.size() < header.size) return fail(Errc::malformed, "the archive ends in a member's headers");
  body.resize(static_cast<std::size_t>(header.size));
  const bool second = std::any_of(extensions_.begin(), extensions_.end(),
                                  [](const Extension& extension) { return extension.type == 'x'; });
  if (header.type == 'x' && second) return fail(Errc::malformed, "a member has two pax headers");
  if (header.type == 'x' || header.type == 'g') pax_ = true;
  if (header.type == 'g') {
    if (std::any_of(extensions_.begin(), extensions_.end(), [](const Extension& e) { return e.type != 'g'; })) {
      return fail(Errc::malformed, "a global pax header stands between a member's headers");
    }
    SLIPWAY_ASSIGN(const Records records, decode_records(body));
    for (const auto& [key, value] : records) {
      if (decides_member(key)) {
        return fail(Errc::malformed, "a global pax record \"{}\" is taken by some readers only", printable(key, 100));
      }
    }
  }
  extensions_.push_back({header.type, std::move(body)});
  return {};
}

Result<Member> MemberReader::member(const Header& header, std::string block) {
  SLIPWAY_ASSIGN(const Extended extended, together(extensions_));
  SLIPWAY_ASSIGN(Member read, Reading(header, extended).run(pax_));
  read.block = std::move(block);
  read.extensions = std::move(extensions_);
  extensions_.clear();
  at_ += read.size + padding(read.size);
  return read;
}

namespace {

constexpr std::size_t kNameWidth = 100;
constexpr std::size_t kPrefixWidth = 155;

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

/// The text of a ustar field when a pax record has the truth: printable ASCII, cut to the field.
std::string stand_in(std::string_view text) {
  std::string out(text.substr(0, kNameWidth));
  std::replace_if(
      out.begin(), out.end(), [](char c) { return c < 0x20 || c == 0x7f; }, '_');
  return out;
}

/// A name that is not UTF-8 is said to be plain bytes (POSIX pax "hdrcharset"), for both names of the member.
void set_name(Records& records, const char* key, const std::string& name) {
  records[key] = name;
  if (!is_valid_utf8(name)) records["hdrcharset"] = "BINARY";
}

/// Puts a name into name and prefix, or, where it does not fit or has control characters, into a pax record.
void put_name(const std::string& name, Header& header, Records& records) {
  header.name = name;
  if (is_ascii(name) && !has_control_characters(name)) {
    if (name.size() <= kNameWidth) return;
    // The leftmost slash that leaves at most 100 bytes behind it; never a folder's own final slash.
    const std::size_t slash = name.find('/', name.size() - kNameWidth - 1);
    if (slash != std::string::npos && slash != 0 && slash <= kPrefixWidth && slash + 1 < name.size()) {
      header.prefix = name.substr(0, slash);
      header.name = name.substr(slash + 1);
      return;
    }
  }
  header.name = stand_in(name);
  set_name(records, "path", name);
}

void put_link(const std::string& link, Header& header, Records& records) {
  header.link = link;
  if (is_ascii(link) && link.size() <= kNameWidth) return;
  header.link = stand_in(link);
  set_name(records, "linkpath", link);
}

void put_number(std::uint64_t value, std::size_t width, const char* key, Records& records) {
  if (!fits_octal(value, width)) records[key] = std::to_string(value);
}

Status put_attributes(const Member& member, Records& records) {
  for (const auto& [name, value] : member.attributes) {
    if (name.empty() || name.find_first_of(std::string_view("=\n\0", 3)) != std::string::npos) {
      return fail(Errc::invalid_argument,
                  "cannot write the attribute \"{}\" of /{}: its name has \"=\", a line end or NUL",
                  printable(name, 100), printable(member.path));
    }
    records[std::string(kAttribute) + name] = value;
  }
  return {};
}

}  // namespace

Result<std::string> encode_member(const Member& member) {
  Records records;
  Header header;
  put_name(member.path, header, records);
  header.type = static_cast<char>('0' + static_cast<int>(member.type));
  header.mode = member.mode & 07777;
  header.uid = member.uid;
  header.gid = member.gid;
  header.size = member.size;
  header.mtime = member.mtime;
  header.major = member.major;
  header.minor = member.minor;
  put_number(member.uid, 8, "uid", records);
  put_number(member.gid, 8, "gid", records);
  put_number(member.size, 12, "size", records);
  if (member.mtime < 0) {
    return fail(Errc::invalid_argument, "/{} has a time before 1970, which layers do not carry",
                printable(member.path));
  }
  put_number(static_cast<std::uint64_t>(member.mtime), 12, "mtime", records);
  const bool linked = member.type == MemberType::symlink || member.type == MemberType::hard_link;
  if (linked) put_link(member.link, header, records);
  SLIPWAY_TRY(put_attributes(member, records));
  std::string block = encode_header(header);
  return records.empty() ? block : encode_pax_header(records) + block;
}

std::string encode_pax_header(const Records& records, const HeaderStyle& style) {
  const std::string body = encode_records(records);
  Header header;
  header.name = kPaxName;
  header.type = 'x';
  header.mode = 0644;
  header.size = body.size();
  return encode_header(header, style) + body + std::string(static_cast<std::size_t>(padding(body.size())), '\0');
}

}  // namespace slipway::tar
