#include "cli/load_name.h"

#include "cli/project.h"
#include "slipway/base/text.h"
#include "slipway/oci/media_type.h"
#include "slipway/store/powers.h"

namespace slipway::cli {
namespace {

constexpr const char* kContainerdName =
    "io.containerd.image.name";  // beside ref.name, in layouts of docker save and ctr

/// Returns a text that is a whole name with a tag, "docker.io/library/nginx:1.27"; empty for others.
std::string whole_name(const std::string& text) {
  if (text.find('/') == std::string::npos) return {};
  const auto location = oci::Location::parse_for_reading(text);
  const bool whole = location && location->is_registry() && location->tag() && !location->digest();
  return whole ? location->place() + ":" + *location->tag() : std::string();
}

/// Returns the whole name that a layout's index.json has beside the image; empty if it has none.
std::string recorded_name(const FoundImage& found, const image::Image& image) {
  if (found.location.tag()) {
    if (std::string name = whole_name(*found.location.tag()); !name.empty()) return name;
  }
  auto* const lister = store::as<store::RootLister>(*found.target);
  if (lister == nullptr) return {};
  const auto root = found.target->resolve(found.reference);
  const auto roots = lister->roots();
  if (!root || !roots) return {};
  for (const oci::Descriptor& entry : *roots) {
    if (entry.digest != root->digest && entry.digest != image.descriptor.digest) continue;
    const auto tag = entry.annotations.find(std::string(oci::kRefName));
    if (found.location.tag() && (tag == entry.annotations.end() || tag->second != *found.location.tag())) continue;
    for (const std::string& key : {std::string(kContainerdName), std::string(oci::kRefName)}) {
      const auto name = entry.annotations.find(key);
      if (name == entry.annotations.end()) continue;
      if (std::string whole = whole_name(name->second); !whole.empty()) return whole;
    }
  }
  return {};
}

/// Returns the app that the image is one of, where slipway.yaml says so; empty otherwise.
std::string app_of(const Context& context, const std::string& word, const oci::Location& location) {
  const auto projects = load_projects(context);
  if (!projects) return {};
  const std::string environment = word.substr(0, word.find('@'));
  std::string app;
  for (const Loaded& loaded : *projects) {
    const stdfs::path images = loaded.state_folder() / "images";
    const std::string& name = loaded.project.app.empty() ? loaded.recipe.app : loaded.project.app;
    if (loaded.project.find(environment) != nullptr) return name;
    if (stdfs::path(location.path()).lexically_normal() != images.lexically_normal()) continue;
    if (location.tag() == name || projects->size() == 1) app = name;
  }
  return app;
}

/// Returns the folder that a layout is called after: that of the project for its .slipway/images.
std::string folder_of(const oci::Location& location) {
  stdfs::path path = stdfs::absolute(location.path()).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  if (path.filename() == "images" && path.parent_path().filename() == ".slipway")
    path = path.parent_path().parent_path();
  return path.stem().native();
}

bool is_plain(const std::string& name) {
  return !name.empty() && oci::Location::parse_for_reading("localhost/" + name).has_value();
}

}  // namespace

std::string own_name(Context& context, const std::string& word, const FoundImage& found, const image::Image& image) {
  std::string tag = found.location.tag().value_or("build-" + std::string(image.descriptor.digest.hex().substr(0, 12)));
  if (found.location.is_registry()) return found.location.place() + ":" + tag;
  if (std::string recorded = recorded_name(found, image); !recorded.empty()) return recorded;
  const std::string app = to_lower(app_of(context, word, found.location));
  if (tag == app || !oci::is_valid_tag(tag)) tag = "latest";  // builds of several apps are tagged with their names
  if (is_plain(app)) return "localhost/" + app + ":" + tag;
  const std::string folder = to_lower(folder_of(found.location));
  return "localhost/" + (is_plain(folder) ? folder : "image") + ":" + tag;
}

}  // namespace slipway::cli
