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

  Status add(YamlEvent event);
  std::vector<Node> take_documents() && { return std::move(documents_); }

 private:
  struct Frame {
    Node node;
    bool has_key = false;
    Node::Member pending;
    std::unordered_set<std::string> keys;
  };

  Status open(YamlEvent event);
  Status close(const YamlEvent& event);
  Status place(Node node);
  Status take_key(Node node);
  Node make_node(YamlEvent event);
  void check_extras(const Node& node);
  void check_alias(const Node& node);
  void report(const Where& where, std::string message, std::string hint = {});
  bool expects_key() const;

  const LineIndex& lines_;
  const YamlLimits& limits_;
  Diagnostics& diagnostics_;
  std::vector<Node> documents_;
  std::vector<Frame> stack_;
  std::unordered_set<std::string> anchors_;
  Node root_;
  std::size_t nodes_ = 0;
  std::size_t last_end_ = 0;
};

}  // namespace slipway::config
