#pragma once

#include <string>
#include <unordered_set>
#include <vector>

#include "config/event_reader.h"

namespace slipway::config {

/// Builds document trees from events on a stack of its own, enforcing the
/// limits as the events come in. Problems that leave the structure intact are
/// collected; next() fails for those that do not.
class TreeBuilder {
 public:
  TreeBuilder(const LineIndex& lines, const YamlLimits& limits, Diagnostics& diagnostics);

  /// Takes the strings of the event.
  Status add(YamlEvent& event);
  std::vector<Node> take_documents() && { return std::move(documents_); }
  /// Returns the number of nodes so far, keys included.
  std::size_t nodes() const { return nodes_; }

 private:
  /// A collection under construction. Its node does not move while it is open: only the innermost one grows.
  struct Frame {
    Node* node;
    bool has_key = false;
    std::unordered_set<std::string> keys;  ///< of a mapping with many members; few are looked through
  };

  Status open(YamlEvent& event);
  Status close(const YamlEvent& event);
  Status scalar(YamlEvent& event);
  Status take_key(YamlEvent& event);
  static bool is_new_key(Frame& frame, const std::string& key);
  /// Returns the place of the next value: the document, a new item, or the value of the newest member.
  Node& next_value();
  void fill(Node& node, YamlEvent& event);
  /// Counts a finished node against the limit and reports what it may not have.
  Status check(const Node& node);
  void check_extras(const Node& node);
  void check_alias(const Node& node);
  void report(const TextPlace& where, std::string message, std::string hint = {});
  bool expects_key() const;

  const LineIndex& lines_;
  const YamlLimits& limits_;
  Diagnostics& diagnostics_;
  std::vector<Node> documents_;  ///< the last one is under construction
  std::vector<Frame> stack_;
  std::unordered_set<std::string> anchors_;
  Node key_;  ///< the key that is being read
  std::size_t nodes_ = 0;
  std::size_t last_end_ = 0;
};

}  // namespace slipway::config
