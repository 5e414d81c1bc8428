#include "builder/recipe_root.h"

#include <algorithm>

#include "builder/recipe_values.h"
#include "slipway/base/file_attributes.h"
#include "slipway/layer/file_capabilities.h"
#include "slipway/layer/file_tree_builder.h"
#include "slipway/layer/path_walk.h"

namespace slipway::builder {
namespace {

constexpr std::uint32_t kSetIds = 06000;

/// Returns the paths that a rule's patterns let through; nothing for a rule without patterns. Folders that cannot be
/// listed are reported when the layer itself is planned.
std::optional<std::set<std::string>> chosen_paths(const Recipe& recipe, const FileRule& file, const stdfs::path& from,
                                                  const oci::Platform& platform, FileSystem& fs) {
  layer::TreeOptions options;
  options.include = file.include;
  options.exclude = file.exclude;
  if (file.ignore_file) {
    const auto text = read_file(fs, recipe.folder / expand_placeholders(file.ignore_file->text, platform), 1u << 20);
    const auto ignored = ignore_patterns(text.value_or(""));
    options.exclude.insert(options.exclude.begin(), ignored.begin(), ignored.end());
  }
  if (auto own = own_folder_pattern(recipe.folder, from)) options.exclude.push_back(*std::move(own));
  if (options.include.empty() && options.exclude.empty()) return std::nullopt;
  std::set<std::string> paths;
  layer::FileTreeBuilder files(fs);
  Diagnostics none;
  if (!files.add(from, file.to, options, none)) return paths;
  const auto tree = std::move(files).finish(0);
  if (!tree) return paths;
  const auto reader = tree->read();
  layer::FileEntry entry;
  while (reader) {
    const auto more = (*reader)->next(entry);
    if (!more || !*more) break;
    paths.insert("/" + entry.path);
  }
  return paths;
}

}  // namespace

stdfs::path absolute_path(const stdfs::path& path) {
  std::error_code ignored;
  stdfs::path absolute = stdfs::absolute(path, ignored).lexically_normal();
  return absolute.has_filename() ? absolute : absolute.parent_path();
}

RecipeRoot::RecipeRoot(const Recipe& recipe, const oci::Platform& platform, FileSystem& fs, elf::DiskRoot& disk)
    : fs_(fs), disk_(disk) {
  for (const LayerRule& layer : recipe.layers) {
    for (const FileRule& file : layer.files) {
      if (file.link)
        places_.push_back({elf::normal_path(file.to), {}, false, false, {}, false, std::nullopt, file.link, false});
      if (file.makes_folder || file.link) continue;
      const stdfs::path from = absolute_path(recipe.folder / expand_placeholders(file.from.text, platform));
      const auto stat = fs.stat(from, true);
      if (!stat) continue;  // reported elsewhere
      const bool folder = stat->type == FileType::directory;
      const bool into = !folder && file.to.ends_with('/');
      Place place{elf::normal_path(into ? file.to + from.filename().native() : file.to),
                  from,
                  folder,
                  file.xattrs.contains(std::string(layer::kCapabilityAttribute)),
                  file.mode,
                  file.keep_modes,
                  std::nullopt,
                  std::nullopt,
                  file.follow_links};
      if (folder) place.only = chosen_paths(recipe, file, from, platform, fs);
      places_.push_back(std::move(place));
    }
  }
}

std::optional<std::string> RecipeRoot::link_at(const std::string& path) {
  const auto [known, is_new] = links_.try_emplace(path);
  if (!is_new) return known->second;
  for (const Place& place : places_) {
    if (place.link && path == place.to) return known->second = place.link;
    const std::string prefix = place.to == "/" ? "/" : place.to + "/";
    if (!place.folder || !path.starts_with(prefix) || (place.only && !place.only->contains(path))) continue;
    const stdfs::path source = place.from / path.substr(prefix.size());
    const auto stat = fs_.stat(source);
    if (!stat || stat->type != FileType::symlink) continue;
    auto text = fs_.read_link(source);
    if (text && !(place.follows && text->starts_with('/'))) return known->second = *std::move(text);
  }
  return std::nullopt;
}

std::string RecipeRoot::led(const std::string& path, bool follow_last) {
  const auto lookup = [this](const std::string& at) -> std::optional<layer::Step> {
    auto text = link_at("/" + at);
    if (!text) return std::nullopt;
    return layer::Step{layer::EntryType::symlink, *std::move(text)};
  };
  const auto real = layer::real_path(path, follow_last, lookup);
  return real ? "/" + *real : path;
}

Result<std::optional<elf::FoundFile>> RecipeRoot::find(const std::string& asked) {
  const std::string path = led(asked, true);
  for (const Place& place : places_) {
    if (place.link) continue;
    const std::string prefix = place.to == "/" ? "/" : place.to + "/";
    const bool below = place.folder && path.starts_with(prefix);
    if (!below && path != place.to) continue;
    if (place.only && !place.only->contains(path)) continue;
    const stdfs::path source = below ? place.from / path.substr(prefix.size()) : place.from;
    SLIPWAY_ASSIGN(auto found, disk_.find(source.native()));
    if (!found) continue;
    found->root = this;
    found->path = asked;
    found->target = path;
    return found;
  }
  return std::optional<elf::FoundFile>();
}

Result<std::vector<std::string>> RecipeRoot::list(const std::string& folder) {
  std::set<std::string> names;
  const std::string inside = folder == "/" ? "/" : folder + "/";
  for (const Place& place : places_) {
    if (!place.folder) {
      if (elf::parent_of(place.to) == folder) names.insert(elf::name_in(place.to));
      continue;
    }
    const std::string prefix = place.to == "/" ? "/" : place.to + "/";
    if (inside != prefix && !inside.starts_with(prefix)) continue;
    SLIPWAY_ASSIGN(const auto found,
                   disk_.list((place.from / folder.substr(std::min(folder.size(), prefix.size()))).native()));
    for (const std::string& name : found) {
      if (!place.only || place.only->contains(inside + name)) names.insert(name);
    }
  }
  return std::vector<std::string>(names.begin(), names.end());
}

std::optional<std::string> RecipeRoot::target_in(const Place& place, const stdfs::path& source) {
  if (place.link) return std::nullopt;
  if (source == place.from && !place.folder) return place.to;
  const std::string prefix = place.from.native() + "/";
  if (!place.folder || !source.native().starts_with(prefix)) return std::nullopt;
  std::string target = elf::normal_path(place.to + "/" + source.native().substr(prefix.size()));
  return !place.only || place.only->contains(target) ? std::optional(std::move(target)) : std::nullopt;
}

std::optional<std::string> RecipeRoot::target_of(const stdfs::path& source) const {
  for (const Place& place : places_) {
    if (auto target = target_in(place, source)) return target;
  }
  return std::nullopt;
}

bool RecipeRoot::lends_rights(const Place& place, const stdfs::path& source) const {
  if (place.mode) return (*place.mode & kSetIds) != 0;
  const auto stat = place.keeps_modes ? fs_.stat(source, true) : fail(Errc::not_found, "not asked");
  return stat && (stat->mode & kSetIds) != 0;
}

bool RecipeRoot::gives_capabilities(const Place& place, const stdfs::path& source) const {
  if (place.capable || !place.keeps_modes) return place.capable;
  const auto attributes = attributes_of(fs_, source);
  return attributes && !attributes->capabilities.empty();
}

bool RecipeRoot::is_capable(const stdfs::path& source) const {
  return std::any_of(places_.begin(), places_.end(),
                     [&](const Place& place) { return target_in(place, source) && gives_capabilities(place, source); });
}

bool RecipeRoot::is_privileged(const stdfs::path& source) const {
  return is_capable(source) || std::any_of(places_.begin(), places_.end(), [&](const Place& place) {
           return target_in(place, source) && lends_rights(place, source);
         });
}

}  // namespace slipway::builder
