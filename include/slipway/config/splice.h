#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "slipway/config/yaml.h"

namespace slipway::config {

/// Gives the scalar whose bytes are `range` (Node::range) the text `value`, which is decoded. Lines of a scalar of
/// several lines that stay the same keep their bytes.
struct Edit {
  Range range;
  std::string value;
};

/// Adds `key: value` to the mapping that has the scalar `after` as a member's value, right behind that member: as a
/// line of its own with its neighbour's indentation and line end, or in a flow mapping behind a comma.
struct Insertion {
  Range after;
  std::string key;
  std::string value;
};

/// Applies edits and insertions to a YAML text, changing no other byte: quote style, anchors, tags, comments,
/// line ends and indentation survive. A plain scalar gets double quotes only where the new
/// value needs them. Edits may come in any order; equal ones count once. The result is parsed
/// again and compared with the tree before: Errc::internal if anything but the edited scalars
/// changed. Errc::invalid_argument if a range is not that of a value, if two edits of one range differ, if a value
/// cannot be written in its place (a line end on one line, fewer lines or escapes in several), or if a key exists
/// already. `file` names the text in messages.
Result<std::string> splice_yaml(std::string_view text, const std::string& file, std::vector<Edit> edits,
                                std::vector<Insertion> insertions = {});

/// The same for a text that was parsed already: `documents` is its tree, parsed with allow_aliases. Only the result is
/// parsed here.
Result<std::string> splice_yaml(std::string_view text, const std::vector<Node>& documents, const std::string& file,
                                const std::vector<Edit>& edits, const std::vector<Insertion>& insertions);

/// Returns true if a scalar can be given the text `value` in its place. That nothing else changes is only known when
/// splice_yaml() has proved it. `text` is what `node` was read from.
bool can_replace(std::string_view text, const Node& node, const std::string& value);

}  // namespace slipway::config
