#include "config/tree_builder.h"

#include <algorithm>
#include <utility>

#include "slipway/base/text.h"

namespace slipway::config {

namespace {

/// More problems than this in one file tell a person nothing new.
constexpr std::size_t kMaxProblems = 50;

bool means_null(const Node& node) {
  if (node.style != Node::Style::plain || !node.tag.empty()) return false;
  const std::string& text = node.scalar;
  return text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL";
}

}  // namespace

TreeBuilder::TreeBuilder(const LineIndex& lines, const YamlLimits& limits, Diagnostics& diagnostics)
    : lines_(lines), limits_(limits), diagnostics_(diagnostics) {}

void TreeBuilder::report(const Where& where, std::string message, std::string hint) {
  if (diagnostics_.errors().size() >= kMaxProblems) return;
  diagnostics_.error(where, std::move(message), std::move(hint));
}

bool TreeBuilder::expects_key() const {
  return !stack_.empty() && stack_.back().node.is_mapping() && !stack_.back().has_key;
}

Status TreeBuilder::add(YamlEvent event) {
  switch (event.kind) {
    case YamlEvent::Kind::document_start:
      anchors_.clear();
      root_ = Node{};
      if (event.written) last_end_ = event.range.end;
      return {};
    case YamlEvent::Kind::document_end:
      documents_.push_back(std::move(root_));
      return {};
    case YamlEvent::Kind::mapping_start:
    case YamlEvent::Kind::sequence_start:
      return open(std::move(event));
    case YamlEvent::Kind::mapping_end:
    case YamlEvent::Kind::sequence_end:
      return close(event);
    case YamlEvent::Kind::scalar:
    case YamlEvent::Kind::alias:
      return place(make_node(std::move(event)));
    case YamlEvent::Kind::stream_end:
      return {};
  }
  return {};
}

Node TreeBuilder::make_node(YamlEvent event) {
  Node node;
  const bool anywhere =
      event.written || event.kind == YamlEvent::Kind::mapping_start || event.kind == YamlEvent::Kind::sequence_start;
  node.range = anywhere ? event.range : Range{last_end_, last_end_};
  node.where = lines_.at(node.range.begin);
  node.style = event.style;
  node.scalar = std::move(event.text);
  node.anchor = std::move(event.anchor);
  node.tag = std::move(event.tag);
  if (event.kind == YamlEvent::Kind::alias) {
    node.kind = Node::Kind::alias;
  } else if (event.kind == YamlEvent::Kind::scalar) {
    node.kind = means_null(node) ? Node::Kind::null : Node::Kind::scalar;
  } else {
    const bool mapping = event.kind == YamlEvent::Kind::mapping_start;
    const bool in_flow = !stack_.empty() && stack_.back().node.style == Node::Style::flow;
    node.kind = mapping ? Node::Kind::mapping : Node::Kind::sequence;
    node.style = event.written || in_flow ? Node::Style::flow : Node::Style::block;
  }
  last_end_ = std::max(last_end_, node.range.end);
  return node;
}

void TreeBuilder::check_extras(const Node& node) {
  if (node.is_alias()) check_alias(node);
  if (!node.anchor.empty()) anchors_.insert(node.anchor);
  if (limits_.allow_aliases) return;
  if (!node.anchor.empty()) {
    report(node.where, fmt::format("anchor &{} is not allowed here", printable(node.anchor, 80)),
           "write the value out where it is needed");
  }
  if (!node.tag.empty()) {
    report(node.where, fmt::format("tag {} is not allowed here", printable(node.tag, 80)),
           "write the value without a tag; put it in quotes if it is text");
  }
}

void TreeBuilder::check_alias(const Node& node) {
  if (!limits_.allow_aliases) {
    report(node.where, fmt::format("alias *{} is not allowed here", printable(node.scalar, 80)),
           "write the value out where it is needed");
  } else if (!anchors_.contains(node.scalar)) {
    report(node.where, fmt::format("alias *{} has no anchor &{} before it", printable(node.scalar, 80),
                                   printable(node.scalar, 80)));
  }
}

Status TreeBuilder::take_key(Node node) {
  Frame& frame = stack_.back();
  if (!node.is_scalar() && !(node.is_null() && !node.scalar.empty())) {
    return fail(Error(Errc::invalid_argument, "a key must be text").at(node.where));
  }
  if (node.scalar == "<<" && node.style == Node::Style::plain && !limits_.allow_aliases) {
    report(node.where, "merge key << is not allowed here", "write the members out");
  }
  if (!frame.keys.insert(node.scalar).second) {
    report(node.where, fmt::format("key \"{}\" is given twice in one mapping", printable(node.scalar, 80)),
           "keep one of them");
  }
  frame.pending = Node::Member{std::move(node.scalar), node.where, node.range, Node{}};
  frame.has_key = true;
  return {};
}

Status TreeBuilder::place(Node node) {
  if (++nodes_ > limits_.max_nodes) {
    return fail(
        Error(Errc::invalid_argument, fmt::format("more than {} YAML nodes", limits_.max_nodes)).at(node.where));
  }
  check_extras(node);
  if (expects_key()) return take_key(std::move(node));
  if (stack_.empty()) {
    root_ = std::move(node);
    return {};
  }
  Frame& frame = stack_.back();
  if (frame.node.is_sequence()) {
    frame.node.items.push_back(std::move(node));
    return {};
  }
  if (node.range.begin == node.range.end && node.is_null()) {
    node.where = frame.pending.key_where;
  }
  frame.pending.value = std::move(node);
  frame.node.members.push_back(std::move(frame.pending));
  frame.pending = Node::Member{};
  frame.has_key = false;
  return {};
}

Status TreeBuilder::open(YamlEvent event) {
  const bool is_key = expects_key();
  Node node = make_node(std::move(event));
  if (is_key) {
    return fail(Error(Errc::invalid_argument, "a key must be text, not a list or a mapping")
                    .at(node.where)
                    .with_hint("put quotes around a value that starts with { or ["));
  }
  if (static_cast<int>(stack_.size()) >= limits_.max_depth) {
    return fail(
        Error(Errc::invalid_argument, fmt::format("nested deeper than {} levels", limits_.max_depth)).at(node.where));
  }
  if (!node.anchor.empty()) anchors_.insert(node.anchor);
  stack_.emplace_back();
  stack_.back().node = std::move(node);
  return {};
}

Status TreeBuilder::close(const YamlEvent& event) {
  if (stack_.empty()) return fail(Errc::internal, "the YAML parser closed what was never opened");
  Node node = std::move(stack_.back().node);
  stack_.pop_back();
  const bool flow_end = event.written && node.range.end > node.range.begin;
  node.range.end = flow_end ? event.range.end : std::max(node.range.begin, last_end_);
  last_end_ = std::max(last_end_, node.range.end);
  return place(std::move(node));
}

}  // namespace slipway::config
