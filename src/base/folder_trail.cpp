#include "slipway/base/folder_trail.h"

#include "slipway/base/text.h"

namespace slipway {
namespace {

bool is_plain_name(std::string_view name) { return !name.empty() && name != "." && name != ".."; }

}  // namespace

std::string last_name(std::string_view path) { return std::string(path.substr(path.rfind('/') + 1)); }

std::string_view folder_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

Result<std::shared_ptr<TreeFolder>> FolderTrail::open(std::string_view path) {
  trail_.go_back(path);
  while (true) {
    const std::shared_ptr<TreeFolder>& at = trail_.empty() ? root_ : trail_.back();
    if (trail_.is_at(path)) return at;
    const std::string name(trail_.next_name(path));
    if (!is_plain_name(name))
      return fail(Errc::malformed, "cannot open \"{}\": it leads out of its folder", printable(path, 4096));
    SLIPWAY_ASSIGN(auto folder, at->open_folder(name));
    trail_.add(name, std::move(folder));
    if (trail_.size() > kMostOpen) trail_.thin_out();
  }
}

}  // namespace slipway
