#include "config/tree_matcher.h"

namespace slipway::config {

namespace {

using Kind = YamlEvent::Kind;

bool has_same_extras(const Node& node, const YamlEvent& event) {
  return node.anchor == event.anchor && node.tag == event.tag;
}

}  // namespace

bool TreeMatcher::next(const YamlEvent& event) {
  matches_ = matches_ && step(event);
  return matches_;
}

bool TreeMatcher::step(const YamlEvent& event) {
  switch (event.kind) {
    case Kind::document_start:
      has_root_ = false;
      return document_ < documents_.size() && stack_.empty();
    case Kind::document_end:
      return end_document();
    case Kind::mapping_end:
    case Kind::sequence_end:
      return close(event);
    case Kind::stream_end:
      return stack_.empty();
    case Kind::mapping_start:
    case Kind::sequence_start:
    case Kind::scalar:
    case Kind::alias:
      break;
  }
  const bool is_key = !stack_.empty() && stack_.back().node->is_mapping() && !stack_.back().has_key;
  return is_key ? key(event) : value(event);
}

bool TreeMatcher::end_document() {
  const Node& root = documents_[document_++];
  return has_root_ || (root.is_null() && root.scalar.empty());
}

bool TreeMatcher::close(const YamlEvent& event) {
  if (stack_.empty()) return false;
  const Frame& frame = stack_.back();
  const bool is_mapping = event.kind == Kind::mapping_end;
  const std::size_t size = is_mapping ? frame.node->members.size() : frame.node->items.size();
  const bool ends = frame.node->is_mapping() == is_mapping && frame.index == size && frame.added == nullptr;
  stack_.pop_back();
  return ends;
}

bool TreeMatcher::key(const YamlEvent& event) {
  Frame& frame = stack_.back();
  if (event.kind != Kind::scalar) return false;
  frame.has_key = true;
  if (frame.added != nullptr) return event.text == (*frame.added)[frame.added_index].key;
  return frame.index < frame.node->members.size() && event.text == frame.node->members[frame.index].key;
}

bool TreeMatcher::added_value(const YamlEvent& event) {
  Frame& frame = stack_.back();
  frame.has_key = false;
  const std::string& value = (*frame.added)[frame.added_index].value;
  if (++frame.added_index == frame.added->size()) frame.added = nullptr;
  return event.kind == Kind::scalar && !event.is_null() && event.text == value;
}

const Node* TreeMatcher::expected() {
  if (stack_.empty()) {
    const bool is_first = !has_root_ && document_ < documents_.size();
    has_root_ = true;
    return is_first ? &documents_[document_] : nullptr;
  }
  Frame& frame = stack_.back();
  if (frame.node->is_sequence())
    return frame.index < frame.node->items.size() ? &frame.node->items[frame.index++] : nullptr;
  frame.has_key = false;
  const std::size_t index = frame.index++;
  frame.added = changes_.added(*frame.node, index);
  frame.added_index = 0;
  return &frame.node->members[index].value;
}

bool TreeMatcher::value(const YamlEvent& event) {
  if (!stack_.empty() && stack_.back().added != nullptr && stack_.back().node->is_mapping()) return added_value(event);
  const Node* node = expected();
  if (node == nullptr || !has_same_extras(*node, event)) return false;
  return event.starts_collection() ? collection(*node, event) : scalar(*node, event);
}

const std::string* TreeMatcher::new_text(const Node& node) {
  if (node.range.begin > next_change_) next_change_ = changes_.next_change(node.range.begin);
  return node.range.begin == next_change_ ? changes_.new_text(node) : nullptr;
}

bool TreeMatcher::scalar(const Node& node, const YamlEvent& event) {
  if (event.kind == Kind::alias) return node.is_alias() && node.scalar == event.text;
  if (const std::string* text = new_text(node)) return !event.is_null() && event.text == *text;
  return (node.is_scalar() || node.is_null()) && node.style == event.style && node.scalar == event.text;
}

bool TreeMatcher::collection(const Node& node, const YamlEvent& event) {
  const bool is_in_flow = !stack_.empty() && stack_.back().node->style == Node::Style::flow;
  const Node::Style style = event.written || is_in_flow ? Node::Style::flow : Node::Style::block;
  const bool is_same = event.kind == Kind::mapping_start ? node.is_mapping() : node.is_sequence();
  stack_.push_back({&node});
  return is_same && node.style == style;
}

}  // namespace slipway::config
