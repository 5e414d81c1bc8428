#include "config/tree_builder.h"

#include <algorithm>
#include <utility>

#include "slipway/base/text.h"

namespace slipway::config {

namespace {

/// More problems than this in one file tell a person nothing new.
constexpr std::size_t kMaxProblems = 50;

/// Mappings up to this size are looked through for a key; the keys of bigger ones are hashed.
constexpr std::size_t kFewMembers = 16;

/// Room for the members of most mappings, so that they are not moved while they come in.
constexpr std::size_t kUsualMembers = 4;

}  // namespace

TreeBuilder::TreeBuilder(const LineIndex& lines, const YamlLimits& limits, Diagnostics& diagnostics)
    : lines_(lines), limits_(limits), diagnostics_(diagnostics) {}

void TreeBuilder::report(const TextPlace& where, std::string message, std::string hint) {
  if (diagnostics_.errors().size() >= kMaxProblems) return;
  diagnostics_.error(where, std::move(message), std::move(hint));
}

bool TreeBuilder::expects_key() const {
  return !stack_.empty() && stack_.back().node->is_mapping() && !stack_.back().has_key;
}

Status TreeBuilder::add(YamlEvent& event) {
  switch (event.kind) {
    case YamlEvent::Kind::document_start:
      anchors_.clear();
      documents_.emplace_back();
      if (event.written) last_end_ = event.range.end;
      return {};
    case YamlEvent::Kind::mapping_start:
    case YamlEvent::Kind::sequence_start:
      return open(event);
    case YamlEvent::Kind::mapping_end:
    case YamlEvent::Kind::sequence_end:
      return close(event);
    case YamlEvent::Kind::scalar:
    case YamlEvent::Kind::alias:
      return expects_key() ? take_key(event) : scalar(event);
    case YamlEvent::Kind::document_end:
    case YamlEvent::Kind::stream_end:
      return {};
  }
  return {};
}

Node& TreeBuilder::next_value() {
  if (stack_.empty()) return documents_.back();
  Frame& frame = stack_.back();
  if (frame.node->is_sequence()) return frame.node->items.emplace_back();
  frame.has_key = false;
  return frame.node->members.back().value;
}

void TreeBuilder::fill(Node& node, YamlEvent& event) {
  const bool is_anywhere = event.written || event.starts_collection();
  node.range = is_anywhere ? event.range : Range{last_end_, last_end_};
  node.where = lines_.at(node.range.begin);
  node.style = event.style;
  if (event.kind == YamlEvent::Kind::alias) {
    node.kind = Node::Kind::alias;
  } else if (event.kind == YamlEvent::Kind::scalar) {
    node.kind = event.is_null() ? Node::Kind::null : Node::Kind::scalar;
  } else {
    const bool is_in_flow = !stack_.empty() && stack_.back().node->style == Node::Style::flow;
    node.kind = event.kind == YamlEvent::Kind::mapping_start ? Node::Kind::mapping : Node::Kind::sequence;
    node.style = event.written || is_in_flow ? Node::Style::flow : Node::Style::block;
  }
  node.scalar = std::move(event.text);
  if (!event.anchor.empty() || !node.anchor.empty()) node.anchor = std::move(event.anchor);
  if (!event.tag.empty() || !node.tag.empty()) node.tag = std::move(event.tag);
  last_end_ = std::max(last_end_, node.range.end);
}

void TreeBuilder::check_extras(const Node& node) {
  if (node.is_alias()) check_alias(node);
  if (!node.anchor.empty()) anchors_.insert(node.anchor.str());
  if (limits_.allow_aliases) return;
  if (!node.anchor.empty()) {
    report(node.where, fmt::format("anchor &{} is not allowed here", printable(node.anchor.str(), 80)),
           "write the value out where it is needed");
  }
  if (!node.tag.empty()) {
    report(node.where, fmt::format("tag {} is not allowed here", printable(node.tag.str(), 80)),
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

Status TreeBuilder::check(const Node& node) {
  if (++nodes_ > limits_.max_nodes) {
    return fail(
        Error(Errc::invalid_argument, fmt::format("more than {} YAML nodes", limits_.max_nodes)).at(node.where));
  }
  check_extras(node);
  return {};
}

bool TreeBuilder::is_new_key(Frame& frame, const std::string& key) {
  const std::vector<Node::Member>& members = frame.node->members;
  if (members.size() < kFewMembers)
    return std::none_of(members.begin(), members.end(), [&](const Node::Member& member) { return member.key == key; });
  if (frame.keys.empty()) {
    for (const Node::Member& member : members)
      frame.keys.insert(member.key);
  }
  return frame.keys.insert(key).second;
}

Status TreeBuilder::take_key(YamlEvent& event) {
  Node& key = key_;
  fill(key, event);
  SLIPWAY_TRY(check(key));
  if (!key.is_scalar() && !(key.is_null() && !key.scalar.empty())) {
    return fail(Error(Errc::invalid_argument, "a key must be text").at(key.where));
  }
  if (key.scalar == "<<" && key.style == Node::Style::plain && !limits_.allow_aliases) {
    report(key.where, "merge key << is not allowed here", "write the members out");
  }
  Frame& frame = stack_.back();
  if (!is_new_key(frame, key.scalar)) {
    report(key.where, fmt::format("key \"{}\" is given twice in one mapping", printable(key.scalar, 80)),
           "keep one of them");
  }
  std::vector<Node::Member>& members = frame.node->members;
  if (members.empty()) members.reserve(kUsualMembers);
  Node::Member& member = members.emplace_back();
  member.key = std::move(key.scalar);
  member.key_where = key.where;
  member.key_range = key.range;
  frame.has_key = true;
  return {};
}

Status TreeBuilder::scalar(YamlEvent& event) {
  Node& node = next_value();
  fill(node, event);
  SLIPWAY_TRY(check(node));
  const bool is_nothing = node.range.begin == node.range.end && node.is_null();
  if (is_nothing && !stack_.empty() && stack_.back().node->is_mapping())
    node.where = stack_.back().node->members.back().key_where;
  return {};
}

Status TreeBuilder::open(YamlEvent& event) {
  if (expects_key()) {
    fill(key_, event);
    return fail(Error(Errc::invalid_argument, "a key must be text, not a list or a mapping")
                    .at(key_.where)
                    .with_hint("put quotes around a value that starts with { or ["));
  }
  Node& node = next_value();
  fill(node, event);
  if (static_cast<int>(stack_.size()) >= limits_.max_depth) {
    return fail(
        Error(Errc::invalid_argument, fmt::format("nested deeper than {} levels", limits_.max_depth)).at(node.where));
  }
  if (!node.anchor.empty()) anchors_.insert(node.anchor.str());
  stack_.push_back({&node, false, {}});
  return {};
}

Status TreeBuilder::close(const YamlEvent& event) {
  if (stack_.empty()) return fail(Errc::internal, "the YAML parser closed what was never opened");
  Node& node = *stack_.back().node;
  stack_.pop_back();
  const bool flow_end = event.written && node.range.end > node.range.begin;
  node.range.end = flow_end ? event.range.end : std::max(node.range.begin, last_end_);
  last_end_ = std::max(last_end_, node.range.end);
  return check(node);
}

}  // namespace slipway::config
