#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "slipway/base/diagnostics.h"

namespace slipway::config {

/// The bytes [begin, end) of a text that hold one node as written: quotes, brackets and
/// braces included, anchor and tag not. A block scalar's range is its lines without the header.
struct Range {
  std::size_t begin = 0;
  std::size_t end = 0;
  bool operator==(const Range&) const = default;
};

/// One YAML node with its place in the text. A tree of values; scalars are text, and the reader decides their types.
class Node {
 public:
  /// `null` is nothing at all, or a plain, untagged `~` or `null`.
  enum class Kind { null, scalar, sequence, mapping, alias };
  /// `block` and `flow` are also the styles of collections; a folded or literal scalar is `block`.
  enum class Style { plain, single_quoted, double_quoted, block, flow };
  struct Member;

  Kind kind = Kind::null;
  Style style = Style::plain;
  std::string scalar;           ///< decoded text of a scalar; the anchor's name of an alias
  std::string anchor;           ///< non-empty when the node is anchored (&name)
  std::string tag;              ///< explicit tag as written, e.g. "!!str"
  std::vector<Node> items;      ///< of a sequence
  std::vector<Member> members;  ///< of a mapping, in document order
  Where where;                  ///< of its first byte; of an empty value: that of its key
  Range range;

  /// The value of a mapping's member, or nullptr.
  const Node* find(std::string_view key) const;
  bool is_scalar() const { return kind == Kind::scalar; }
  bool is_null() const { return kind == Kind::null; }
  bool is_mapping() const { return kind == Kind::mapping; }
  bool is_sequence() const { return kind == Kind::sequence; }
  bool is_alias() const { return kind == Kind::alias; }
};

/// A key of a mapping with its value.
struct Node::Member {
  std::string key;
  Where key_where;
  Range key_range;
  Node value;
};

/// Limits on a foreign YAML text; beyond them Errc::invalid_argument.
struct YamlLimits {
  std::size_t max_bytes = 4u << 20;
  int max_depth = 64;
  std::size_t max_nodes = 200'000;
  bool allow_aliases = false;  ///< slipway.yaml forbids aliases, anchors, merge keys and tags; foreign files may have
                               ///< them
};

/// Parses all documents of a YAML 1.2 text; a text of nothing but comments has none. Aliases are never
/// expanded. Duplicate keys, keys that are not text, tabs as indentation, aliases without an
/// anchor, control characters and invalid UTF-8 are errors; so is anything beyond the limits.
/// `file` is the name in positions. Errc::invalid_argument with file:line:col.
Result<std::vector<Node>> parse_yaml(std::string_view text, const std::string& file, const YamlLimits& limits = {});

}  // namespace slipway::config
