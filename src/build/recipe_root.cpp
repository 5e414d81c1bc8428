#include "build/recipe_root.h"

#include <algorithm>

#include "build/recipe_values.h"
#include "slipway/layer/file_capabilities.h"

namespace slipway::build {

stdfs::path absolute_path(const stdfs::path& path) {
  std::error_code ignored;
  stdfs::path absolute = stdfs::absolute(path, ignored).lexically_normal();
  return absolute.has_filename() ? absolute : absolute.parent_path();
}

RecipeRoot::RecipeRoot(const Recipe& recipe, const oci::Platform& platform, FileSystem& fs, elf::DiskRoot& disk)
    : disk_(disk) {
  for (const LayerRule& layer : recipe.layers) {
    for (const FileRule& file : layer.files) {
      const stdfs::path from = absolute_path(recipe.folder / expand_placeholders(file.from.text, platform));
      const auto stat = fs.stat(from, true);
      if (!stat) continue;  // reported elsewhere
      const bool folder = stat->type == FileType::directory;
      const bool into = !folder && file.to.ends_with('/');
      places_.push_back({elf::normal_path(into ? file.to + from.filename().native() : file.to), from, folder,
                         file.xattrs.contains(std::string(layer::kCapabilityAttribute))});
    }
  }
}

Result<std::optional<elf::FoundFile>> RecipeRoot::find(const std::string& path) {
  for (const Place& place : places_) {
    const std::string prefix = place.to == "/" ? "/" : place.to + "/";
    const bool below = place.folder && path.starts_with(prefix);
    if (!below && path != place.to) continue;
    const stdfs::path source = below ? place.from / path.substr(prefix.size()) : place.from;
    SLIPWAY_ASSIGN(auto found, disk_.find(source.native()));
    if (!found) continue;
    found->root = this;
    found->path = found->target = path;
    return found;
  }
  return std::optional<elf::FoundFile>();
}

std::optional<std::string> RecipeRoot::target_of(const stdfs::path& source) const {
  for (const Place& place : places_) {
    if (source == place.from && !place.folder) return place.to;
    const std::string prefix = place.from.native() + "/";
    if (place.folder && source.native().starts_with(prefix))
      return elf::normal_path(place.to + "/" + source.native().substr(prefix.size()));
  }
  return std::nullopt;
}

bool RecipeRoot::is_capable(const stdfs::path& source) const {
  return std::any_of(places_.begin(), places_.end(),
                     [&source](const Place& place) { return place.capable && place.from == source; });
}

}  // namespace slipway::build
