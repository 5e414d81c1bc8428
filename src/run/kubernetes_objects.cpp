#include "run/kubernetes_objects.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

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

std::string text_at(const Node& node, std::string_view key) {
  const Node* found = node.find(key);
  return found != nullptr && found->is_scalar() ? found->scalar : std::string();
}

const Node* follow(const Node& from, std::string_view path) {
  const Node* at = &from;
  for (const std::string& key : split(path, '.')) {
    at = at->find(key);
    if (at == nullptr) return nullptr;
  }
  return at;
}

bool is_builtin_group(std::string_view api_version) {
  const std::size_t slash = api_version.find('/');
  if (slash == std::string_view::npos) return true;
  const std::string_view group = api_version.substr(0, slash);
  return group == "apps" || group == "batch" || group == "extensions";
}

bool is_template(const Node& value) { return value.is_scalar() && value.scalar.find("{{") != std::string::npos; }

/// The images of one document: what was found, and which anchors and aliases stand where an image does.
class Collector {
 public:
  explicit Collector(Findings& findings) : findings_(findings) {}

  void object(const Node& node);
  /// Decides about anchored values once every alias of the document is known.
  void settle(const Node& document);

 private:
  struct Anchored {
    FoundReference reference;
    std::string anchor;
  };

  void settle_anchored(const Node& document);
  bool is_image_anchor(const std::string& name) const;
  void pod_spec(const Node& spec, const std::string& owner);
  void containers(const Node& spec, std::string_view list, const std::string& owner);
  void image_volumes(const Node& spec, const std::string& owner);
  void holder(const Node& item, std::string_view key, const std::string& role);
  void image(const Node& value, const std::string& role);
  void unknown_kind(const Node& node, const std::string& owner);
  void note(const Node& node, std::string message) { findings_.notes.push_back({node.where, std::move(message)}); }

  Findings& findings_;
  std::vector<Anchored> anchored_;
  std::map<std::string, int> image_aliases_;
  std::vector<std::pair<const Node*, std::string>> alias_holders_;
  std::set<std::string> known_holders_;
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
  unknown_kind(node, owner);
}

void Collector::unknown_kind(const Node& node, const std::string& owner) {
  const int count = count_containers(node);
  if (count == 0) return;
  note(node, fmt::format("{} ({}): {} image reference{} left alone, this kind is not a built-in workload", owner,
                         printable(text_at(node, "apiVersion"), 100), count, count == 1 ? "" : "s"));
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
    holder(found->items[i], "image", fmt::format("{}: {}[{}]", owner, list, i));
  }
}

void Collector::image_volumes(const Node& spec, const std::string& owner) {
  const Node* volumes = spec.find("volumes");
  if (volumes == nullptr) return;
  for (std::size_t i = 0; i < volumes->items.size(); ++i) {
    const Node* source = volumes->items[i].find("image");
    if (source != nullptr) holder(*source, "reference", fmt::format("{}: volumes[{}].image", owner, i));
  }
}

void Collector::holder(const Node& item, std::string_view key, const std::string& role) {
  if (item.is_alias()) {
    alias_holders_.emplace_back(&item, role);
    return;
  }
  if (!item.anchor.empty()) known_holders_.insert(item.anchor);
  if (const Node* value = item.find(key)) {
    image(*value, fmt::format("{}.{}", role, key));
  } else if (const Node* merged = item.find("<<")) {
    alias_holders_.emplace_back(merged, role);
  }
}

void Collector::image(const Node& value, const std::string& role) {
  if (value.is_alias()) {
    ++image_aliases_[value.scalar];
  } else if (is_template(value)) {
    note(value, fmt::format("{}: a template, left alone", role));
  } else if (!value.is_scalar() || value.scalar.empty()) {
    note(value, fmt::format("{}: no image reference, left alone", role));
  } else if (value.style == Node::Style::block) {
    note(value, fmt::format("{}: a block scalar, left alone; write it on one line to have it pinned", role));
  } else if (!value.anchor.empty()) {
    anchored_.push_back({{value.scalar, value.range, value.where, role}, value.anchor});
  } else {
    findings_.references.push_back({value.scalar, value.range, value.where, role});
  }
}

void count_anchors(const Node& node, std::map<std::string, int>& anchors, std::map<std::string, int>& aliases) {
  if (!node.anchor.empty()) ++anchors[node.anchor];
  if (node.is_alias()) ++aliases[node.scalar];
  for (const Node& item : node.items)
    count_anchors(item, anchors, aliases);
  for (const Node::Member& member : node.members)
    count_anchors(member.value, anchors, aliases);
}

void Collector::settle_anchored(const Node& document) {
  std::map<std::string, int> anchors;
  std::map<std::string, int> aliases;
  count_anchors(document, anchors, aliases);
  for (const Anchored& entry : anchored_) {
    // An alias elsewhere would change with the anchor, and nobody asked for that.
    if (anchors[entry.anchor] == 1 && aliases[entry.anchor] == image_aliases_[entry.anchor]) {
      findings_.references.push_back(entry.reference);
    } else {
      findings_.notes.push_back(
          {entry.reference.where, fmt::format("{}: left alone, &{} is used elsewhere too", entry.reference.role,
                                              printable(entry.anchor, 80))});
    }
  }
}

bool Collector::is_image_anchor(const std::string& name) const {
  return std::any_of(anchored_.begin(), anchored_.end(), [&](const Anchored& entry) { return entry.anchor == name; });
}

void Collector::settle(const Node& document) {
  settle_anchored(document);
  for (const auto& [name, count] : image_aliases_) {
    if (count == 0 || is_image_anchor(name)) continue;
    const std::string shown = printable(name, 80);
    note(document, fmt::format("{} image{} given as *{} left alone: &{} stands outside of the known places", count,
                               count == 1 ? "" : "s", shown, shown));
  }
  for (const auto& [node, role] : alias_holders_) {
    if (node->is_alias() && known_holders_.contains(node->scalar)) continue;
    note(*node, fmt::format("{}: its image comes from elsewhere in the file, left alone", role));
  }
}

}  // namespace

bool is_kubernetes_object(const Node& document) {
  return document.is_mapping() && !text_at(document, "apiVersion").empty() && !text_at(document, "kind").empty();
}

void collect_references(const Node& object, Findings& findings) {
  Collector collector(findings);
  collector.object(object);
  collector.settle(object);
}

}  // namespace slipway::run
