#include "layer/tar_header.h"

#include "slipway/tar/member.h"

namespace slipway::layer {
namespace {

tar::MemberType member_type(EntryType type) {
  switch (type) {
    case EntryType::directory:
      return tar::MemberType::folder;
    case EntryType::symlink:
      return tar::MemberType::symlink;
    case EntryType::hardlink:
      return tar::MemberType::hard_link;
    case EntryType::fifo:
      return tar::MemberType::fifo;
    case EntryType::char_device:
      return tar::MemberType::char_device;
    case EntryType::block_device:
      return tar::MemberType::block_device;
    case EntryType::regular:
    case EntryType::whiteout:
    case EntryType::opaque:
      return tar::MemberType::file;
  }
  return tar::MemberType::file;
}

}  // namespace

Result<std::string> tar_header(const FileEntry& entry) {
  tar::Member member;
  member.path = tar_name(entry);
  member.type = member_type(entry.type);
  member.mode = entry.mode;
  member.uid = entry.uid;
  member.gid = entry.gid;
  member.size = entry.type == EntryType::regular ? entry.size : 0;
  member.mtime = entry.mtime;
  member.link = entry.link;
  member.major = static_cast<std::uint32_t>(entry.device_major);
  member.minor = static_cast<std::uint32_t>(entry.device_minor);
  member.attributes = entry.xattrs;
  return tar::encode_member(member);
}

}  // namespace slipway::layer
