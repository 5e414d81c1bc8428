#include "run/yaml_formats.h"

#include <algorithm>
#include <array>

#include "run/helm_values.h"
#include "slipway/base/text.h"

namespace slipway::run {

namespace {

using config::Node;

// kustomize

bool is_kustomization(const YamlDocument& document) {
  const std::string_view name = name_of_file(document.file);
  const std::string kind = text_at(document.root, "kind");
  const std::string api = text_at(document.root, "apiVersion");
  return document.root.is_mapping() && (api.empty() || api.starts_with("kustomize.")) &&
         (name == "kustomization.yaml" || name == "kustomization.yml" || name == "Kustomization" ||
          kind == "Kustomization" || kind == "Component");
}

/// A patch in a text: an object that is merged, or a JSON patch.
void collect_patch(const Node& patch, const YamlDocument& document, const std::string& role, ImageCollector& images) {
  const bool has_image = patch.is_scalar() && (patch.scalar.find("image:") != std::string::npos ||
                                               patch.scalar.find("/image") != std::string::npos);
  if (!has_image) return;
  images.inner(patch, {yaml_finder(), "patch.yaml", "a patch"}, role, document.options);
}

/// Values of a chart that may be in the folder "charts" beside the kustomization, where kustomize keeps it.
void collect_inline_values(const Node& values, const std::string& chart, const YamlDocument& document,
                           const std::string& role, ImageCollector& images) {
  PinOptions options = document.options;
  options.templates = {};
  const bool is_there = document.options.templates && !chart.empty() && chart.find('/') == std::string::npos &&
                        document.root.find("helmGlobals") == nullptr &&
                        document.options.templates(document.file, chart);
  if (is_there) {
    options.templates = [&](const std::string&, const std::string& subchart) {
      return subchart.empty() ? document.options.templates(document.file, chart) : std::nullopt;
    };
  }
  collect_helm_values(values, is_there ? document.file : std::string(), role, options, images);
}

/// The Kustomization of Flux has the same lists in its spec.
void collect_kustomization(const YamlDocument& document, ImageCollector& images) {
  const bool is_of_flux = text_at(document.root, "apiVersion").starts_with("kustomize.toolkit.fluxcd.io/");
  const Node* root = is_of_flux ? document.root.find("spec") : &document.root;
  const auto each = [&](std::string_view key, const auto& visit) {
    const Node* list = root == nullptr ? nullptr : root->find(key);
    for (std::size_t i = 0; list != nullptr && i < list->items.size(); ++i)
      visit(list->items[i], fmt::format("{}[{}]", key, i));
  };
  each("images", [&](const Node& item, const std::string& role) { collect_kustomize_image(item, role, images); });
  for (const std::string_view key : {"patches", "patchesJson6902"}) {
    each(key, [&](const Node& item, const std::string& role) {
      if (const Node* patch = item.find("patch")) collect_patch(*patch, document, role + ".patch", images);
    });
  }
  each("patchesStrategicMerge",
       [&](const Node& item, const std::string& role) { collect_patch(item, document, role, images); });
  each("helmCharts", [&](const Node& item, const std::string& role) {
    if (const Node* values = item.find("valuesInline"))
      collect_inline_values(*values, text_at(item, "name"), document, role + ".valuesInline", images);
  });
}

// JSON patches (RFC 6902)

bool is_json_patch(const YamlDocument& document) {
  return document.root.is_sequence() && !document.root.items.empty() &&
         std::all_of(document.root.items.begin(), document.root.items.end(), [](const Node& item) {
           return !text_at(item, "op").empty() && text_at(item, "path").starts_with('/');
         });
}

void collect_json_patch(const YamlDocument& document, ImageCollector& images) {
  for (std::size_t i = 0; i < document.root.items.size(); ++i) {
    const Node& item = document.root.items[i];
    const Node* value = item.find("value");
    const std::string role = fmt::format("[{}].value", i);
    if (value == nullptr) continue;
    if (value->is_mapping() && value->find("image") != nullptr) images.holder(*value, "image", role);
    if (value->is_scalar() && text_at(item, "path").ends_with("/image")) images.image(*value, role);
    for (std::size_t at = 0; at < value->items.size(); ++at) {
      if (value->items[at].find("image") != nullptr)
        images.holder(value->items[at], "image", fmt::format("{}[{}]", role, at));
    }
  }
}

// skaffold

bool is_skaffold(const YamlDocument& document) {
  return text_at(document.root, "apiVersion").starts_with("skaffold/") && text_at(document.root, "kind") == "Config";
}

struct PulledImage {
  const char *builder, *key;
};

constexpr std::array kPulled{PulledImage{"buildpacks", "builder"}, PulledImage{"buildpacks", "runImage"},
                             PulledImage{"jib", "fromImage"},      PulledImage{"ko", "fromImage"},
                             PulledImage{"kaniko", "image"},       PulledImage{"kaniko", "initImage"}};

/// build.artifacts[].image names what is built; builders, and containers that it starts, are pulled.
void collect_skaffold_part(const Node& part, const std::string& prefix, ImageCollector& images) {
  const Node* artifacts = follow(part, "build.artifacts");
  for (std::size_t i = 0; artifacts != nullptr && i < artifacts->items.size(); ++i) {
    for (const auto& [builder, key] : kPulled) {
      const Node* image = follow(artifacts->items[i], fmt::format("{}.{}", builder, key));
      if (image != nullptr) images.image(*image, fmt::format("{}build.artifacts[{}].{}.{}", prefix, i, builder, key));
    }
  }
  const auto container = [&](const Node& holder, const std::string& role) {
    if (holder.find("image") != nullptr) images.holder(holder, "image", role);
  };
  const Node* verify = part.find("verify");
  for (std::size_t i = 0; verify != nullptr && i < verify->items.size(); ++i) {
    if (const Node* inner = verify->items[i].find("container"))
      container(*inner, fmt::format("{}verify[{}].container", prefix, i));
  }
  const Node* actions = part.find("customActions");
  for (std::size_t i = 0; actions != nullptr && i < actions->items.size(); ++i) {
    const Node* list = actions->items[i].find("containers");
    for (std::size_t at = 0; list != nullptr && at < list->items.size(); ++at)
      container(list->items[at], fmt::format("{}customActions[{}].containers[{}]", prefix, i, at));
  }
}

void collect_skaffold(const YamlDocument& document, ImageCollector& images) {
  collect_skaffold_part(document.root, "", images);
  const Node* profiles = document.root.find("profiles");
  for (std::size_t i = 0; profiles != nullptr && i < profiles->items.size(); ++i)
    collect_skaffold_part(profiles->items[i], fmt::format("profiles[{}].", i), images);
}

// Helm values

bool is_values(const YamlDocument& document) { return is_helm_values(document.root, document.file); }

void collect_values(const YamlDocument& document, ImageCollector& images) {
  collect_helm_values(document.root, document.file, "", document.options, images);
}

}  // namespace

/// `name` says which images are meant; newName, newTag and digest what they become.
void collect_kustomize_image(const Node& item, const std::string& role, ImageCollector& images) {
  const Node* name = item.find("newName") != nullptr ? item.find("newName") : item.find("name");
  if (name == nullptr || !name->is_scalar()) return;
  ReferenceParts parts;
  parts.name = images.part_of(item, "newName");
  parts.adds_name = !parts.name.range;
  parts.name.value = name->scalar;
  parts.tag = images.part_of(item, "newTag");
  parts.digest = images.part_of(item, "digest");
  parts.neighbour = parts.tag.range ? *parts.tag.range : name->range;
  images.parts(item, std::move(parts), role);
}

std::string_view name_of_file(std::string_view file) { return file.substr(file.rfind('/') + 1); }

bool is_yaml_named(std::string_view file, std::string_view stem) {
  const std::string_view name = name_of_file(file);
  return name.starts_with(stem) && (name.ends_with(".yaml") || name.ends_with(".yml"));
}

std::string_view variable_name(std::string_view text) {
  if (text.starts_with("${") && text.ends_with('}')) {
    text = text.substr(2, text.size() - 3);
  } else if (text.starts_with('$')) {
    text.remove_prefix(1);
  } else {
    return {};
  }
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
    return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  });
  return plain ? text : std::string_view();
}

const std::vector<YamlFormat>& yaml_formats() {
  static const std::vector<YamlFormat> kFormats{{"kustomize", is_kustomization, collect_kustomization, true},
                                                {"skaffold", is_skaffold, collect_skaffold, true},
                                                {"json-patch", is_json_patch, collect_json_patch},
                                                {"gitlab-ci", is_gitlab_ci, collect_gitlab_ci},
                                                {"circleci", is_circleci, collect_circleci},
                                                {"bitbucket", is_bitbucket, collect_bitbucket},
                                                {"woodpecker", is_woodpecker, collect_woodpecker},
                                                {"azure-pipelines", is_azure_pipelines, collect_azure_pipelines},
                                                {"cloudbuild", is_cloudbuild, collect_cloudbuild},
                                                {"compose", is_compose, collect_compose},
                                                {"github-actions", is_github_workflow, collect_github_workflow},
                                                {"helm-values", is_values, collect_values}};
  return kFormats;
}

}  // namespace slipway::run
