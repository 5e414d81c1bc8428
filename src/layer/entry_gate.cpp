#include "layer/entry_gate.h"

#include <algorithm>

#include "slipway/base/text.h"

namespace slipway::layer {
namespace {

constexpr std::int64_t kLastSecond = 253'402'300'799;  // 9999-12-31T23:59:59Z
constexpr std::size_t kMaxXattrs = 256;
constexpr std::size_t kMaxXattr = 64u << 10;
constexpr std::size_t kMaxComponent = 255;
constexpr std::string_view kWhiteout = ".wh.";

tl::unexpected<Error> refuse(std::string_view path, std::string_view why) {
  return fail(Error(Errc::malformed, fmt::format("the archive's entry \"{}\" {}", printable(path, 4096), why))
                  .with_hint("check where the archive comes from, or pack it again"));
}

std::string_view base_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

EntryType entry_type(tar::MemberType type) {
  switch (type) {
    case tar::MemberType::file:
      return EntryType::regular;
    case tar::MemberType::hard_link:
      return EntryType::hardlink;
    case tar::MemberType::symlink:
      return EntryType::symlink;
    case tar::MemberType::char_device:
      return EntryType::char_device;
    case tar::MemberType::block_device:
      return EntryType::block_device;
    case tar::MemberType::folder:
      return EntryType::directory;
    case tar::MemberType::fifo:
      return EntryType::fifo;
  }
  return EntryType::regular;
}

bool lies_below_a_whiteout(std::string_view path) {
  for (std::string_view parent = parent_of(path); !parent.empty(); parent = parent_of(parent)) {
    if (base_name(parent).starts_with(kWhiteout)) return true;
  }
  return false;
}

/// image-spec layer.md "Whiteouts": a name says that something goes, whatever the type and the content of its entry.
Status make_marker(FileEntry& entry, bool& skip) {
  const std::string_view name = base_name(entry.path);
  if (!name.starts_with(kWhiteout)) return {};
  const std::string folder(parent_of(entry.path));
  const std::string hidden(name.substr(kWhiteout.size()));
  if (hidden == ".wh..opq") {
    entry.type = EntryType::opaque;
    entry.path = folder;
  } else if (hidden.starts_with(kWhiteout)) {
    skip = true;
  } else if (hidden.empty() || hidden == "." || hidden == "..") {
    return refuse(entry.path, "is a whiteout of nothing");
  } else {
    entry.type = EntryType::whiteout;
    entry.path = joined(folder, hidden);
  }
  entry.size = 0;
  entry.link.clear();
  return {};
}

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
    if (part == "..") {
      const bool stays = limits_.inner_dots && !out.empty();
      if (!limits_.within_root && !stays) return refuse(raw, "has \"..\" in a path and could leave the image");
      out = std::string(parent_of(out));
      continue;
    }
    if (part.size() > kMaxComponent) return refuse(raw, "has a component of more than 255 bytes");
    if (!out.empty()) out += '/';
    out += part;
  }
  return out;
}

Status EntryGate::check_numbers(const tar::Member& member) const {
  if (member.mtime > kLastSecond || member.mtime < -kLastSecond) return refuse(member.path, "has a time out of range");
  const bool large = std::any_of(member.attributes.begin(), member.attributes.end(),
                                 [](const auto& attribute) { return attribute.second.size() > kMaxXattr; });
  if (large || member.attributes.size() > kMaxXattrs)
    return refuse(member.path, "has too many or too large attributes");
  if (member.attributes.contains("")) return refuse(member.path, "has an attribute without a name");
  return {};
}

Result<FileEntry> EntryGate::admit(const tar::Member& member, bool& skip) {
  if (++count_ > limits_.max_entries) {
    return fail(Errc::too_large, "the archive has more than {} entries", limits_.max_entries);
  }
  FileEntry entry;
  SLIPWAY_ASSIGN(entry.path, safe_path(member.path, "a path"));
  entry.type = entry_type(member.type);
  entry.size = member.size;
  if (entry.path.empty()) {
    if (entry.type != EntryType::directory && !limits_.within_root) return refuse("/", "would replace the root folder");
    skip = true;
    return entry;
  }
  if (lies_below_a_whiteout(entry.path)) return refuse(entry.path, "lies below a whiteout");
  SLIPWAY_TRY(make_marker(entry, skip));
  if (skip || entry.type == EntryType::whiteout || entry.type == EntryType::opaque) return entry;
  SLIPWAY_TRY(check_numbers(member));
  if (entry.type == EntryType::symlink) {
    if (member.link.empty()) return refuse(entry.path, "is a symlink to nowhere");
    if (member.link.size() > limits_.max_path) return refuse(entry.path, "is a symlink with too long a text");
    entry.link = member.link;
  }
  if (entry.type == EntryType::hardlink) {
    SLIPWAY_ASSIGN(entry.link, safe_path(member.link, "a link target"));
    if (entry.link.empty()) return refuse(entry.path, "is a hard link to the root folder");
  }
  entry.uid = member.uid;
  entry.gid = member.gid;
  entry.mtime = member.mtime;
  entry.mode = member.mode;
  if (entry.type == EntryType::char_device || entry.type == EntryType::block_device) {
    entry.device_major = member.major;
    entry.device_minor = member.minor;
  }
  entry.xattrs = member.attributes;
  return entry;
}

}  // namespace slipway::layer
