#include "layer/archive_entries.h"

#include <sys/stat.h>

#include "slipway/base/text.h"

namespace slipway::layer {
namespace {

constexpr std::int64_t kLastSecond = 253'402'300'799;  // 9999-12-31T23:59:59Z
constexpr std::int64_t kMaxId = 0xffff'ffff;
constexpr std::size_t kMaxXattrs = 256;
constexpr std::size_t kMaxXattr = 64u << 10;

tl::unexpected<Error> refuse(std::string_view path, std::string_view why) {
  return fail(Error(Errc::malformed, fmt::format("the archive's entry '{}' {}", printable(path, 4096), why))
                  .with_hint("no packing program makes such an entry by itself: find out where the archive is from"));
}

std::string_view text_or_empty(const char* text) {
  return text == nullptr ? std::string_view() : std::string_view(text);
}

std::string_view base_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

}  // namespace

Result<std::string> EntryGate::safe_path(std::string_view raw, std::string_view what) const {
  if (raw.empty()) return fail(Errc::malformed, "an archive's entry has {} that is empty or cannot be read", what);
  if (raw.size() > limits_.max_path) {
    return fail(Errc::too_large, "an archive's entry has {} of {} bytes; the limit is {}", what, raw.size(),
                limits_.max_path);
  }
  std::string out;
  for (const std::string& part : split(raw, '/')) {
    if (part.empty() || part == ".") continue;
    if (part == "..") return refuse(raw, "has '..' in a path and could leave the image");
    if (part.size() > 255) return refuse(raw, "has a component of more than 255 bytes");
    if (!out.empty()) out += '/';
    out += part;
  }
  return out;
}

Status EntryGate::fill_type(archive_entry* raw, Entry& entry) {
  if (api_.hardlink(raw) != nullptr) {
    entry.type = EntryType::hardlink;
    return {};
  }
  switch (api_.filetype(raw)) {
    case AE_IFREG:
      entry.type = EntryType::regular;
      return {};
    case AE_IFDIR:
      entry.type = EntryType::directory;
      return {};
    case AE_IFLNK:
      entry.type = EntryType::symlink;
      return {};
    case AE_IFIFO:
      entry.type = EntryType::fifo;
      return {};
    case AE_IFCHR:
      entry.type = EntryType::char_device;
      return {};
    case AE_IFBLK:
      entry.type = EntryType::block_device;
      return {};
    default:
      return refuse(entry.path, "is of a type that no layer has");
  }
}

Status EntryGate::fill_link(archive_entry* raw, Entry& entry) {
  if (entry.type == EntryType::symlink) {
    entry.link = text_or_empty(api_.symlink(raw));
    if (entry.link.empty()) return refuse(entry.path, "is a symlink to nowhere");
    if (entry.link.size() > limits_.max_path) return refuse(entry.path, "is a symlink with too long a text");
  }
  if (entry.type == EntryType::hardlink) {
    SLIPWAY_ASSIGN(entry.link, safe_path(text_or_empty(api_.hardlink(raw)), "a link target"));
    const auto target = seen_.find(entry.link);
    const bool sound = target != seen_.end() && target->second != EntryType::directory && entry.link != entry.path;
    if (!sound) return refuse(entry.path, "is a hard link to something that is no earlier file of the same archive");
  }
  return {};
}

Status EntryGate::fill_numbers(archive_entry* raw, Entry& entry) {
  const std::int64_t size = api_.size(raw), uid = api_.uid(raw), gid = api_.gid(raw);
  const std::int64_t mtime = static_cast<std::int64_t>(api_.mtime(raw));
  if (size < 0) return refuse(entry.path, "has a negative size");
  if (entry.type != EntryType::regular && size != 0) return refuse(entry.path, "has content though it is no file");
  if (uid < 0 || uid > kMaxId || gid < 0 || gid > kMaxId) return refuse(entry.path, "has an owner out of range");
  if (mtime > kLastSecond || mtime < -kLastSecond) return refuse(entry.path, "has a time out of range");
  if (api_.sparse_count(raw) > 0) return refuse(entry.path, "is a sparse file");
  entry.size = static_cast<std::uint64_t>(size);
  entry.uid = static_cast<std::uint64_t>(uid);
  entry.gid = static_cast<std::uint64_t>(gid);
  entry.mtime = mtime;
  entry.mode = static_cast<std::uint32_t>(api_.perm(raw)) & 07777;
  if (entry.type == EntryType::char_device || entry.type == EntryType::block_device) {
    entry.device_major = api_.rdevmajor(raw);
    entry.device_minor = api_.rdevminor(raw);
  }
  return {};
}

Status EntryGate::fill_xattrs(archive_entry* raw, Entry& entry) {
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  if (api_.xattr_reset(raw) == 0) return {};
  while (api_.xattr_next(raw, &name, &value, &size) == ARCHIVE_OK) {
    if (text_or_empty(name).empty()) return refuse(entry.path, "has an attribute without a name");
    if (size > kMaxXattr || entry.xattrs.size() == kMaxXattrs)
      return refuse(entry.path, "has too many or too large attributes");
    entry.xattrs[name] = std::string(static_cast<const char*>(value), size);
  }
  return {};
}

Status EntryGate::check_parents(const Entry& entry) const {
  for (std::size_t slash = entry.path.rfind('/'); slash != std::string::npos && slash > 0;
       slash = entry.path.rfind('/', slash - 1)) {
    const std::string parent = entry.path.substr(0, slash);
    if (base_name(parent).starts_with(".wh.")) return refuse(entry.path, "lies below a whiteout");
    const auto at = seen_.find(parent);
    if (at == seen_.end() || at->second == EntryType::directory) continue;
    return refuse(entry.path, "lies below a symlink or file of the same archive");
  }
  return {};
}

// image-spec layer.md "Whiteouts"; the content of a marker means nothing.
Status EntryGate::make_marker(Entry& entry, bool& skip) const {
  const std::string_view name = base_name(entry.path);
  if (!name.starts_with(".wh.")) return {};
  const std::string folder = entry.path.substr(0, entry.path.size() - name.size());
  const std::string hidden(name.substr(4));
  if (hidden == ".wh..opq") {
    entry.type = EntryType::opaque;
    entry.path = folder.empty() ? "" : folder.substr(0, folder.size() - 1);
  } else if (hidden.starts_with(".wh.")) {
    skip = true;
  } else if (hidden.empty() || hidden == "." || hidden == "..") {
    return refuse(entry.path, "is a whiteout of nothing");
  } else {
    entry.type = EntryType::whiteout;
    entry.path = folder + hidden;
  }
  entry.size = 0;
  entry.link.clear();
  return {};
}

Result<Entry> EntryGate::admit(archive_entry* raw, bool& skip) {
  if (++count_ > limits_.max_entries) {
    return fail(Errc::too_large, "the archive has more than {} entries", limits_.max_entries);
  }
  Entry entry;
  SLIPWAY_ASSIGN(entry.path, safe_path(text_or_empty(api_.pathname(raw)), "a path"));
  SLIPWAY_TRY(fill_type(raw, entry));
  if (entry.path.empty()) {
    if (entry.type != EntryType::directory) return refuse("/", "would replace the root folder");
    skip = true;
    return entry;
  }
  const std::string name = entry.path;
  SLIPWAY_TRY(check_parents(entry));
  SLIPWAY_TRY(fill_link(raw, entry));
  SLIPWAY_TRY(fill_numbers(raw, entry));
  SLIPWAY_TRY(fill_xattrs(raw, entry));
  SLIPWAY_TRY(make_marker(entry, skip));
  if (!skip && entry.type != EntryType::whiteout && entry.type != EntryType::opaque) seen_[name] = entry.type;
  return entry;
}

}  // namespace slipway::layer
