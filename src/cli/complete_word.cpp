#include "cli/complete_word.h"

#include <set>

#include "cli/opener.h"
#include "cli/project.h"
#include "slipway/base/text.h"
#include "slipway/io/hash.h"
#include "slipway/store/powers.h"
#include "slipway/store/target.h"

namespace slipway::cli {
namespace {

constexpr std::string_view kLayout = "oci:";

void add_from_project(const Context& context, std::string_view kind, std::string& words) {
  const auto apps = load_projects(context);
  if (!apps) return;
  for (const Loaded& loaded : *apps) {
    if (kind == "apps") words += loaded.project.app + "\n";
    for (const builder::LayerRule& layer : loaded.recipe.layers)
      words += kind == "layers" ? layer.name + "\n" : "";
    for (const release::Environment& environment : loaded.project.environments)
      words += kind == "environments" || kind == "references" ? environment.name + "\n" : "";
  }
}

/// The layouts in the folder that a prefix such as "oci:images/r" names.
void add_layouts(const Context& context, const std::string& prefix, std::string& words) {
  const std::string path = prefix.starts_with(kLayout) ? prefix.substr(kLayout.size()) : "";
  const std::string folder = path.substr(0, path.rfind('/') + 1);
  const stdfs::path absolute = context.absolute(folder.empty() ? "." : folder);
  const auto names = context.fs().list(absolute);
  if (!names) return;
  for (const std::string& name : *names) {
    if (context.fs().stat(absolute / name / "index.json")) words += fmt::format("{}{}{}\n", kLayout, folder, name);
  }
}

Result<std::vector<std::string>> tags_of(Context& context, const oci::Location& location) {
  SLIPWAY_ASSIGN(const auto target, context.opener().open_for_reading(location, Side::source));
  auto* lister = store::as<store::TagLister>(*target);
  if (lister == nullptr) return std::vector<std::string>();
  return lister->list_tags();
}

/// Tags of a registry are kept for a minute: a key that is pressed again costs no request.
constexpr std::int64_t kFresh = 60;

/// Returns the file that caches the tags of a place; empty without a cache folder.
stdfs::path kept_file(const Context& context, const oci::Location& location) {
  const stdfs::path cache = cache_folder(context.surroundings().env);
  return cache.empty() ? cache : cache / "completion" / io::digest_of(location.place()).short_hex();
}

std::optional<std::vector<std::string>> kept_tags(const Context& context, const stdfs::path& file) {
  if (file.empty()) return std::nullopt;
  const auto text = read_file(context.fs(), file, 8u << 20);
  if (!text) return std::nullopt;
  std::vector<std::string> lines = split(*text, '\n');
  const auto time = parse_whole<std::int64_t>(lines.front());
  const std::int64_t age = context.surroundings().clock->now() - time.value_or(0);
  if (!time || age < 0 || age > kFresh) return std::nullopt;
  lines.erase(lines.begin());
  return lines;
}

/// Silence is better than an error below a prompt: whatever fails gives no words.
void add_tags(Context& context, const std::string& place, std::string& words) {
  const auto location = context.location(place);
  if (!location) return;
  const stdfs::path file = location->is_registry() ? kept_file(context, *location) : stdfs::path();
  auto tags = kept_tags(context, file);
  if (!tags) {
    auto asked = tags_of(context, *location);
    if (!asked) return;
    tags = *std::move(asked);
    if (!file.empty() && context.fs().make_directories(file.parent_path()))
      (void)write_file_atomically(context.fs(), file,
                                  fmt::format("{}\n{}", context.surroundings().clock->now(), fmt::join(*tags, "\n")))
          .has_value();
  }
  for (const std::string& tag : *tags) {
    if (!tag.empty()) words += fmt::format("{}:{}\n", place, tag);
  }
}

/// The colon before a tag: the last one, unless a port or nothing at all stands behind it.
std::optional<std::size_t> tag_colon(const std::string& prefix) {
  const std::size_t colon = prefix.rfind(':');
  if (prefix.starts_with(kLayout)) return colon >= kLayout.size() ? std::optional(colon) : std::nullopt;
  const std::size_t slash = prefix.find('/');
  if (colon == std::string::npos || slash == std::string::npos || colon < slash) return std::nullopt;
  return colon;
}

/// The repositories that slipway.yaml names.
void add_repositories(const Context& context, std::string& words) {
  const auto apps = load_projects(context);
  if (!apps) return;
  std::set<std::string> places;
  for (const Loaded& loaded : *apps) {
    if (loaded.project.image_repository && loaded.project.image_repository->is_registry())
      places.insert(loaded.project.image_repository->place());
    for (const release::Environment& environment : loaded.project.environments) {
      if (environment.repository.is_registry()) places.insert(environment.repository.place());
    }
  }
  for (const std::string& place : places)
    words += place + "\n";
}

}  // namespace

std::string words_for_completion(Context& context, std::string_view kind, const std::string& prefix) {
  std::string words;
  const auto colon = kind == "references" ? tag_colon(prefix) : std::nullopt;
  if (colon) {
    add_tags(context, prefix.substr(0, *colon), words);
    return words;
  }
  add_from_project(context, kind, words);
  if (kind == "references") {
    add_layouts(context, prefix, words);
    add_repositories(context, words);
  }
  return words;
}

}  // namespace slipway::cli
