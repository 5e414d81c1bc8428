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

/// Returns the inside of a value that is one expression: "pipeline.parameters.x" for "<< pipeline.parameters.x >>";
/// empty otherwise.
std::string whole_expression(const Node& value, std::string_view open, std::string_view close) {
  const std::string_view text = trim(value.scalar);
  const bool is_one = value.is_scalar() && text.size() > open.size() + close.size() && text.starts_with(open) &&
                      text.ends_with(close) && text.find(open, 1) == std::string_view::npos;
  return is_one ? std::string(trim(text.substr(open.size(), text.size() - open.size() - close.size()))) : std::string();
}

/// Adds the images of a list or of one value.
void collect_values(const Node& values, const std::string& role, ImageCollector& images) {
  if (!values.is_sequence()) return images.image(values, role);
  for (std::size_t i = 0; i < values.items.size(); ++i)
    images.image(values.items[i], fmt::format("{}[{}]", role, i));
}

bool is_in(const std::string& file, std::string_view folder) {
  const std::size_t at = file.find(folder);
  return at == 0 || (at != std::string::npos && file[at - 1] == '/');
}

}  // namespace

bool is_circleci(const YamlDocument& document) {
  return document.root.is_mapping() && is_in(document.file, ".circleci/");
}

/// Every `docker` list, in jobs, executors and orbs; machine images are virtual machines. A parameter that is the whole
/// image is pinned at its default; parameters of workflows' jobs that are called after images have them.
class Circleci {
 public:
  Circleci(const Node& root, ImageCollector& images) : root_(root), images_(images) {}

  void collect() {
    walk(root_, "", [&](const Node& node, const std::string& place) {
      const Node* list = node.find("docker");
      for (std::size_t i = 0; list != nullptr && list->is_sequence() && i < list->items.size(); ++i)
        container(list->items[i], node, fmt::format("{}[{}]", joined(place, "docker"), i));
    });
    const Node* workflows = root_.find("workflows");
    if (workflows == nullptr) return;
    walk(*workflows, "workflows", [&](const Node& node, const std::string& place) {
      for (const Node::Member& member : node.members) {
        if (to_lower(member.key).ends_with("image") && looks_like_reference(member.value))
          images_.image(member.value, joined(place, member.key));
      }
    });
  }

 private:
  void container(const Node& item, const Node& owner, const std::string& role) {
    const Node* image = item.find("image");
    if (image == nullptr) return;
    const std::string name = whole_expression(*image, "<<", ">>");
    const Node* value = nullptr;
    if (name.starts_with("pipeline.parameters.")) value = follow(root_, name.substr(9) + ".default");
    if (name.starts_with("parameters.")) value = follow(owner, name + ".default");
    if (value == nullptr) return images_.holder(item, "image", role);
    if (seen_.insert(value).second) images_.image(*value, fmt::format("{}.image (default of {})", role, name));
  }

  const Node& root_;
  ImageCollector& images_;
  std::set<const Node*> seen_;
};

void collect_circleci(const YamlDocument& document, ImageCollector& images) {
  Circleci(document.root, images).collect();
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

namespace {

/// Collects the values of a variable of the matrix of Woodpecker; false if it does not have it.
bool collect_matrix(const Node& root, std::string_view name, std::set<const Node*>& seen, ImageCollector& images) {
  const Node* matrix = root.find("matrix");
  if (matrix == nullptr) return false;
  const Node* values = matrix->find(name);
  if (values != nullptr && seen.insert(values).second) collect_values(*values, joined("matrix", name), images);
  const Node* include = matrix->find("include");
  bool is_found = values != nullptr;
  for (std::size_t i = 0; include != nullptr && i < include->items.size(); ++i) {
    const Node* value = include->items[i].find(name);
    if (value == nullptr) continue;
    is_found = true;
    if (seen.insert(value).second) images.image(*value, joined(fmt::format("matrix.include[{}]", i), name));
  }
  return is_found;
}

}  // namespace

void collect_woodpecker(const YamlDocument& document, ImageCollector& images) {
  std::set<const Node*> seen;
  const auto collect_step = [&](const Node& step, const std::string& role) {
    const Node* image = step.find("image");
    if (image == nullptr) return;
    const std::string_view name = image->is_scalar() ? variable_name(image->scalar) : std::string_view();
    if (name.empty() || !collect_matrix(document.root, name, seen, images)) images.holder(step, "image", role);
  };
  for (const char* key : {"steps", "pipeline", "services", "clone"}) {
    const Node* steps = document.root.find(key);
    if (steps == nullptr) continue;
    for (std::size_t i = 0; i < steps->items.size(); ++i)
      collect_step(steps->items[i], fmt::format("{}[{}]", key, i));
    for (const Node::Member& member : steps->members)
      collect_step(member.value, joined(key, member.key));
  }
}

bool is_azure_pipelines(const YamlDocument& document) {
  return document.root.is_mapping() &&
         (is_yaml_named(document.file, "azure-pipelines") || is_in(document.file, ".azure-pipelines/"));
}

namespace {

/// Returns the default of the parameter that is all of a value, ${{ parameters.NAME }}; nullptr without one.
const Node* default_of_parameter(const Node& root, const Node& value) {
  const std::string expression = whole_expression(value, "${{", "}}");
  const Node* parameters = root.find("parameters");
  if (parameters == nullptr || !expression.starts_with("parameters.")) return nullptr;
  for (const Node& parameter : parameters->items) {
    if (text_at(parameter, "name") == expression.substr(11)) return parameter.find("default");
  }
  return parameters->find(expression.substr(11));
}

}  // namespace

/// Containers of `resources`, and those that jobs name without one.
void collect_azure_pipelines(const YamlDocument& document, ImageCollector& images) {
  std::set<std::string> aliases;
  std::set<const Node*> seen;
  if (const Node* containers = follow(document.root, "resources.containers")) {
    collect_steps(*containers, "resources.containers", images);
    for (const Node& item : containers->items) {
      aliases.insert(text_at(item, "container"));
      if (item.find("image") == nullptr && item.find("repository") != nullptr)
        images.note(item, "resources.containers", "an image of a service connection, left alone");
    }
  }
  walk(document.root, "", [&](const Node& node, const std::string& place) {
    const Node* container = node.find("container");
    if (container == nullptr || place.starts_with("resources")) return;
    if (container->is_mapping() && container->find("image") != nullptr)
      images.holder(*container, "image", joined(place, "container"));
    if (!container->is_scalar() || aliases.contains(container->scalar)) return;
    const Node* value = default_of_parameter(document.root, *container);
    if (value == nullptr) return images.image(*container, joined(place, "container"));
    if (seen.insert(value).second) images.image(*value, "parameters: default of " + container->scalar);
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
  const Node* substitutions = document.root.find("substitutions");
  std::set<const Node*> seen;
  for (std::size_t i = 0; steps != nullptr && i < steps->items.size(); ++i) {
    const Node* name = steps->items[i].find("name");
    if (name == nullptr) continue;
    const std::string variable(name->is_scalar() ? variable_name(name->scalar) : std::string_view());
    const Node* value = substitutions == nullptr || variable.empty() ? nullptr : substitutions->find(variable);
    if (seen.insert(value == nullptr ? name : value).second)
      images.image(value == nullptr ? *name : *value, fmt::format("steps[{}].name", i));
  }
}

}  // namespace slipway::run
