#include "run/image_collector.h"

#include <algorithm>

#include "run/reference_parts.h"
#include "slipway/base/text.h"
#include "slipway/config/literal_block.h"

namespace slipway::run {

using config::Node;

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

namespace {

/// Returns the bytes of a reference without quotes around it; nullopt if it is written in another way.
std::optional<config::Range> bare_range(std::string_view text, const FoundReference& found) {
  const std::string wanted = found.prefix + found.written + found.suffix;
  config::Range range = found.range;
  const bool is_quoted = range.end > range.begin + 1 && (text[range.begin] == '"' || text[range.begin] == '\'');
  if (is_quoted) range = {range.begin + 1, range.end - 1};
  return text.substr(range.begin, range.end - range.begin) == wanted ? std::optional(range) : std::nullopt;
}

}  // namespace

ImageCollector::ImageCollector(const Node& document, Findings& findings) : document_(document), findings_(findings) {
  for (const Node::Member& member : document.members)
    find_anchors(member.value, member.key.starts_with("x-") || member.key.starts_with('.'));
  for (const Node& item : document.items)
    find_anchors(item, false);
}

void ImageCollector::find_anchors(const Node& node, bool is_definition) {
  if (!node.anchor.empty()) {
    Anchor& anchor = anchors_[node.anchor];
    anchor.node = &node;
    anchor.is_definition = is_definition;
    ++anchor.definitions;
  }
  if (node.is_alias()) ++anchors_[node.scalar].aliases;
  for (const Node& item : node.items)
    find_anchors(item, is_definition);
  for (const Node::Member& member : node.members)
    find_anchors(member.value, is_definition);
}

void ImageCollector::note(const Node& node, std::string role, std::string reason, std::size_t unpinned) {
  findings_.notes.push_back({node.where, std::move(role), std::move(reason), unpinned});
}

const Node* ImageCollector::use(const Node& value, std::set<std::string>& anchors) {
  const std::string& name = value.is_alias() ? value.scalar : value.anchor;
  if (name.empty()) return &value;
  const auto found = anchors_.find(name);
  if (found == anchors_.end() || found->second.node == nullptr) return nullptr;
  anchors.insert(name);
  if (!value.is_alias()) {
    found->second.is_used_itself = true;
    return &value;
  }
  ++found->second.uses;
  return found->second.node;
}

void ImageCollector::add(FoundReference reference, std::set<std::string> anchors) {
  if (anchors.empty()) {
    findings_.references.push_back(std::move(reference));
  } else {
    shared_.push_back({std::move(reference), std::move(anchors)});
  }
}

std::string ImageCollector::text_of(const Node& value) const {
  if (!value.is_alias()) return value.is_scalar() ? value.scalar : std::string();
  const auto found = anchors_.find(value.scalar);
  if (found == anchors_.end() || found->second.node == nullptr) return {};
  return found->second.node->is_scalar() ? found->second.node->scalar : std::string();
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
    if (merged->is_alias()) alias_holders_.emplace_back(merged, role);
    for (const Node& one : merged->items)
      alias_holders_.emplace_back(&one, role);
  }
}

void ImageCollector::image(const Node& value, const std::string& role, std::string_view prefix,
                           std::string_view suffix) {
  if (!value.tag.empty() && !value.tag.starts_with("!!")) return;  // !reference and its like name something else
  std::set<std::string> anchors;
  const Node* at = use(value, anchors);
  if (at == nullptr)
    return note(value, role, fmt::format("*{} is not defined, left alone", printable(value.scalar, 80)));
  if (is_template(*at)) return note(value, role, "a template, left alone");
  if (!at->is_scalar() || at->scalar.empty()) return note(value, role, "not an image reference, left alone", 0);
  if (at->style == Node::Style::block)
    return note(value, role, "a block scalar, left alone; write it on one line to have it pinned");
  const std::string inner = at->scalar.substr(prefix.size(), at->scalar.size() - prefix.size() - suffix.size());
  add({inner, at->range, value.where, role, std::string(prefix), std::string(suffix)}, std::move(anchors));
}

void ImageCollector::inner(const Node& node, std::string_view text, const Findings& findings, const std::string& role,
                           std::string_view what) {
  const auto block = node.anchor.empty() ? config::LiteralBlock::of(text, node) : std::nullopt;
  std::size_t left_alone = 0;
  for (FoundReference found : findings.references) {
    const auto bare = block && !found.parts ? bare_range(node.scalar, found) : std::nullopt;
    const auto range = bare ? block->in_file(*bare) : std::nullopt;
    if (!range) {
      left_alone += found.written.find('@') == std::string::npos ? 1 : 0;
      continue;
    }
    found.where = {node.where.file, node.where.row + found.where.row - 1, found.where.col};
    found.role = role + ": " + found.role;
    found.range = *range;
    findings_.references.push_back(std::move(found));
  }
  for (const PinNote& inner : findings.notes)
    note(node, role + ": " + inner.role, inner.reason, inner.unpinned);
  if (left_alone > 0) {
    note(node, role, fmt::format("{} in a text, left alone; put it into a file to have it pinned", what), left_alone);
  }
}

ReferencePart ImageCollector::part_of(const Node& mapping, std::string_view key) {
  ReferencePart part{std::string(key), {}, std::nullopt};
  const Node* value = mapping.find(key);
  if (value == nullptr) return part;
  part.range = value->range;
  part.value = text_of(*value);
  if (value->is_alias()) {
    const auto found = anchors_.find(value->scalar);
    if (found != anchors_.end() && found->second.node != nullptr) part.range = found->second.node->range;
  }
  return part;
}

void ImageCollector::parts(const Node& mapping, ReferenceParts parts, const std::string& role) {
  std::set<std::string> anchors;
  for (const ReferencePart* part : {&parts.registry, &parts.name, &parts.tag, &parts.digest}) {
    const Node* value = mapping.find(part->key);
    if (value == nullptr) continue;
    const Node* at = use(*value, anchors);
    if (at != nullptr && is_template(*at)) return note(*value, role, "a template, left alone");
    const bool is_usable = at != nullptr && at->is_scalar() && at->style != Node::Style::block;
    if (!is_usable && !(value->is_null() && value->range.end > value->range.begin)) {
      return note(
          *value, role,
          fmt::format("{} is not a plain value, left alone; write {}: \"\" to have it pinned", part->key, part->key));
    }
  }
  const Node* name = mapping.find(parts.name.key);
  // A new key is put behind a value of this mapping, never behind the anchor that an alias names.
  const Node* tag = mapping.find(parts.tag.key);
  if (tag != nullptr && tag->is_alias() && name != nullptr) parts.neighbour = name->range;
  const Node& at = name == nullptr ? mapping : *name;
  FoundReference reference{{}, at.range, at.where, role};
  reference.written = reference_of(parts);
  reference.parts = std::move(parts);
  add(std::move(reference), std::move(anchors));
}

bool ImageCollector::may_change(const Anchor& anchor) const {
  return anchor.definitions == 1 && anchor.aliases == anchor.uses && (anchor.is_used_itself || anchor.is_definition);
}

void ImageCollector::settle() {
  for (Shared& shared : shared_) {
    const auto used_elsewhere = std::find_if(shared.anchors.begin(), shared.anchors.end(),
                                             [&](const std::string& name) { return !may_change(anchors_[name]); });
    if (used_elsewhere == shared.anchors.end()) {
      findings_.references.push_back(std::move(shared.reference));
    } else {
      findings_.notes.push_back({shared.reference.where, shared.reference.role,
                                 fmt::format("left alone, &{} is used elsewhere too", printable(*used_elsewhere, 80))});
    }
  }
  for (const auto& [node, role] : alias_holders_) {
    if (!node->is_alias() || known_holders_.contains(node->scalar)) continue;
    const auto anchor = anchors_.find(node->scalar);
    const bool has_image =
        anchor != anchors_.end() && anchor->second.node != nullptr && anchor->second.node->find("image") != nullptr;
    if (has_image) note(*node, role, "its image comes from elsewhere in the file, left alone");
  }
}

}  // namespace slipway::run
