#include "slipway/base/tree_folder.h"

#include "slipway/base/text.h"

namespace slipway {

namespace {

constexpr int kMaxDepth = 4096;

/// The first of several errors, so that clearing goes on after one.
class FirstError {
 public:
  bool passed(Status status) {
    const bool ok = status.has_value();
    if (!ok && first_) first_ = std::move(status);
    return ok;
  }
  Status take() { return std::move(first_); }

 private:
  Status first_;
};

Status remove_member(TreeFolder& folder, const std::string& name, int depth);

Status clear(TreeFolder& folder, int depth) {
  if (depth > kMaxDepth) return fail(Errc::too_large, "folders too deep to be removed");
  SLIPWAY_ASSIGN(const auto names, folder.list());
  FirstError error;
  for (const std::string& name : names)
    error.passed(remove_member(folder, name, depth));
  return error.take();
}

Status remove_member(TreeFolder& folder, const std::string& name, int depth) {
  const auto stat = folder.stat(name);
  if (!stat) return stat.error().code == Errc::not_found ? Status() : fail(stat.error());
  if (stat->type != FileType::directory) return folder.remove(name);
  FirstError error;
  if ((stat->mode & 0700u) != 0700u) error.passed(folder.unlock_folder(name));
  auto inner = folder.open_folder(name);
  if (!inner) return fail(std::move(inner).error());
  error.passed(clear(**inner, depth + 1));
  inner->reset();
  error.passed(folder.remove_folder(name));
  return error.take();
}

}  // namespace

Result<std::unique_ptr<TreeFolder>> FileSystem::open_tree(const stdfs::path& path) {
  return fail(Errc::unsupported, "{}: this file system makes no trees", printable(path.native(), 4096));
}

Status remove_tree(FileSystem& fs, const stdfs::path& path) {
  const auto there = fs.stat(path);
  if (!there) return there.error().code == Errc::not_found ? Status() : fail(there.error());
  if (there->type != FileType::directory) return fs.remove(path);
  SLIPWAY_ASSIGN(const auto parent, fs.open_tree(path.has_parent_path() ? path.parent_path() : stdfs::path(".")));
  return remove_member(*parent, path.filename().native(), 0);
}

}  // namespace slipway
