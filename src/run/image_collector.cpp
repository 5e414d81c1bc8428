#include "run/image_collector.h"

#include <algorithm>

#include "run/reference_parts.h"
#include "slipway/base/text.h"
#include "slipway/config/splice.h"

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

bool looks_like_reference(const Node& value) {
  if (!value.is_scalar() || value.scalar.find_first_of(":@") == std::string::npos) return false;
  const auto location = oci::Location::parse_for_reading(value.scalar);
  return location && location->is_registry() && (location->tag() || location->digest());
}

std::size_t count_image_lines(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t at = text.find("image:"); at != std::string_view::npos; at = text.find("image:", at + 1)) {
    const std::string_view rest = text.substr(at + 6, text.find('\n', at) - at - 6);
    std::string_view value = trim(rest.substr(0, rest.find(" #")));
    if (value.size() > 1 && (value[0] == '"' || value[0] == '\'')) value = value.substr(1, value.size() - 2);
    const auto location = oci::Location::parse_for_reading(value);
    count += location && location->is_registry() && location->tag() && !location->digest() ? 1 : 0;
  }
  return count;
}

namespace {

/// Any digest: it stands for the one that a reference will get.
PinnedReference some_pin() {
  return {std::nullopt, std::nullopt, Digest::parse("sha256:" + std::string(64, '0')).value()};
}

bool has_digest(const FoundReference& found) { return found.written.find('@') != std::string::npos; }

/// Returns how many lines of a text that cannot be read look as if they named an image.
std::size_t count_mentions(std::string_view text) {
  std::size_t count = 0;
  for (const std::string& line : split(text, '\n')) {
    const std::string lower = to_lower(trim(line));
    const bool is_image = lower.find("image:") != std::string::npos || lower.starts_with("from ");
    count += is_image || lower.find("repository:") != std::string::npos ? 1 : 0;
  }
  return count;
}

}  // namespace

ImageCollector::ImageCollector(const Node& document, std::string_view text, Findings& findings)
    : document_(document), text_(text), findings_(findings) {
  for (const Node::Member& member : document.members)
    find_anchors(member.value, member.key.starts_with("x-") || member.key.starts_with('.'));
  for (const Node& item : document.items)
    find_anchors(item, false);
}

void ImageCollector::find_anchors(const Node& node, bool is_definition) {
  if (!node.anchor.empty()) {
    Anchor& anchor = anchors_[node.anchor.str()];
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
  known_.insert(&node);
  findings_.notes.push_back({node.where, std::move(role), std::move(reason), unpinned});
}

const Node* ImageCollector::use(const Node& value, std::set<std::string>& anchors) {
  const std::string& name = value.is_alias() ? value.scalar : value.anchor.str();
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
  if (item.is_alias()) return alias_holder(item, key, role);
  if (!item.anchor.empty()) known_holders_.insert(item.anchor.str());
  if (const Node* value = item.find(key)) {
    image(*value, fmt::format("{}.{}", role, key));
  } else if (const Node* merged = item.find("<<")) {
    if (merged->is_alias()) alias_holder(*merged, key, role);
    for (const Node& one : merged->items)
      alias_holder(one, key, role);
  }
}

void ImageCollector::alias_holder(const Node& alias, std::string_view key, const std::string& role) {
  alias_holders_.emplace_back(&alias, role);
  const auto anchor = anchors_.find(alias.scalar);
  const bool is_there = anchor != anchors_.end() && anchor->second.node != nullptr;
  if (const Node* image = is_there ? anchor->second.node->find(key) : nullptr) known_.insert(image);
}

void ImageCollector::image(const Node& value, const std::string& role, std::string_view prefix,
                           std::string_view suffix) {
  known_.insert(&value);
  if (!value.tag.empty() && !value.tag.str().starts_with("!!")) return;  // !reference and its like name something else
  std::set<std::string> anchors;
  const Node* at = use(value, anchors);
  if (at == nullptr)
    return note(value, role, fmt::format("*{} is not defined, left alone", printable(value.scalar, 80)));
  if (is_template(*at)) return note(value, role, "a template, left alone");
  if (!at->is_scalar() || at->scalar.empty()) return note(value, role, "not an image reference, left alone", 0);
  const bool is_one_line = at->style != Node::Style::block || config::can_replace(text_, *at, at->scalar + "x");
  if (!is_one_line) return note(value, role, "a block scalar, left alone; write it on one line to have it pinned");
  const std::string inner = at->scalar.substr(prefix.size(), at->scalar.size() - prefix.size() - suffix.size());
  add({inner, at->range, value.where, role, std::string(prefix), std::string(suffix)}, std::move(anchors));
}

void ImageCollector::name(const Node& value, const std::string& role) {
  std::set<std::string> anchors;
  const Node* at = use(value, anchors);
  if (at == nullptr || !at->is_scalar() || at->style == Node::Style::block || is_template(*at))
    return image(value, role);
  known_.insert(&value);
  FoundReference reference{at->scalar, at->range, value.where, role};
  reference.has_other_tag = true;
  add(std::move(reference), std::move(anchors));
}

bool ImageCollector::can_pin(const Node& node, const InnerText& inner,
                             std::span<const FoundReference> references) const {
  FileEdits all;
  for (const FoundReference& found : references) {
    const auto location = oci::Location::parse_for_reading(found.written);
    if (!location || !location->is_registry()) continue;
    FileEdits edits = edits_of(found, *location, some_pin()).edits;
    all.edits.insert(all.edits.end(), edits.edits.begin(), edits.edits.end());
    all.insertions.insert(all.insertions.end(), edits.insertions.begin(), edits.insertions.end());
  }
  const auto pinned = inner.finder->apply(inner.text, inner.file, {}, inner.findings, std::move(all));
  return pinned && config::can_replace(text_, node, *pinned);
}

void ImageCollector::inner_reference(const Node& node, std::shared_ptr<const InnerText> inner, FoundReference found,
                                     const std::string& role) {
  const int row = node.style == Node::Style::block ? node.where.row + found.where.row - 1 : node.where.row;
  found.where = {Where(node.where).file, row, node.style == Node::Style::block ? found.where.col : node.where.col};
  found.role = role + ": " + found.role;
  found.inner = std::move(inner);
  findings_.references.push_back(std::move(found));
}

void ImageCollector::inner(const Node& node, const InnerFormat& format, const std::string& role,
                           const PinOptions& options) {
  known_.insert(&node);
  const std::string all = text_of(node);
  auto findings = format.finder.find(all, std::string(format.file), {options.custom, {}, options.helm, {}, {}});
  if (!findings || !*findings) {
    if (const std::size_t count = count_mentions(all); count > 0)
      note(node, role, fmt::format("{} in a text that cannot be read, left alone", format.name), count);
    return;
  }
  const bool is_own = node.is_scalar() && node.anchor.empty();
  const auto inner = std::make_shared<const InnerText>(
      InnerText{&format.finder, all, std::string(format.file), node.range, **std::move(findings)});
  const std::vector<FoundReference>& references = inner->findings.references;
  const bool are_all_editable = is_own && can_pin(node, *inner, references);
  std::size_t left_alone = 0;
  for (const FoundReference& found : references) {
    if (!found.inner && is_own && (are_all_editable || can_pin(node, *inner, std::span(&found, 1)))) {
      inner_reference(node, inner, found, role);
    } else {
      left_alone += has_digest(found) ? 0 : 1;
    }
  }
  for (const PinNote& inner_note : inner->findings.notes)
    note(node, role + ": " + inner_note.role, inner_note.reason, inner_note.unpinned);
  if (left_alone > 0) {
    note(node, role, fmt::format("{} in a text, left alone; put it into a file to have it pinned", format.name),
         left_alone);
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
