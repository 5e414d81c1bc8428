#include "run/image_collector.h"

#include <algorithm>

#include "slipway/base/text.h"

namespace slipway::run {

using config::Node;

namespace {

void count_anchors(const Node& node, std::map<std::string, int>& anchors, std::map<std::string, int>& aliases) {
  if (!node.anchor.empty()) ++anchors[node.anchor];
  if (node.is_alias()) ++aliases[node.scalar];
  for (const Node& item : node.items)
    count_anchors(item, anchors, aliases);
  for (const Node::Member& member : node.members)
    count_anchors(member.value, anchors, aliases);
}

}  // namespace

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

bool is_template(const Node& value) { return value.is_scalar() && value.scalar.find("{{") != std::string::npos; }

void ImageCollector::note(const Node& node, std::string message) {
  findings_.notes.push_back({node.where, std::move(message)});
}

void ImageCollector::holder(const Node& item, std::string_view key, const std::string& role) {
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

void ImageCollector::image(const Node& value, const std::string& role, std::string_view prefix) {
  const auto reference = [&] {
    return FoundReference{value.scalar.substr(prefix.size()), value.range, value.where, role, std::string(prefix)};
  };
  if (value.is_alias()) {
    ++image_aliases_[value.scalar];
  } else if (is_template(value)) {
    note(value, fmt::format("{}: a template, left alone", role));
  } else if (!value.is_scalar() || value.scalar.empty()) {
    note(value, fmt::format("{}: no image reference, left alone", role));
  } else if (value.style == Node::Style::block) {
    note(value, fmt::format("{}: a block scalar, left alone; write it on one line to have it pinned", role));
  } else if (!value.anchor.empty()) {
    anchored_.push_back({reference(), value.anchor});
  } else {
    findings_.references.push_back(reference());
  }
}

void ImageCollector::parts(const Node& mapping, ReferenceParts parts, const std::string& role) {
  std::string written = parts.registry.value.empty() ? parts.name.value : parts.registry.value + "/" + parts.name.value;
  for (const ReferencePart* part : {&parts.registry, &parts.name, &parts.tag, &parts.digest}) {
    const Node* value = mapping.find(part->key);
    if (value == nullptr) continue;
    const bool is_usable = value->is_scalar() && value->style != Node::Style::block && value->anchor.empty();
    if (is_template(*value)) return note(*value, fmt::format("{}: a template, left alone", role));
    if (!is_usable && !(value->is_null() && value->range.end > value->range.begin)) {
      return note(*value, fmt::format("{}: {} is no plain value, left alone; write {}: \"\" to have it pinned", role,
                                      part->key, part->key));
    }
  }
  if (!parts.tag.value.empty()) written += ":" + parts.tag.value;
  if (!parts.digest.value.empty()) written += "@" + parts.digest.value;
  const Node* name = mapping.find(parts.name.key);
  const Node& at = name == nullptr ? mapping : *name;
  findings_.references.push_back({std::move(written), at.range, at.where, role, {}, std::move(parts)});
}

void ImageCollector::settle_anchored(const Node& document) {
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

bool ImageCollector::is_image_anchor(const std::string& name) const {
  return std::any_of(anchored_.begin(), anchored_.end(), [&](const Anchored& entry) { return entry.anchor == name; });
}

void ImageCollector::settle(const Node& document) {
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

}  // namespace slipway::run
