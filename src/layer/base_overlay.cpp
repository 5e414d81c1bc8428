#include "layer/base_overlay.h"

#include "slipway/base/text.h"
#include "slipway/layer/path_walk.h"

namespace slipway::layer {
namespace {

Error other_type(const std::string& path, std::string_view ours, std::string_view theirs) {
  return Error(Errc::invalid_argument,
               fmt::format("/{} would be a {}, but the base has a {} there", printable(path, 4096), ours, theirs))
      .with_hint("give another path, remove it from the base in a layer below, or say replace: true");
}

std::string_view name_of(EntryType type) {
  switch (type) {
    case EntryType::directory:
      return "folder";
    case EntryType::symlink:
      return "symlink";
    default:
      return "file";
  }
}

}  // namespace

Status BaseOverlay::fit(FileEntry& entry, bool replace, const DeclaredMetadata& declared) {
  const std::string_view parent = parent_of(entry.path);
  const std::string name = entry.path.substr(parent.empty() ? 0 : parent.size() + 1);
  SLIPWAY_ASSIGN(const std::string folder, real_folder(std::string(parent), replace));
  entry.path = joined(folder, name);
  if (entry.type == EntryType::whiteout || entry.type == EntryType::opaque) {
    if (!entry.path.empty() && !base_.find(entry.path)) {
      return fail(Error(Errc::invalid_argument,
                        fmt::format("/{} cannot be removed: the base does not have it", printable(entry.path, 4096)))
                      .with_hint("see what it has with: slipway files REF"));
    }
    if (entry.type == EntryType::whiteout) forget(entry.path);
    return {};
  }
  const auto there = find(entry.path);
  if (!there) return {};
  if (entry.type != EntryType::directory) {
    if (!replace) SLIPWAY_TRY(fit_file(entry, *there));
    if (there->type == EntryType::symlink && entry.type != EntryType::symlink) forget(entry.path);
    return {};
  }
  SLIPWAY_TRY(fit_folder(entry, *there, replace));
  const auto kept = find(entry.path);
  if (!kept || kept->type != EntryType::directory) return {};
  if (!declared.mode) entry.mode = kept->mode;
  if (!declared.uid) entry.uid = kept->uid;
  if (!declared.gid) entry.gid = kept->gid;
  entry.xattrs = kept->xattrs;
  return {};
}

/// A file may take a file's place, but not that of a folder, nor of a symlink that leads to one: a symlink may, as
/// packages bring those of the base once more.
Status BaseOverlay::fit_file(const FileEntry& entry, const FileEntry& there) {
  if (there.type == EntryType::directory) return fail(other_type(entry.path, name_of(entry.type), "folder"));
  if (there.type != EntryType::symlink || entry.type == EntryType::symlink) return {};
  const auto real = real_folder(entry.path, true);
  if (!real) return {};
  const auto target = find(*real);
  if (!target || target->type != EntryType::directory) return {};
  return fail(other_type(entry.path, name_of(entry.type), "symlink to a folder"));
}

Status BaseOverlay::fit_folder(FileEntry& entry, const FileEntry& there, bool replace) {
  if (there.type == EntryType::directory) return {};
  if (replace) {
    forget(entry.path);
    return {};
  }
  if (there.type != EntryType::symlink) return fail(other_type(entry.path, "folder", name_of(there.type)));
  SLIPWAY_ASSIGN(entry.path, real_folder(entry.path, replace));
  return {};
}

std::optional<FileEntry> BaseOverlay::find(const std::string& path) const {
  if (!gone_.empty()) {
    for (std::string_view at = path; !at.empty(); at = parent_of(at)) {
      if (gone_.contains(at)) return std::nullopt;
    }
  }
  return base_.find(path);
}

void BaseOverlay::forget(const std::string& path) {
  gone_.insert(path);
  last_asked_.clear();
}

FileEntry BaseOverlay::parent(const std::string& path) const {
  FileEntry folder;
  folder.path = path;
  folder.type = EntryType::directory;
  folder.mode = 0755;
  const auto there = find(path);
  if (!there || there->type != EntryType::directory) return folder;
  folder.mode = there->mode;
  folder.uid = there->uid;
  folder.gid = there->gid;
  folder.xattrs = there->xattrs;
  return folder;
}

Result<std::string> BaseOverlay::real_folder(const std::string& path, bool replace) {
  if (path.empty() || path == last_asked_) return path.empty() ? path : last_real_;
  std::optional<Error> blocked;
  const auto lookup = [&](const std::string& at) -> std::optional<Step> {
    const auto there = find(at);
    if (!there) return std::nullopt;
    if (there->type == EntryType::directory || there->type == EntryType::symlink) return Step{there->type, there->link};
    if (!replace && !blocked) blocked = other_type(at, "folder", name_of(there->type));
    return std::nullopt;  // the folder takes its place
  };
  auto real = real_path(path, true, lookup);
  if (blocked) return fail(*std::move(blocked));
  if (!real) {
    return fail(Error(Errc::invalid_argument,
                      fmt::format("/{} leads through too many symlinks of the base", printable(path, 4096)))
                    .with_hint("give another path, or remove the symlink in this layer"));
  }
  last_asked_ = path;
  last_real_ = *real;
  return last_real_;
}

}  // namespace slipway::layer
