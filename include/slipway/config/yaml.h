#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
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

/// The row and column of a byte, from 1, and the file that it stands in. The file's name is not owned: texts that are
/// read keep it for as long as the process runs.
struct TextPlace {
  const std::string* file = nullptr;
  int row = 0;
  int col = 0;
  operator Where() const { return {file == nullptr ? std::string() : *file, row, col}; }
};

/// A text that few nodes have; without one it is as small as a pointer.
class RareText {
 public:
  RareText() = default;
  RareText(const RareText& other) : text_(other.empty() ? nullptr : std::make_unique<std::string>(*other.text_)) {}
  RareText(RareText&&) noexcept = default;
  RareText& operator=(const RareText& other) { return *this = RareText(other); }
  RareText& operator=(RareText&&) noexcept = default;
  RareText& operator=(std::string text) {
    text_ = text.empty() ? nullptr : std::make_unique<std::string>(std::move(text));
    return *this;
  }
  bool empty() const { return text_ == nullptr; }
  const std::string& str() const;
  bool operator==(std::string_view text) const { return str() == text; }

 private:
  std::unique_ptr<std::string> text_;
};

/// One YAML node with its place in the text. A tree of values; scalars are text, and the reader decides their types.
class Node {
 public:
  /// `null` is nothing at all, or a plain, untagged `~` or `null`.
  enum class Kind : std::uint8_t { null, scalar, sequence, mapping, alias };
  /// `block` and `flow` are also the styles of collections; a folded or literal scalar is `block`.
  enum class Style : std::uint8_t { plain, single_quoted, double_quoted, block, flow };
  struct Member;

  Kind kind = Kind::null;
  Style style = Style::plain;
  std::string scalar;           ///< decoded text of a scalar; the anchor's name of an alias
  RareText anchor;              ///< non-empty when the node is anchored (&name)
  RareText tag;                 ///< explicit tag as written, e.g. "!!str"
  std::vector<Node> items;      ///< of a sequence
  std::vector<Member> members;  ///< of a mapping, in document order
  TextPlace where;              ///< of its first byte; of an empty value: that of its key
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
  TextPlace key_where;
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
