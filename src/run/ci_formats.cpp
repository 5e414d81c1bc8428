#include <algorithm>
#include <set>

#include "run/yaml_formats.h"
#include "slipway/base/text.h"

namespace slipway::run {

namespace {

using config::Node;

std::string joined(const std::string& place, std::string_view key) {
  const std::string shown = printable(key, 100);
  return place.empty() ? shown : place + "." + shown;
}

/// Calls visit(node, place) for a node and everything below it.
template <class Visit>
void walk(const Node& node, const std::string& place, const Visit& visit) {
  visit(node, place);
  for (const Node::Member& member : node.members)
    walk(member.value, joined(place, member.key), visit);
  for (std::size_t i = 0; i < node.items.size(); ++i)
    walk(node.items[i], fmt::format("{}[{}]", place, i), visit);
}

/// Images of a list or mapping of steps or services.
void collect_steps(const Node& steps, const std::string& place, ImageCollector& images) {
  for (std::size_t i = 0; i < steps.items.size(); ++i) {
    if (steps.items[i].find("image") != nullptr)
      images.holder(steps.items[i], "image", fmt::format("{}[{}]", place, i));
  }
  for (const Node::Member& member : steps.members) {
    if (member.value.find("image") != nullptr) images.holder(member.value, "image", joined(place, member.key));
  }
}

bool is_in(const std::string& file, std::string_view folder) {
  const std::size_t at = file.find(folder);
  return at == 0 || (at != std::string::npos && file[at - 1] == '/');
}

}  // namespace

bool is_circleci(const YamlDocument& document) {
  return document.root.is_mapping() && is_in(document.file, ".circleci/");
}

/// Every `docker` list, in jobs, executors and orbs; machine images are virtual machines.
void collect_circleci(const YamlDocument& document, ImageCollector& images) {
  walk(document.root, "", [&](const Node& node, const std::string& place) {
    const Node* list = node.find("docker");
    if (list != nullptr && list->is_sequence()) collect_steps(*list, joined(place, "docker"), images);
  });
}

bool is_bitbucket(const YamlDocument& document) {
  return document.root.is_mapping() && is_yaml_named(document.file, "bitbucket-pipelines");
}

void collect_bitbucket(const YamlDocument& document, ImageCollector& images) {
  constexpr std::string_view kScheme = "docker://";
  walk(document.root, "", [&](const Node& node, const std::string& place) {
    const Node* image = node.find("image");
    const bool is_variable = place.ends_with("variables");
    if (image != nullptr && !is_variable) {
      if (image->is_mapping())
        images.holder(*image, "name", joined(place, "image"));
      else
        images.image(*image, joined(place, "image"));
    }
    const Node* pipe = node.find("pipe");
    if (pipe != nullptr && pipe->is_scalar() && pipe->scalar.starts_with(kScheme))
      images.image(*pipe, joined(place, "pipe"), kScheme);
  });
}

bool is_woodpecker(const YamlDocument& document) {
  if (!document.root.is_mapping() || !text_at(document.root, "apiVersion").empty()) return false;
  if (is_yaml_named(document.file, ".woodpecker") || is_yaml_named(document.file, ".drone") ||
      is_in(document.file, ".woodpecker/"))
    return true;
  return text_at(document.root, "kind") == "pipeline" && document.root.find("steps") != nullptr;
}

void collect_woodpecker(const YamlDocument& document, ImageCollector& images) {
  for (const char* key : {"steps", "pipeline", "services", "clone"}) {
    if (const Node* steps = document.root.find(key)) collect_steps(*steps, key, images);
  }
}

bool is_azure_pipelines(const YamlDocument& document) {
  return document.root.is_mapping() &&
         (is_yaml_named(document.file, "azure-pipelines") || is_in(document.file, ".azure-pipelines/"));
}

/// Containers of `resources`, and those that jobs name without one.
void collect_azure_pipelines(const YamlDocument& document, ImageCollector& images) {
  std::set<std::string> aliases;
  if (const Node* containers = follow(document.root, "resources.containers")) {
    collect_steps(*containers, "resources.containers", images);
    for (const Node& item : containers->items)
      aliases.insert(text_at(item, "container"));
  }
  walk(document.root, "", [&](const Node& node, const std::string& place) {
    const Node* container = node.find("container");
    if (container == nullptr || place.starts_with("resources")) return;
    if (container->is_mapping() && container->find("image") != nullptr)
      images.holder(*container, "image", joined(place, "container"));
    if (container->is_scalar() && !aliases.contains(container->scalar))
      images.image(*container, joined(place, "container"));
  });
}

bool is_cloudbuild(const YamlDocument& document) {
  const std::string_view name = name_of_file(document.file);
  const Node* steps = document.root.find("steps");
  return steps != nullptr && steps->is_sequence() && name.starts_with("cloudbuild");
}

/// The name of a step is its image; `images` lists what is built.
void collect_cloudbuild(const YamlDocument& document, ImageCollector& images) {
  const Node* steps = document.root.find("steps");
  for (std::size_t i = 0; steps != nullptr && i < steps->items.size(); ++i) {
    if (const Node* name = steps->items[i].find("name")) images.image(*name, fmt::format("steps[{}].name", i));
  }
}

}  // namespace slipway::run
