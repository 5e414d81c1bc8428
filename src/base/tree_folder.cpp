#include "slipway/base/tree_folder.h"

#include <algorithm>

#include "slipway/base/folder_trail.h"
#include "slipway/base/text.h"

namespace slipway {

namespace {

constexpr std::size_t kMaxDepth = 4096;

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

/// Removes members of a folder, the innermost first, with few folders open at once.
class Remover {
 public:
  explicit Remover(std::shared_ptr<TreeFolder> root) : trail_(std::move(root)) {}

  Status remove(const std::string& name) {
    levels_.push_back({"", {name}});
    while (!levels_.empty())
      step();
    return error_.take();
  }

 private:
  struct Level {
    std::string path;
    std::vector<std::string> names;  ///< still to be removed, the first one last
  };

  void step() {
    if (levels_.back().names.empty()) return leave();
    const std::string name = std::move(levels_.back().names.back());
    levels_.back().names.pop_back();
    const auto folder = trail_.open(levels_.back().path);
    if (!folder) {
      error_.passed(fail(folder.error()));
      return;
    }
    const auto stat = (*folder)->stat(name);
    if (!stat && stat.error().code == Errc::not_found) return;
    if (!stat) {
      error_.passed(fail(stat.error()));
    } else if (stat->type != FileType::directory) {
      error_.passed((*folder)->remove(name));
    } else {
      if ((stat->mode & 0700u) != 0700u) error_.passed((*folder)->unlock_folder(name));
      error_.passed(enter(name));
    }
  }

  Status enter(const std::string& name) {
    if (levels_.size() > kMaxDepth) return fail(Errc::too_large, "folders too deep to be removed");
    const std::string& above = levels_.back().path;
    std::string path = above.empty() ? name : above + '/' + name;
    SLIPWAY_ASSIGN(const auto folder, trail_.open(path));
    SLIPWAY_ASSIGN(auto names, folder->list());
    std::reverse(names.begin(), names.end());
    levels_.push_back({std::move(path), std::move(names)});
    return {};
  }

  /// The folder is empty now.
  void leave() {
    const std::string path = std::move(levels_.back().path);
    levels_.pop_back();
    if (levels_.empty()) return;
    const auto folder = trail_.open(levels_.back().path);
    error_.passed(folder ? (*folder)->remove_folder(last_name(path)) : fail(folder.error()));
  }

  FolderTrail trail_;
  std::vector<Level> levels_;  // the folder being emptied and those that it lies in
  FirstError error_;
};

}  // namespace

Result<std::unique_ptr<TreeFolder>> FileSystem::open_tree(const stdfs::path& path) {
  return fail(Errc::unsupported, "{}: this file system makes no trees", printable(path.native(), 4096));
}

Status remove_tree(FileSystem& fs, const stdfs::path& path) {
  const auto there = fs.stat(path);
  if (!there) return there.error().code == Errc::not_found ? Status() : fail(there.error());
  if (there->type != FileType::directory) return fs.remove(path);
  SLIPWAY_ASSIGN(auto parent, fs.open_tree(path.has_parent_path() ? path.parent_path() : stdfs::path(".")));
  return Remover(std::move(parent)).remove(path.filename().native());
}

}  // namespace slipway
