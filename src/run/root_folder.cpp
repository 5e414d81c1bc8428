#include "run/root_folder.h"

#include <sys/types.h>
#include <unistd.h>

#include <limits>

#include "slipway/base/text.h"

namespace slipway::run {

namespace {

using layer::EntryType;
using layer::FileEntry;

constexpr std::uint32_t kSetIdBits = 06000;

/// Attributes that say something to a program in the image. Others belong to the machine that packed it, or would
/// act on this one (trusted.overlay.*, security.selinux, security.ima).
bool is_kept_xattr(std::string_view name) {
  return name.starts_with("user.") || name == "security.capability" || name.starts_with("system.posix_acl_");
}

/// True if the file belongs to the entry's owner; only root can give files away, so for others nothing is tried.
template <class Chown>
bool give_to(const FileEntry& entry, bool keep_owner, Chown chown) {
  constexpr std::uint64_t kMost = std::numeric_limits<uid_t>::max() - 1;
  if (!keep_owner || entry.uid > kMost || entry.gid > kMost) return false;
  if (::geteuid() != 0) return entry.uid == ::geteuid() && entry.gid == ::getegid();
  return chown(static_cast<uid_t>(entry.uid), static_cast<gid_t>(entry.gid)).has_value();
}

/// Setuid bits give the rights of the owner the image means, never those of whoever unpacks it.
std::uint32_t mode_of(const FileEntry& entry, bool owner_kept) {
  return owner_kept ? entry.mode & 07777u : entry.mode & 07777u & ~kSetIdBits;
}

/// chown clears setuid bits and capabilities, so it comes first; nothing may touch the time after it is set.
Result<Kept> set_metadata_of(TreeNode& node, const FileEntry& entry, bool keep_owner) {
  Kept kept;
  kept.owner = give_to(entry, keep_owner, [&](uid_t uid, gid_t gid) { return node.set_owner(uid, gid); });
  for (const auto& [name, value] : entry.xattrs) {
    if (is_kept_xattr(name)) kept.xattrs = node.set_xattr(name, value).has_value() && kept.xattrs;
  }
  SLIPWAY_TRY(node.set_mode(mode_of(entry, kept.owner)));
  SLIPWAY_TRY(node.set_mtime(entry.mtime));
  return kept;
}

Status make_node(TreeFolder& parent, const std::string& name, const FileEntry& entry) {
  if (entry.type == EntryType::symlink) return parent.make_symlink(name, entry.link);
  if (entry.type == EntryType::fifo) return parent.make_fifo(name);
  return parent.make_device(name, entry.type == EntryType::block_device, static_cast<std::uint32_t>(entry.device_major),
                            static_cast<std::uint32_t>(entry.device_minor));
}

}  // namespace

Result<RootFolder> RootFolder::open(FileSystem& fs, const stdfs::path& path) {
  SLIPWAY_ASSIGN(auto root, fs.open_tree(path));
  return RootFolder(std::move(root));
}

Result<std::shared_ptr<TreeFolder>> RootFolder::parent_of(FolderTrail& trail, const std::string& path) {
  const std::string name = last_name(path);
  if (name.empty() || name == "." || name == "..")
    return fail(Errc::malformed, "cannot unpack \"{}\": it does not name a file", printable(path, 4096));
  return trail.open(folder_of(path));
}

Status RootFolder::make_directory(const std::string& path) {
  SLIPWAY_ASSIGN(const auto parent, parent_of(trail_, path));
  return parent->make_folder(last_name(path));
}

Result<Kept> RootFolder::write_file(const std::string& path, const FileEntry& entry, io::Source& content,
                                    bool keep_owner) {
  SLIPWAY_ASSIGN(const auto parent, parent_of(trail_, path));
  SLIPWAY_ASSIGN(const auto file, parent->create_file(last_name(path)));
  std::vector<std::byte> buffer(std::clamp<std::uint64_t>(entry.size, 1, io::kBlock));
  std::uint64_t written = 0;
  while (true) {
    SLIPWAY_ASSIGN(const std::size_t n, content.read(buffer));
    if (n == 0) break;
    SLIPWAY_TRY(file->write(std::span<const std::byte>(buffer).first(n)));
    written += n;
  }
  if (written != entry.size) {
    return fail(Errc::verification_failed, "/{} has {} bytes in its layer, but should have {}", printable(path, 4096),
                written, entry.size);
  }
  return set_metadata_of(*file, entry, keep_owner);
}

Status RootFolder::link(const std::string& existing, const std::string& path) {
  SLIPWAY_ASSIGN(const auto from, parent_of(sources_, existing));
  SLIPWAY_ASSIGN(const auto parent, parent_of(trail_, path));
  return parent->link(*from, last_name(existing), last_name(path));
}

Result<Kept> RootFolder::make_other(const std::string& path, const FileEntry& entry, bool keep_owner) {
  SLIPWAY_ASSIGN(const auto parent, parent_of(trail_, path));
  const std::string name = last_name(path);
  const bool is_device = entry.type == EntryType::char_device || entry.type == EntryType::block_device;
  Kept kept;
  if (Status made = make_node(*parent, name, entry); !made) {
    kept.made = false;
    if (is_device && made.error().code == Errc::forbidden) return kept;
    return fail(std::move(made).error());
  }
  kept.owner = give_to(entry, keep_owner, [&](uid_t uid, gid_t gid) { return parent->set_owner_of(name, uid, gid); });
  if (entry.type != EntryType::symlink) SLIPWAY_TRY(parent->set_mode_of(name, mode_of(entry, kept.owner)));
  SLIPWAY_TRY(parent->set_mtime_of(name, entry.mtime));
  return kept;
}

Result<Kept> RootFolder::set_metadata(const std::string& path, const FileEntry& entry, bool keep_owner) {
  SLIPWAY_ASSIGN(const auto parent, parent_of(trail_, path));
  SLIPWAY_ASSIGN(const auto folder, parent->open_folder(last_name(path)));
  return set_metadata_of(*folder, entry, keep_owner);
}

}  // namespace slipway::run
