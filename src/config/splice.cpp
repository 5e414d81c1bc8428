#include "slipway/config/splice.h"

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <utility>

#include "config/scalar_text.h"
#include "slipway/base/text.h"

namespace slipway::config {

namespace {

constexpr YamlLimits kForeign{.max_bytes = 16u << 20, .max_nodes = 4'000'000, .allow_aliases = true};

/// The scalars at the places of edits, by where they begin; nullptr where there is none. Keys are structure and stay.
using Scalars = std::unordered_map<std::size_t, const Node*>;

void collect_scalars(const Node& node, Scalars& out) {
  if (node.range.end > node.range.begin && (node.is_scalar() || node.is_null())) {
    if (const auto wanted = out.find(node.range.begin); wanted != out.end()) wanted->second = &node;
  }
  for (const Node& item : node.items)
    collect_scalars(item, out);
  for (const Node::Member& member : node.members)
    collect_scalars(member.value, out);
}

/// An edit with the bytes that it writes.
struct Replacement {
  const Node* node;
  std::string value;
  std::string written;
};
using Replacements = std::unordered_map<const Node*, Replacement>;

Result<Replacement> replacement_for(const Edit& edit, const Scalars& scalars, const std::string& file) {
  const auto found = scalars.find(edit.range.begin);
  if (found == scalars.end() || found->second == nullptr || !(found->second->range == edit.range)) {
    return fail(Errc::invalid_argument, "{}: no value stands at bytes {} to {}", file, edit.range.begin,
                edit.range.end);
  }
  const Node& node = *found->second;
  auto written = write_scalar(edit.value, node.style);
  if (!written) {
    const bool block = node.style == Node::Style::block;
    return fail(Error(Errc::invalid_argument,
                      fmt::format("cannot write \"{}\" here: {}", printable(edit.value, 200),
                                  block ? "the value is a block scalar" : "it holds a line end or a control character"))
                    .at(node.where)
                    .with_hint(block ? "write the value on one line, after the key" : ""));
  }
  return Replacement{&node, edit.value, *std::move(written)};
}

Result<Replacements> plan(const std::vector<Edit>& edits, const Scalars& scalars, const std::string& file) {
  Replacements out;
  for (const Edit& edit : edits) {
    SLIPWAY_ASSIGN(Replacement replacement, replacement_for(edit, scalars, file));
    const Node* node = replacement.node;
    const auto [place, fresh] = out.emplace(node, std::move(replacement));
    if (!fresh && place->second.value != edit.value) {
      return fail(
          Error(Errc::invalid_argument, fmt::format("two different values for one place: \"{}\" and \"{}\"",
                                                    printable(place->second.value, 200), printable(edit.value, 200)))
              .at(node->where));
    }
  }
  return out;
}

/// A new member with the bytes that it writes.
struct Addition {
  const Node* mapping;
  std::size_t index;  ///< of the member it follows
  std::string key, value;
  std::size_t place;  ///< where its bytes go
  std::string written;
};

/// The mapping that has a scalar as a member's value, and which member that is.
std::optional<std::pair<const Node*, std::size_t>> holder_of(const Node& node, const Range& value) {
  for (const Node& item : node.items) {
    if (auto found = holder_of(item, value)) return found;
  }
  for (std::size_t i = 0; i < node.members.size(); ++i) {
    const Node& member = node.members[i].value;
    if (member.range == value && (member.is_scalar() || member.is_null())) return std::pair(&node, i);
    if (auto found = holder_of(member, value)) return found;
  }
  return std::nullopt;
}

/// The bytes of a new member behind another one, and where they go.
void lay_out(std::string_view text, const Node& mapping, const Node::Member& neighbour, Addition& addition) {
  addition.place = neighbour.value.range.end;
  if (mapping.style == Node::Style::flow) {
    addition.written = ", " + addition.written;
    return;
  }
  const std::string indent(static_cast<std::size_t>(neighbour.key_where.col - 1), ' ');
  const std::size_t end = text.find('\n', addition.place);
  if (end == std::string_view::npos) {
    const bool carriage = text.find("\r\n") != std::string_view::npos;
    addition.place = text.size();
    addition.written = (carriage ? "\r\n" : "\n") + indent + addition.written;
    return;
  }
  addition.place = end + 1;
  addition.written = indent + addition.written + (end > 0 && text[end - 1] == '\r' ? "\r\n" : "\n");
}

Result<Addition> addition_for(const Insertion& insertion, std::string_view text, const std::vector<Node>& documents,
                              const std::string& file) {
  std::optional<std::pair<const Node*, std::size_t>> found;
  for (const Node& document : documents) {
    if (!found) found = holder_of(document, insertion.after);
  }
  if (!found || insertion.after.begin == insertion.after.end) {
    return fail(Errc::invalid_argument, "{}: no value of a mapping stands at bytes {} to {}", file,
                insertion.after.begin, insertion.after.end);
  }
  const auto [mapping, index] = *found;
  const Node::Member& neighbour = mapping->members[index];
  const auto value = write_scalar(insertion.value, Node::Style::plain);
  if (mapping->find(insertion.key) != nullptr || !value || neighbour.value.style == Node::Style::block) {
    return fail(Error(Errc::invalid_argument, fmt::format("cannot add {} here", printable(insertion.key, 80)))
                    .at(neighbour.value.where));
  }
  Addition addition{mapping, index, insertion.key, insertion.value, 0, insertion.key + ": " + *value};
  lay_out(text, *mapping, neighbour, addition);
  return addition;
}

/// The edits that turn the text before into the text after, by place.
struct Changes {
  Replacements replacements;
  std::vector<Addition> additions;
};

std::string text_with(std::string_view text, const Changes& changes) {
  struct Piece {
    std::size_t begin, end;
    std::string_view written;
  };
  std::vector<Piece> pieces;
  for (const auto& [node, replacement] : changes.replacements)
    pieces.push_back({node->range.begin, node->range.end, replacement.written});
  for (const Addition& addition : changes.additions)
    pieces.push_back({addition.place, addition.place, addition.written});
  std::stable_sort(pieces.begin(), pieces.end(), [](const Piece& a, const Piece& b) { return a.begin < b.begin; });
  std::string out;
  std::size_t copied = 0;
  for (const Piece& piece : pieces) {
    out += text.substr(copied, piece.begin - copied);
    out += piece.written;
    copied = piece.end;
  }
  out += text.substr(copied);
  return out;
}

bool same_but_for(const Node& before, const Node& after, const Changes& changes);

/// The members of a mapping, those added in their places.
bool same_members(const Node& before, const Node& after, const Changes& changes) {
  std::size_t at = 0;
  for (std::size_t i = 0; i < before.members.size(); ++i, ++at) {
    if (at >= after.members.size() || before.members[i].key != after.members[at].key) return false;
    if (!same_but_for(before.members[i].value, after.members[at].value, changes)) return false;
    for (const Addition& addition : changes.additions) {
      if (addition.mapping != &before || addition.index != i) continue;
      if (++at >= after.members.size()) return false;
      const Node::Member& added = after.members[at];
      if (added.key != addition.key || !added.value.is_scalar() || added.value.scalar != addition.value) return false;
    }
  }
  return at == after.members.size();
}

/// True when `after` is `before` with the changes and nothing else.
bool same_but_for(const Node& before, const Node& after, const Changes& changes) {
  if (before.anchor != after.anchor || before.tag != after.tag) return false;
  if (const auto found = changes.replacements.find(&before); found != changes.replacements.end()) {
    return after.is_scalar() && after.scalar == found->second.value;
  }
  if (before.kind != after.kind || before.style != after.style || before.scalar != after.scalar) return false;
  if (before.items.size() != after.items.size()) return false;
  for (std::size_t i = 0; i < before.items.size(); ++i) {
    if (!same_but_for(before.items[i], after.items[i], changes)) return false;
  }
  return same_members(before, after, changes);
}

Status prove(const std::vector<Node>& before, std::string_view text, const std::string& file, const Changes& changes) {
  auto after = parse_yaml(text, file, kForeign);
  bool same = after.has_value() && after->size() == before.size();
  for (std::size_t i = 0; same && i < before.size(); ++i)
    same = same_but_for(before[i], (*after)[i], changes);
  if (same) return {};
  return fail(Errc::internal, "{}: the edit would change more than the values asked for; nothing was changed", file);
}

}  // namespace

Result<std::string> splice_yaml(std::string_view text, const std::string& file, std::vector<Edit> edits,
                                std::vector<Insertion> insertions) {
  SLIPWAY_ASSIGN(const std::vector<Node> before, parse_yaml(text, file, kForeign));
  Scalars scalars;
  for (const Edit& edit : edits)
    scalars.emplace(edit.range.begin, nullptr);
  for (const Node& document : before)
    collect_scalars(document, scalars);
  Changes changes;
  SLIPWAY_ASSIGN(changes.replacements, plan(edits, scalars, file));
  for (const Insertion& insertion : insertions) {
    SLIPWAY_ASSIGN(Addition addition, addition_for(insertion, text, before, file));
    changes.additions.push_back(std::move(addition));
  }
  std::string out = text_with(text, changes);
  SLIPWAY_TRY(prove(before, out, file, changes));
  return out;
}

}  // namespace slipway::config
