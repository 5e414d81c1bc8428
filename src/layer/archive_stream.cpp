#include "layer/archive_stream.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>

#include "slipway/base/text.h"

namespace slipway::layer {

ArchiveStream::ArchiveStream(const ArchiveApi& api, Input& input, std::string what)
    : api_(api),
      input_(input),
      what_(std::move(what)),
      archive_(api.read_new()),
      utf8_(newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {
  if (utf8_ != nullptr) before_ = uselocale(utf8_);
}

ArchiveStream::~ArchiveStream() {
  (void)api_.read_free(archive_);
  if (utf8_ == nullptr) return;
  uselocale(before_);
  freelocale(utf8_);
}

Status ArchiveStream::enable(Format format) {
  switch (format) {
    case Format::ar:
      return check(api_.read_support_format_ar(archive_), "open");
    case Format::zip:
      SLIPWAY_TRY(check(api_.read_support_format_zip(archive_), "open"));
      SLIPWAY_TRY(check(api_.read_set_options(archive_, "zip:hdrcharset=UTF-8"), "set up"));
      return check(api_.read_set_seek_callback(archive_, &ArchiveStream::go_to), "open");
    case Format::xz:
      SLIPWAY_TRY(check(api_.read_support_filter_xz(archive_), "open"));
      return check(api_.read_support_format_raw(archive_), "open");
    case Format::bzip2:
      SLIPWAY_TRY(check(api_.read_support_filter_bzip2(archive_), "open"));
      return check(api_.read_support_format_raw(archive_), "open");
  }
  return {};
}

Status ArchiveStream::open(Format format) {
  if (archive_ == nullptr) return fail(Errc::failed, "libarchive has no memory for a reader");
  SLIPWAY_TRY(enable(format));
  return check(api_.read_open(archive_, this, nullptr, &ArchiveStream::pull, nullptr), "open");
}

Result<archive_entry*> ArchiveStream::next() {
  archive_entry* entry = nullptr;
  const int code = api_.read_next_header(archive_, &entry);
  if (code == ARCHIVE_EOF) return nullptr;
  SLIPWAY_TRY(check(code, "read"));
  return entry;
}

namespace {

Result<tar::MemberType> type_of(const ArchiveApi& api, archive_entry* entry) {
  if (api.hardlink(entry) != nullptr) return tar::MemberType::hard_link;
  switch (api.filetype(entry)) {
    case AE_IFREG:
      return tar::MemberType::file;
    case AE_IFDIR:
      return tar::MemberType::folder;
    case AE_IFLNK:
      return tar::MemberType::symlink;
    case AE_IFIFO:
      return tar::MemberType::fifo;
    case AE_IFCHR:
      return tar::MemberType::char_device;
    case AE_IFBLK:
      return tar::MemberType::block_device;
    default:
      return fail(Errc::malformed, "an archive's entry is of a type that no layer has");
  }
}

std::string text_or_empty(const char* text) { return text == nullptr ? std::string() : std::string(text); }

}  // namespace

Result<tar::Member> ArchiveStream::member(archive_entry* entry) const {
  constexpr std::int64_t kMaxId = 0xffff'ffff;
  tar::Member member;
  member.path = text_or_empty(api_.pathname(entry));
  SLIPWAY_ASSIGN(member.type, type_of(api_, entry));
  const std::int64_t size = api_.size(entry), uid = api_.uid(entry), gid = api_.gid(entry);
  const bool sound = size >= 0 && (size == 0 || member.type == tar::MemberType::file) && uid >= 0 && uid <= kMaxId &&
                     gid >= 0 && gid <= kMaxId && api_.sparse_count(entry) == 0;
  if (!sound) {
    return fail(Errc::malformed, "the archive's entry \"{}\" has a size or an owner out of range",
                printable(member.path, 4096));
  }
  if (member.type == tar::MemberType::symlink) member.link = text_or_empty(api_.symlink(entry));
  if (member.type == tar::MemberType::hard_link) member.link = text_or_empty(api_.hardlink(entry));
  member.size = static_cast<std::uint64_t>(size);
  member.uid = static_cast<std::uint64_t>(uid);
  member.gid = static_cast<std::uint64_t>(gid);
  member.mtime = static_cast<std::int64_t>(api_.mtime(entry));
  member.mode = static_cast<std::uint32_t>(api_.perm(entry)) & 07777;
  return member;
}

Result<std::size_t> ArchiveStream::data(std::span<std::byte> buffer) {
  const la_ssize_t n = api_.read_data(archive_, buffer.data(), buffer.size());
  if (n < 0) SLIPWAY_TRY(check(static_cast<int>(n), "read"));
  return static_cast<std::size_t>(n);
}

la_ssize_t ArchiveStream::pull(archive* handle, void* self, const void** bytes) {
  auto& stream = *static_cast<ArchiveStream*>(self);
  auto more = stream.input_.next();
  if (!more) {
    stream.error_ = std::move(more).error();
    stream.api_.set_error(handle, EIO, "%s", "the source failed");
    return -1;
  }
  *bytes = more->data();
  stream.position_ += static_cast<std::int64_t>(more->size());
  return static_cast<la_ssize_t>(more->size());
}

la_int64_t ArchiveStream::go_to(archive*, void* self, la_int64_t offset, int whence) {
  auto& stream = *static_cast<ArchiveStream*>(self);
  const auto at = stream.input_.seek(whence == SEEK_CUR ? stream.position_ + offset : offset, whence == SEEK_END);
  if (!at) return ARCHIVE_FATAL;
  stream.position_ = static_cast<std::int64_t>(*at);
  return stream.position_;
}

Status ArchiveStream::check(int code, std::string_view doing) {
  if (error_) return fail(*std::move(error_));
  if (code == ARCHIVE_OK) return {};
  const char* why = api_.error_string(archive_);
  // A name that is not UTF-8: libarchive then gives its bytes as they are, which is what a layer takes.
  if (code == ARCHIVE_WARN && why != nullptr && std::string_view(why).find("can't be converted") != std::string::npos) {
    return {};
  }
  return fail(Errc::malformed, "cannot {} {}: {}", doing, what_,
              printable(why == nullptr ? "it is damaged" : why, 300));
}

Result<std::size_t> EntryContent::read(std::span<std::byte> buffer) {
  if (left_ == 0) return 0;
  const std::size_t want = static_cast<std::size_t>(std::min<std::uint64_t>(left_, buffer.size()));
  SLIPWAY_ASSIGN(const std::size_t n, stream_.data(buffer.first(want)));
  if (n == 0) return fail(Errc::malformed, "the archive's entry \"{}\" is cut short", printable(path_, 4096));
  left_ -= n;
  return n;
}

Status EntryContent::finish() {
  std::array<std::byte, 16u << 10> rest{};
  while (left_ > 0) {
    SLIPWAY_TRY(read(rest));
  }
  SLIPWAY_ASSIGN(const std::size_t more, stream_.data(rest));
  if (more == 0) return {};
  return fail(Errc::malformed, "the archive's entry \"{}\" is longer than it says", printable(path_, 4096));
}

}  // namespace slipway::layer
