#include "run/kubernetes_objects.h"

#include <algorithm>
#include <array>

#include "run/custom_resources.h"
#include "run/helm_values.h"
#include "run/image_collector.h"
#include "run/reference_parts.h"
#include "run/yaml_formats.h"
#include "slipway/base/text.h"

namespace slipway::run {

namespace {

using config::Node;

struct Workload {
  std::string_view kind;
  std::string_view pod_spec;  ///< where the PodSpec is, members joined with dots
};

// The kinds of the API groups "" (core), apps, batch and extensions that hold a PodSpec.
constexpr std::array kWorkloads{
    Workload{"Pod", "spec"},
    Workload{"PodTemplate", "template.spec"},
    Workload{"ReplicationController", "spec.template.spec"},
    Workload{"Deployment", "spec.template.spec"},
    Workload{"ReplicaSet", "spec.template.spec"},
    Workload{"StatefulSet", "spec.template.spec"},
    Workload{"DaemonSet", "spec.template.spec"},
    Workload{"Job", "spec.template.spec"},
    Workload{"CronJob", "spec.jobTemplate.spec.template.spec"},
};

bool is_builtin_group(std::string_view api_version) {
  const std::size_t slash = api_version.find('/');
  if (slash == std::string_view::npos) return true;
  const std::string_view group = api_version.substr(0, slash);
  return group == "apps" || group == "batch" || group == "extensions";
}

/// Returns true for an option --NAME=REFERENCE without a digest, if it is named after an image or its value has a
/// registry.
bool is_image_argument(const Node& argument) {
  const std::size_t equals = argument.scalar.find('=');
  if (!argument.is_scalar() || !argument.scalar.starts_with("--") || equals == std::string::npos) return false;
  const std::string_view value = std::string_view(argument.scalar).substr(equals + 1);
  const auto location = oci::Location::parse_for_reading(value);
  if (!location || !location->is_registry() || !location->tag() || location->digest()) return false;
  const std::size_t slash = value.find('/');
  const bool has_registry =
      slash != std::string_view::npos && value.substr(0, slash).find('.') != std::string_view::npos;
  return has_registry || argument.scalar.substr(0, equals).find("image") != std::string::npos;
}

/// Collects the images of one object, or of the objects of a List.
class Collector {
 public:
  Collector(ImageCollector& images, const PinOptions& options) : images_(images), options_(options) {}
  void object(const Node& node);

 private:
  using Holds = ResourcePath::Holds;
  bool custom(const Node& node, const std::string& kind, const std::string& owner);
  void at_path(const Node& node, std::string_view path, Holds holds, const std::string& owner,
               const std::string& so_far);
  void at_end(const Node& node, Holds holds, const std::string& owner, const std::string& place);
  void kustomize_image(const Node& node, const std::string& role);
  void oci_artifact(const Node& spec, const std::string& role);
  void pod_spec(const Node& spec, const std::string& owner);
  void containers(const Node& spec, std::string_view list, const std::string& owner);
  void variables(const Node& container, const std::string& role);
  void arguments(const Node& container, const std::string& role);
  void image_volumes(const Node& spec, const std::string& owner);
  /// Notes images that were not seen.
  void leftover(const Node& node, const std::string& owner, std::string_view why);

  ImageCollector& images_;
  const PinOptions& options_;
};

std::string owner_of(const Node& object) {
  const Node* metadata = object.find("metadata");
  const std::string name = metadata == nullptr ? std::string() : text_at(*metadata, "name");
  return printable(text_at(object, "kind") + (name.empty() ? "" : " " + name), 200);
}

bool is_unpinned_image(const Node& value, std::string_view key, bool in_containers) {
  if (!value.is_scalar() || value.scalar.find('@') != std::string::npos) return false;
  return (key == "image" && in_containers) || looks_like_reference(value);
}

std::size_t count_images(const Node& node, const ImageCollector& images, bool in_containers) {
  std::size_t count = 0;
  for (const Node& item : node.items)
    count += count_images(item, images, in_containers);
  for (const Node::Member& member : node.members) {
    const std::string_view key = member.key;
    if (images.has(member.value)) continue;
    if (key.ends_with("image") || key.ends_with("Image")) {
      count += is_unpinned_image(member.value, key, in_containers) ? 1 : 0;
    } else if (member.value.is_scalar() && member.value.scalar.find('\n') != std::string::npos) {
      count += count_image_lines(member.value.scalar);
    }
    count += count_images(member.value, images, key == "containers" || key == "initContainers");
  }
  return count;
}

void Collector::object(const Node& node) {
  const std::string kind = text_at(node, "kind");
  const std::string owner = owner_of(node);
  const Node* items = node.find("items");
  if (kind.ends_with("List") && items != nullptr && items->is_sequence()) {
    for (const Node& item : items->items)
      object(item);
    return;
  }
  if (is_builtin_group(text_at(node, "apiVersion"))) {
    const auto known = std::find_if(kWorkloads.begin(), kWorkloads.end(),
                                    [&](const Workload& workload) { return workload.kind == kind; });
    if (known != kWorkloads.end()) {
      const Node* spec = follow(node, known->pod_spec);
      if (spec != nullptr) pod_spec(*spec, owner);
      return leftover(node, owner, "not at a place of images that pin knows, left alone");
    }
  }
  const bool is_known = custom(node, kind, owner);
  leftover(node, owner,
           is_known ? "not at a place of images that pin knows, left alone; name the place with --crd"
                    : "left alone, pin does not know this kind; name the place with --crd");
}

bool Collector::custom(const Node& node, const std::string& kind, const std::string& owner) {
  bool known = false;
  const std::string api = text_at(node, "apiVersion");
  const auto visit = [&](std::string_view path_kind, std::string_view group, std::string_view path, Holds holds) {
    if (path_kind != kind || (!group.empty() && !api.starts_with(std::string(group) + "/"))) return;
    known = true;
    at_path(node, path, holds, owner, "");
  };
  for (const CustomPath& path : options_.custom)
    visit(path.kind, path.group, path.path, Holds::pods_or_images);
  if (known) return true;
  for (const ResourcePath& path : known_resources())
    visit(path.kind, path.group, path.path, path.holds);
  return known;
}

void Collector::at_path(const Node& node, std::string_view path, Holds holds, const std::string& owner,
                        const std::string& so_far) {
  if (path.empty()) return at_end(node, holds, owner, so_far);
  const std::size_t dot = path.find('.');
  std::string_view key = path.substr(0, dot);
  const std::string_view rest = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
  const bool each = key.ends_with("[]");
  if (each) key.remove_suffix(2);
  for (const Node::Member& member : node.members) {
    if (key != "*" && member.key != key) continue;
    const std::string place = so_far.empty() ? member.key : fmt::format("{}.{}", so_far, member.key);
    if (!each) at_path(member.value, rest, holds, owner, place);
    for (std::size_t i = 0; each && i < member.value.items.size(); ++i)
      at_path(member.value.items[i], rest, holds, owner, fmt::format("{}[{}]", place, i));
  }
}

void Collector::at_end(const Node& node, Holds holds, const std::string& owner, const std::string& place) {
  const std::string role = fmt::format("{}: {}", owner, printable(place, 200));
  switch (holds) {
    case Holds::pods_or_images:
      return node.is_mapping() ? pod_spec(node, owner) : images_.image(node, role);
    case Holds::helm_values:
    case Holds::image_parts:
      return collect_helm_values(node, "", role, options_, images_);
    case Holds::oci_artifact:
      return oci_artifact(node, role);
    case Holds::helm_parameters:
      return collect_helm_parameters(node, role, options_, images_);
    case Holds::kustomize_image:
      return kustomize_image(node, role);
    case Holds::helm_set:
      return collect_helm_set(node, role, options_, images_);
    case Holds::kustomize_entry:
      return collect_kustomize_image(node, role, images_);
    case Holds::values_text:
      return images_.inner(node, {yaml_finder(), "values.yaml", "Helm values"}, role, options_);
    case Holds::patch_text:
      return images_.inner(node, {yaml_finder(), "patch.yaml", "a patch"}, role, options_);
  }
}

/// "nginx:1.27", or "nginx=registry.example.com/nginx:1.27" where only what is behind the sign is pulled.
void Collector::kustomize_image(const Node& node, const std::string& role) {
  const std::size_t equals = node.is_scalar() ? node.scalar.find('=') : std::string::npos;
  images_.image(node, role, equals == std::string::npos ? "" : node.scalar.substr(0, equals + 1));
}

void Collector::oci_artifact(const Node& spec, const std::string& role) {
  const Node* reference = spec.find("ref");
  const std::string url = text_at(spec, "url");
  if (!url.starts_with("oci://")) return;
  if (reference == nullptr || !reference->is_mapping() || text_at(*reference, "tag").empty()) {
    if (reference == nullptr || text_at(*reference, "digest").empty())
      images_.note(spec, role, "has no tag, left alone");
    return;
  }
  ReferenceParts parts;
  parts.name = {"url", url.substr(6), std::nullopt};
  parts.tag = images_.part_of(*reference, "tag");
  parts.digest = images_.part_of(*reference, "digest");
  parts.neighbour = *parts.tag.range;
  images_.parts(*reference, std::move(parts), role);
}

void Collector::leftover(const Node& node, const std::string& owner, std::string_view why) {
  const std::size_t count = count_images(node, images_);
  if (count == 0) return;
  images_.note(node, fmt::format("{} ({})", owner, printable(text_at(node, "apiVersion"), 100)),
               fmt::format("{} image reference{} {}", count, count == 1 ? "" : "s", why), count);
}

void Collector::pod_spec(const Node& spec, const std::string& owner) {
  for (std::string_view list : {"initContainers", "containers", "ephemeralContainers"})
    containers(spec, list, owner);
  image_volumes(spec, owner);
}

void Collector::containers(const Node& spec, std::string_view list, const std::string& owner) {
  const Node* found = spec.find(list);
  if (found == nullptr) return;
  for (std::size_t i = 0; i < found->items.size(); ++i) {
    const std::string role = fmt::format("{}: {}[{}]", owner, list, i);
    images_.holder(found->items[i], "image", role);
    variables(found->items[i], role);
    arguments(found->items[i], role);
  }
}

/// RELATED_IMAGE_... variables name the images that an operator runs. Others may be anything, and are noted.
void Collector::variables(const Node& container, const std::string& role) {
  const Node* list = container.find("env");
  for (std::size_t i = 0; list != nullptr && i < list->items.size(); ++i) {
    const std::string name = text_at(list->items[i], "name");
    const Node* value = list->items[i].find("value");
    if (value == nullptr || name.find("IMAGE") == std::string::npos || !looks_like_reference(*value)) continue;
    const std::string place = fmt::format("{}.env[{}].value", role, i);
    if (name.starts_with("RELATED_IMAGE_")) {
      images_.image(*value, place);
    } else if (value->scalar.find('@') == std::string::npos) {
      images_.note(*value, place, "an environment variable that may name an image, left alone");
    }
  }
}

/// --reloader-image=quay.io/team/reloader:v1
void Collector::arguments(const Node& container, const std::string& role) {
  for (const std::string_view key : {"args", "command"}) {
    const Node* list = container.find(key);
    for (std::size_t i = 0; list != nullptr && i < list->items.size(); ++i) {
      if (is_image_argument(list->items[i]))
        images_.note(list->items[i], fmt::format("{}.{}[{}]", role, key, i),
                     "an argument that may name an image, left alone");
    }
  }
}

void Collector::image_volumes(const Node& spec, const std::string& owner) {
  const Node* volumes = spec.find("volumes");
  if (volumes == nullptr) return;
  for (std::size_t i = 0; i < volumes->items.size(); ++i) {
    const Node* source = volumes->items[i].find("image");
    if (source != nullptr) images_.holder(*source, "reference", fmt::format("{}: volumes[{}].image", owner, i));
  }
}

}  // namespace

std::size_t count_images(const Node& node, const ImageCollector& images) { return count_images(node, images, false); }

Result<CustomPath> parse_custom_path(std::string_view text) {
  const std::size_t equals = text.find('=');
  const std::string_view name = text.substr(0, equals);
  const std::size_t dot = name.find('.');
  if (equals == std::string_view::npos || equals + 1 == text.size() || name.empty() || dot == 0) {
    return fail(
        Error(Errc::invalid_argument, fmt::format("\"{}\" is not KIND[.GROUP]=PATH", printable(text, 200)))
            .with_hint("write e.g. --crd Rollout.argoproj.io=spec.template.spec, or --crd Task=spec.steps[].image"));
  }
  const std::string group = dot == std::string_view::npos ? "" : std::string(name.substr(dot + 1));
  return CustomPath{std::string(name.substr(0, dot)), group, std::string(text.substr(equals + 1))};
}

bool is_kubernetes_object(const Node& document) {
  return document.is_mapping() && !text_at(document, "apiVersion").empty() && !text_at(document, "kind").empty();
}

void collect_references(const Node& object, const PinOptions& options, ImageCollector& images) {
  Collector(images, options).object(object);
}

}  // namespace slipway::run
