#include "cli/complete_word.h"

#include "cli/project.h"
#include "slipway/store/target.h"

namespace slipway::cli {
namespace {

constexpr std::string_view kLayout = "oci:";

void add_from_project(const Context& context, std::string_view kind, std::string& words) {
  const auto apps = load_projects(context);
  if (!apps) return;
  for (const Loaded& loaded : *apps) {
    if (kind == "apps") {
      words += loaded.project.app + "\n";
      continue;
    }
    for (const release::Environment& environment : loaded.project.environments)
      words += environment.name + "\n";
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

void add_tags(Context& context, const std::string& place, std::string& words) {
  const auto location = context.location(place);
  if (!location) return;
  const auto target = context.opener().open_for_reading(*location, Side::source);
  if (!target) return;
  auto* lister = store::as<store::TagLister>(**target);
  if (lister == nullptr) return;
  const auto tags = lister->list_tags();
  if (!tags) return;
  for (const std::string& tag : *tags)
    words += fmt::format("{}:{}\n", place, tag);
}

}  // namespace

std::string words_for_completion(Context& context, std::string_view kind, const std::string& prefix) {
  std::string words;
  const std::size_t colon = prefix.find(':', kLayout.size());
  if (kind == "references" && prefix.starts_with(kLayout) && colon != std::string::npos) {
    add_tags(context, prefix.substr(0, colon), words);
    return words;
  }
  add_from_project(context, kind, words);
  if (kind == "references") add_layouts(context, prefix, words);
  return words;
}

}  // namespace slipway::cli
