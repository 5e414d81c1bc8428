#include "run/yaml_formats.h"

#include <algorithm>

#include "slipway/base/text.h"

namespace slipway::run {

namespace {

using config::Node;

constexpr std::string_view kActionScheme = "docker://";

std::string_view file_name(std::string_view file) { return file.substr(file.rfind('/') + 1); }
bool is_yaml_named(std::string_view name, std::string_view stem) {
  return name.starts_with(stem) && (name.ends_with(".yaml") || name.ends_with(".yml"));
}

ReferencePart part_of(const Node& mapping, std::string_view key) {
  ReferencePart part{std::string(key), text_at(mapping, key), std::nullopt};
  if (const Node* value = mapping.find(key)) part.range = value->range;
  return part;
}

// kustomize

bool is_kustomization(const Node& document, std::string_view file) {
  const std::string_view name = file_name(file);
  return document.is_mapping() &&
         (name == "kustomization.yaml" || name == "kustomization.yml" || name == "Kustomization" ||
          text_at(document, "kind") == "Kustomization" || text_at(document, "kind") == "Component") &&
         (text_at(document, "apiVersion").empty() || text_at(document, "apiVersion").starts_with("kustomize."));
}

/// `name` says which images are meant; newName, newTag and digest what they become.
void collect_kustomization(const Node& document, ImageCollector& images) {
  const Node* list = document.find("images");
  if (list == nullptr) return;
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    const Node& item = list->items[i];
    const Node* name = item.find("newName") != nullptr ? item.find("newName") : item.find("name");
    if (name == nullptr || !name->is_scalar()) continue;
    ReferenceParts parts;
    parts.name = part_of(item, "newName");
    parts.adds_name = !parts.name.range;
    parts.name.value = name->scalar;
    parts.tag = part_of(item, "newTag");
    parts.digest = part_of(item, "digest");
    parts.neighbour = parts.tag.range ? *parts.tag.range : name->range;
    images.parts(item, std::move(parts), fmt::format("images[{}]", i));
  }
}

// compose

bool is_compose(const Node& document, std::string_view file) {
  const Node* services = document.find("services");
  if (services == nullptr || !services->is_mapping()) return false;
  const std::string_view name = file_name(file);
  if (is_yaml_named(name, "compose") || is_yaml_named(name, "docker-compose")) return true;
  return std::any_of(services->members.begin(), services->members.end(), [](const Node::Member& service) {
    return service.value.find("image") != nullptr || service.value.find("build") != nullptr;
  });
}

void collect_compose(const Node& document, ImageCollector& images) {
  for (const Node::Member& service : document.find("services")->members) {
    const std::string role = fmt::format("services.{}", printable(service.key, 100));
    const Node* image = service.value.find("image");
    if (image != nullptr && service.value.find("build") != nullptr) {
      images.note(*image, fmt::format("{}.image: names what is built here, left alone", role));
    } else if (image != nullptr || service.value.is_alias() || service.value.find("<<") != nullptr) {
      images.holder(service.value, "image", role);
    }
  }
}

// GitHub Actions

bool is_workflow(const Node& document, std::string_view file) {
  const Node* runs = document.find("runs");
  if (runs != nullptr && runs->find("using") != nullptr) return true;
  return document.find("jobs") != nullptr &&
         (document.find("on") != nullptr || file.find(".github/workflows/") != std::string_view::npos);
}

void collect_steps(const Node& job, const std::string& role, ImageCollector& images) {
  const Node* steps = job.find("steps");
  if (steps == nullptr) return;
  for (std::size_t i = 0; i < steps->items.size(); ++i) {
    const Node* uses = steps->items[i].find("uses");
    if (uses != nullptr && uses->is_scalar() && uses->scalar.starts_with(kActionScheme))
      images.image(*uses, fmt::format("{}: steps[{}].uses", role, i), kActionScheme);
  }
}

void collect_workflow(const Node& document, ImageCollector& images) {
  if (const Node* runs = document.find("runs")) {
    const Node* image = runs->find("image");
    if (image != nullptr && image->is_scalar() && image->scalar.starts_with(kActionScheme))
      images.image(*image, "runs.image", kActionScheme);
    collect_steps(*runs, "runs", images);
  }
  const Node* jobs = document.find("jobs");
  if (jobs == nullptr) return;
  for (const Node::Member& job : jobs->members) {
    const std::string role = fmt::format("jobs.{}", printable(job.key, 100));
    if (const Node* container = job.value.find("container")) {
      if (container->is_mapping())
        images.holder(*container, "image", role + ".container");
      else
        images.image(*container, role + ".container");
    }
    if (const Node* services = job.value.find("services")) {
      for (const Node::Member& service : services->members)
        images.holder(service.value, "image", fmt::format("{}.services.{}", role, printable(service.key, 100)));
    }
    collect_steps(job.value, role, images);
  }
}

// GitLab CI

bool is_gitlab(const Node& document, std::string_view file) {
  return document.is_mapping() &&
         (file_name(file).ends_with(".gitlab-ci.yml") || file_name(file).ends_with(".gitlab-ci.yaml") ||
          file.find(".gitlab/ci/") != std::string_view::npos);
}

void collect_gitlab_image(const Node& value, const std::string& role, ImageCollector& images) {
  if (value.is_mapping())
    images.holder(value, "name", role);
  else
    images.image(value, role);
}

void collect_gitlab_job(const Node& job, const std::string& role, ImageCollector& images) {
  if (!job.is_mapping()) return;
  if (const Node* image = job.find("image")) collect_gitlab_image(*image, role + "image", images);
  const Node* services = job.find("services");
  if (services == nullptr) return;
  for (std::size_t i = 0; i < services->items.size(); ++i)
    collect_gitlab_image(services->items[i], fmt::format("{}services[{}]", role, i), images);
}

void collect_gitlab(const Node& document, ImageCollector& images) {
  collect_gitlab_job(document, "", images);
  for (const Node::Member& job : document.members) {
    if (job.key != "image" && job.key != "services" && job.key != "variables")
      collect_gitlab_job(job.value, printable(job.key, 100) + ".", images);
  }
}

// Helm values

bool has_triple(const Node& node) {
  if (node.find("repository") != nullptr && (node.find("tag") != nullptr || node.find("digest") != nullptr))
    return true;
  return std::any_of(node.members.begin(), node.members.end(),
                     [](const Node::Member& member) { return has_triple(member.value); });
}

bool is_values(const Node& document, std::string_view file) {
  return document.is_mapping() && (is_yaml_named(file_name(file), "values") || has_triple(document));
}

void collect_triple(const Node& node, const std::string& role, ImageCollector& images) {
  ReferenceParts parts;
  parts.registry = part_of(node, "registry");
  parts.name = part_of(node, "repository");
  parts.tag = part_of(node, "tag");
  parts.digest = part_of(node, "digest");
  parts.neighbour = parts.tag.range ? *parts.tag.range : *parts.name.range;
  images.parts(node, std::move(parts), role.empty() ? "values" : role);
}

void collect_values(const Node& node, const std::string& role, ImageCollector& images) {
  const Node* repository = node.find("repository");
  if (repository != nullptr && repository->is_scalar() &&
      (node.find("tag") != nullptr || node.find("digest") != nullptr || role.ends_with("image"))) {
    collect_triple(node, role, images);
  }
  for (const Node::Member& member : node.members) {
    const std::string inner = role.empty() ? printable(member.key, 100) : role + "." + printable(member.key, 100);
    if (member.key == "image" && member.value.is_scalar() && !member.value.scalar.empty()) {
      images.image(member.value, inner);
    } else {
      collect_values(member.value, inner, images);
    }
  }
  for (std::size_t i = 0; i < node.items.size(); ++i)
    collect_values(node.items[i], fmt::format("{}[{}]", role, i), images);
}

void collect_all_values(const Node& document, ImageCollector& images) { collect_values(document, "", images); }

}  // namespace

const std::vector<YamlFormat>& yaml_formats() {
  static const std::vector<YamlFormat> kFormats{{"kustomize", is_kustomization, collect_kustomization},
                                                {"gitlab-ci", is_gitlab, collect_gitlab},
                                                {"compose", is_compose, collect_compose},
                                                {"github-actions", is_workflow, collect_workflow},
                                                {"helm-values", is_values, collect_all_values}};
  return kFormats;
}

}  // namespace slipway::run
