#include "slipway/config/splice.h"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <utility>

#include "config/line_index.h"
#include "config/scalar_text.h"
#include "config/tree_matcher.h"
#include "slipway/base/text.h"
#include "slipway/config/literal_block.h"

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

/// Bytes that take the place of others.
struct Piece {
  Range range;
  std::string written;
};

std::string with_pieces(std::string_view text, std::vector<Piece> pieces) {
  std::stable_sort(pieces.begin(), pieces.end(),
                   [](const Piece& a, const Piece& b) { return a.range.begin < b.range.begin; });
  std::string out;
  std::size_t copied = 0;
  for (const Piece& piece : pieces) {
    out += text.substr(copied, piece.range.begin - copied);
    out += piece.written;
    copied = piece.range.end;
  }
  return out + std::string(text.substr(copied));
}

/// A scalar's new value with the bytes that make it.
struct Replacement {
  const Node* node;
  std::string value;
  std::vector<Piece> pieces;
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
  return Replacement{&node, edit.value, {{node.range, *std::move(written)}}};
}

void collect_blocks(const Node& node, std::vector<const Node*>& out) {
  if (node.is_scalar() && node.style == Node::Style::block) out.push_back(&node);
  for (const Node& item : node.items)
    collect_blocks(item, out);
  for (const Node::Member& member : node.members)
    collect_blocks(member.value, out);
}

/// Takes the edits inside one literal block off the list, and makes a replacement of them.
void plan_block(std::string_view text, const Node& node, std::vector<Edit>& edits, Replacements& out) {
  const auto block = LiteralBlock::of(text, node);
  if (!block) return;
  std::vector<Piece> in_scalar;
  Replacement replacement{&node, {}, {}};
  std::erase_if(edits, [&](const Edit& edit) {
    const auto range = block->in_scalar(edit.range);
    if (!range || !write_scalar(edit.value, Node::Style::double_quoted)) return false;
    in_scalar.push_back({*range, edit.value});
    replacement.pieces.push_back({edit.range, edit.value});
    return true;
  });
  if (in_scalar.empty()) return;
  replacement.value = with_pieces(node.scalar, std::move(in_scalar));
  out.emplace(&node, std::move(replacement));
}

/// Plans the edits inside literal blocks; returns the others. Only a text with such edits is looked through for blocks.
std::vector<Edit> plan_blocks(std::string_view text, const std::vector<Node>& documents, std::vector<Edit> edits,
                              const Scalars& scalars, Replacements& out) {
  const bool has_inner = std::any_of(edits.begin(), edits.end(), [&](const Edit& edit) {
    const auto found = scalars.find(edit.range.begin);
    return found == scalars.end() || found->second == nullptr;
  });
  std::vector<const Node*> blocks;
  for (const Node& document : documents) {
    if (has_inner) collect_blocks(document, blocks);
  }
  for (const Node* block : blocks)
    plan_block(text, *block, edits, out);
  return edits;
}

Status plan(const std::vector<Edit>& edits, const Scalars& scalars, const std::string& file, Replacements& out) {
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
  return {};
}

/// A new member with the bytes that it writes.
struct Addition {
  std::size_t place;  ///< where its bytes go
  std::string written;
};

/// A mapping and one of its members.
struct Holder {
  const Node* mapping = nullptr;
  std::size_t index = 0;
};

/// The mappings whose values are the scalars behind which members are added, by the offset of the scalar. Empty if
/// members are added behind other nodes only.
using Holders = std::unordered_map<std::size_t, Holder>;

void collect_holders(const Node& node, Holders& out) {
  for (const Node& item : node.items)
    collect_holders(item, out);
  for (std::size_t i = 0; i < node.members.size(); ++i) {
    const Node& member = node.members[i].value;
    const bool has_bytes = member.range.end > member.range.begin && (member.is_scalar() || member.is_null());
    if (const auto wanted = out.find(member.range.begin); has_bytes && wanted != out.end()) wanted->second = {&node, i};
    collect_holders(member, out);
  }
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

/// The edits that turn the text before into the text after, by place.
class Changes final : public ExpectedChanges {
 public:
  Replacements replacements;
  std::vector<Addition> additions;
  std::unordered_map<const Node*, std::map<std::size_t, std::vector<AddedMember>>> members;

  const std::string* new_text(const Node& scalar) const override {
    const auto found = replacements.find(&scalar);
    return found == replacements.end() ? nullptr : &found->second.value;
  }
  const std::vector<AddedMember>* added(const Node& mapping, std::size_t index) const override {
    const auto found = members.find(&mapping);
    if (found == members.end()) return nullptr;
    const auto behind = found->second.find(index);
    return behind == found->second.end() ? nullptr : &behind->second;
  }
  bool has_added(const Node& mapping, const std::string& key) const {
    const auto found = members.find(&mapping);
    if (found == members.end()) return false;
    return std::any_of(found->second.begin(), found->second.end(), [&](const auto& behind) {
      return std::any_of(behind.second.begin(), behind.second.end(), [&](const auto& one) { return one.key == key; });
    });
  }
};

Status add_member(const Insertion& insertion, std::string_view text, const Holders& holders, const std::string& file,
                  Changes& changes) {
  const auto found = holders.find(insertion.after.begin);
  const Holder holder = found == holders.end() ? Holder{} : found->second;
  if (holder.mapping == nullptr || !(holder.mapping->members[holder.index].value.range == insertion.after)) {
    return fail(Errc::invalid_argument, "{}: no value of a mapping stands at bytes {} to {}", file,
                insertion.after.begin, insertion.after.end);
  }
  const Node& mapping = *holder.mapping;
  const Node::Member& neighbour = mapping.members[holder.index];
  const auto value = write_scalar(insertion.value, Node::Style::plain);
  const bool is_there = mapping.find(insertion.key) != nullptr || changes.has_added(mapping, insertion.key);
  if (is_there || !value || neighbour.value.style == Node::Style::block) {
    return fail(Error(Errc::invalid_argument, fmt::format("cannot add {} here", printable(insertion.key, 80)))
                    .at(neighbour.value.where));
  }
  Addition addition{0, insertion.key + ": " + *value};
  lay_out(text, mapping, neighbour, addition);
  changes.additions.push_back(std::move(addition));
  changes.members[&mapping][holder.index].push_back({insertion.key, insertion.value});
  return {};
}

Status add_members(const std::vector<Insertion>& insertions, std::string_view text, const std::vector<Node>& documents,
                   const std::string& file, Changes& changes) {
  if (insertions.empty()) return {};
  Holders holders;
  for (const Insertion& insertion : insertions)
    holders.try_emplace(insertion.after.begin);
  for (const Node& document : documents)
    collect_holders(document, holders);
  for (const Insertion& insertion : insertions)
    SLIPWAY_TRY(add_member(insertion, text, holders, file, changes));
  return {};
}

std::string text_with(std::string_view text, const Changes& changes) {
  std::vector<Piece> pieces;
  for (const auto& [node, replacement] : changes.replacements)
    pieces.insert(pieces.end(), replacement.pieces.begin(), replacement.pieces.end());
  for (const Addition& addition : changes.additions)
    pieces.push_back({{addition.place, addition.place}, addition.written});
  return with_pieces(text, std::move(pieces));
}

/// Returns true if the text, read again, is the tree with the changes and nothing else.
bool is_tree_with(const std::vector<Node>& before, std::string_view text, const Changes& changes) {
  if (text.size() > kForeign.max_bytes || find_unreadable(text)) return false;
  const LineIndex lines(text, "");
  EventReader reader(text, lines);
  TreeMatcher matcher(before, changes);
  for (YamlEvent event;;) {
    if (!reader.next(event) || !matcher.next(event)) return false;
    if (event.kind == YamlEvent::Kind::stream_end) return matcher.is_complete();
  }
}

}  // namespace

Result<std::string> splice_yaml(std::string_view text, const std::string& file, std::vector<Edit> edits,
                                std::vector<Insertion> insertions) {
  SLIPWAY_ASSIGN(const std::vector<Node> documents, parse_yaml(text, file, kForeign));
  return splice_yaml(text, documents, file, edits, insertions);
}

Result<std::string> splice_yaml(std::string_view text, const std::vector<Node>& documents, const std::string& file,
                                const std::vector<Edit>& edits, const std::vector<Insertion>& insertions) {
  Scalars scalars;
  for (const Edit& edit : edits)
    scalars.emplace(edit.range.begin, nullptr);
  for (const Node& document : documents)
    collect_scalars(document, scalars);
  Changes changes;
  const std::vector<Edit> others = plan_blocks(text, documents, edits, scalars, changes.replacements);
  SLIPWAY_TRY(plan(others, scalars, file, changes.replacements));
  SLIPWAY_TRY(add_members(insertions, text, documents, file, changes));
  std::string out = text_with(text, changes);
  if (is_tree_with(documents, out, changes)) return out;
  return fail(Errc::internal, "{}: the edit would change more than the values asked for; nothing was changed", file);
}

}  // namespace slipway::config
