#pragma once

#include <span>
#include <string>
#include <vector>

#include "config/event_reader.h"

namespace slipway::config {

/// A member that a text has more than its tree.
struct AddedMember {
  std::string key, value;
};

/// The differences that a text may have from a tree.
class ExpectedChanges {
 public:
  virtual ~ExpectedChanges() = default;
  /// Returns the offset of the first scalar from `from` on that has another text now; npos without one.
  virtual std::size_t next_change(std::size_t from) const = 0;
  /// Returns the text that a scalar has now; nullptr if it is as before.
  virtual const std::string* new_text(const Node& scalar) const = 0;
  /// Returns the members that follow member `index` of a mapping and are new; nullptr if there are none.
  virtual const std::vector<AddedMember>* added(const Node& mapping, std::size_t index) const = 0;
};

/// Compares the events of a text with the tree of another one: anchors, tags, styles, keys, texts and the order of
/// everything. No second tree is built. Both outlive it; one thread.
class TreeMatcher {
 public:
  TreeMatcher(std::span<const Node> documents, const ExpectedChanges& changes)
      : documents_(documents), changes_(changes) {}

  /// Takes the next event of the text; false from the first one on that differs.
  bool next(const YamlEvent& event);
  /// Returns true if all of the tree was seen. Call after the last event.
  bool is_complete() const { return matches_ && document_ == documents_.size(); }

 private:
  /// A collection whose end was not seen yet.
  struct Frame {
    const Node* node;
    std::size_t index = 0;                            ///< of the next item or member
    const std::vector<AddedMember>* added = nullptr;  ///< members that come before it
    std::size_t added_index = 0;
    bool has_key = false;
  };

  bool step(const YamlEvent& event);
  bool end_document();
  bool close(const YamlEvent& event);
  bool key(const YamlEvent& event);
  bool added_value(const YamlEvent& event);
  bool value(const YamlEvent& event);
  bool scalar(const Node& node, const YamlEvent& event);
  /// Returns the text that a scalar has now; nullptr if it is as before. Scalars are asked for in the order of the
  /// text.
  const std::string* new_text(const Node& node);
  bool collection(const Node& node, const YamlEvent& event);
  /// Returns the node that the next event is the value of; nullptr if none is expected.
  const Node* expected();

  std::span<const Node> documents_;
  const ExpectedChanges& changes_;
  std::vector<Frame> stack_;
  std::size_t document_ = 0;
  std::size_t next_change_ = 0;  ///< the place of the next scalar that may have another text
  bool has_root_ = false;
  bool matches_ = true;
};

}  // namespace slipway::config
