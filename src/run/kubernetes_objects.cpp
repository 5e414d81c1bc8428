#include "run/kubernetes_objects.h"

#include <algorithm>
#include <array>

#include "run/image_collector.h"
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

/// The images of one object, or of a List's.
class Collector {
 public:
  Collector(ImageCollector& images, const PinOptions& options) : images_(images), options_(options) {}
  void object(const Node& node);

 private:
  bool custom(const Node& node, const std::string& kind, const std::string& owner);
  void at_path(const Node& node, std::string_view path, const std::string& owner, const std::string& so_far);
  void pod_spec(const Node& spec, const std::string& owner);
  void containers(const Node& spec, std::string_view list, const std::string& owner);
  void image_volumes(const Node& spec, const std::string& owner);
  void unknown_kind(const Node& node, const std::string& owner);

  ImageCollector& images_;
  const PinOptions& options_;
};

std::string owner_of(const Node& object) {
  const Node* metadata = object.find("metadata");
  const std::string name = metadata == nullptr ? std::string() : text_at(*metadata, "name");
  return printable(text_at(object, "kind") + (name.empty() ? "" : " " + name), 200);
}

/// How many images stand in lists called containers, wherever they are.
int count_containers(const Node& node) {
  int count = 0;
  for (const Node& item : node.items)
    count += count_containers(item);
  for (const Node::Member& member : node.members) {
    if (member.key == "containers" || member.key == "initContainers") {
      for (const Node& item : member.value.items)
        count += item.find("image") != nullptr ? 1 : 0;
    } else {
      count += count_containers(member.value);
    }
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
      return;
    }
  }
  if (!custom(node, kind, owner)) unknown_kind(node, owner);
}

bool Collector::custom(const Node& node, const std::string& kind, const std::string& owner) {
  bool known = false;
  const std::string api = text_at(node, "apiVersion");
  for (const CustomPath& path : options_.custom) {
    if (path.kind != kind || (!path.group.empty() && !api.starts_with(path.group + "/"))) continue;
    known = true;
    at_path(node, path.path, owner, "");
  }
  return known;
}

/// A path's end is a pod when it is a mapping, and an image when it is a scalar.
void Collector::at_path(const Node& node, std::string_view path, const std::string& owner, const std::string& so_far) {
  const std::size_t dot = path.find('.');
  std::string_view key = path.substr(0, dot);
  const bool each = key.ends_with("[]");
  if (each) key.remove_suffix(2);
  const Node* member = node.find(key);
  if (member == nullptr) return;
  const std::string place = so_far.empty() ? std::string(key) : fmt::format("{}.{}", so_far, key);
  const auto visit = [&](const Node& at, const std::string& where) {
    if (dot != std::string_view::npos) return at_path(at, path.substr(dot + 1), owner, where);
    if (at.is_mapping()) return pod_spec(at, owner);
    images_.image(at, fmt::format("{}: {}", owner, where));
  };
  if (!each) return visit(*member, place);
  for (std::size_t i = 0; i < member->items.size(); ++i)
    visit(member->items[i], fmt::format("{}[{}]", place, i));
}

void Collector::unknown_kind(const Node& node, const std::string& owner) {
  const int count = count_containers(node);
  if (count == 0) return;
  images_.note(
      node, fmt::format(
                "{} ({}): {} image reference{} left alone, this kind is not a built-in workload; say where with --crd",
                owner, printable(text_at(node, "apiVersion"), 100), count, count == 1 ? "" : "s"));
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
    images_.holder(found->items[i], "image", fmt::format("{}: {}[{}]", owner, list, i));
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

Result<CustomPath> parse_custom_path(std::string_view text) {
  const std::size_t equals = text.find('=');
  const std::string_view name = text.substr(0, equals);
  const std::size_t dot = name.find('.');
  if (equals == std::string_view::npos || equals + 1 == text.size() || name.empty() || dot == 0) {
    return fail(Error(Errc::invalid_argument, fmt::format("\"{}\" is not KIND[.GROUP]=PATH", printable(text, 200)))
                    .with_hint("for example Rollout.argoproj.io=spec.template.spec, or Task=spec.steps[].image"));
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
