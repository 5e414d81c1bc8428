#include "slipway/config/splice.h"

#include <algorithm>
#include <map>
#include <span>
#include <unordered_map>
#include <utility>

#include "config/document_cuts.h"
#include "config/line_index.h"
#include "config/scalar_rewrite.h"
#include "config/scalar_text.h"
#include "config/tree_matcher.h"
#include "slipway/base/lanes.h"
#include "slipway/base/text.h"

namespace slipway::config {

namespace {

constexpr YamlLimits kForeign{.max_bytes = 16u << 20, .max_nodes = 4'000'000, .allow_aliases = true};

/// The scalars at the places of edits. Keys are structure and stay.
class Scalars {
 public:
  Scalars(const std::vector<Edit>& edits, const std::vector<Node>& documents) {
    for (const Edit& edit : edits)
      places_.push_back(edit.range.begin);
    std::sort(places_.begin(), places_.end());
    places_.erase(std::unique(places_.begin(), places_.end()), places_.end());
    nodes_.resize(places_.size());
    for (const Node& document : documents)
      collect(document);
  }

  /// Returns the scalar that begins at a place of an edit; nullptr if there is none.
  const Node* at(std::size_t place) const {
    return nodes_[static_cast<std::size_t>(std::lower_bound(places_.begin(), places_.end(), place) - places_.begin())];
  }

 private:
  /// Nodes come in the order of the text, so only the next place is compared, and nodes that end before it are skipped.
  void collect(const Node& node) {
    if (next_ == places_.size() || node.range.end <= places_[next_]) return;
    if (node.is_scalar() || node.is_null()) {
      while (next_ < places_.size() && places_[next_] < node.range.begin)
        ++next_;
      if (next_ < places_.size() && places_[next_] == node.range.begin) nodes_[next_++] = &node;
    }
    for (const Node& item : node.items)
      collect(item);
    for (const Node::Member& member : node.members)
      collect(member.value);
  }

  std::vector<std::size_t> places_;  ///< sorted
  std::vector<const Node*> nodes_;
  std::size_t next_ = 0;
};

void sort_by_place(std::vector<Piece>& pieces) {
  std::stable_sort(pieces.begin(), pieces.end(),
                   [](const Piece& a, const Piece& b) { return a.range.begin < b.range.begin; });
}

/// `pieces` are sorted by place.
std::string with_pieces(std::string_view text, const std::vector<Piece>& pieces) {
  std::string out;
  std::size_t copied = 0;
  for (const Piece& piece : pieces) {
    out += text.substr(copied, piece.range.begin - copied);
    out += piece.written;
    copied = piece.range.end;
  }
  out += text.substr(copied);
  return out;
}

/// A scalar's new value with the bytes that make it.
struct Replacement {
  const Node* node;
  std::string value;
  std::vector<Piece> pieces;
};
using Replacements = std::unordered_map<const Node*, Replacement>;

bool has_several_lines(const Node& node) {
  return node.style == Node::Style::block || node.scalar.find('\n') != std::string::npos;
}

/// Returns the change of a plain scalar that stays plain, though it has bytes that may need quotes in other places, as
/// in ${NAME:-image}: only letters of references are new, and it is text. nullopt otherwise.
std::optional<Piece> change_in_plain(const Node& node, const std::string& value) {
  if (node.style != Node::Style::plain || !node.is_scalar()) return std::nullopt;
  Piece part = changed_part(node.scalar, value, node.range.begin);
  const bool is_inside = part.range.begin > node.range.begin && part.range.end < node.range.end;
  const bool is_same_size = node.range.end - node.range.begin == node.scalar.size();
  if (!is_inside || !is_same_size || !is_safe_plain("x" + part.written + "x")) return std::nullopt;
  return part;
}

/// Returns the change of a quoted scalar that only gets letters of references at its end, so that its escapes stay.
std::optional<Piece> addition_in_quotes(const Node& node, const std::string& value) {
  const bool is_quoted = node.style == Node::Style::single_quoted || node.style == Node::Style::double_quoted;
  if (!is_quoted || !node.is_scalar() || node.scalar.empty() || !value.starts_with(node.scalar)) return std::nullopt;
  std::string added = value.substr(node.scalar.size());
  if (added.empty() || !is_safe_plain("x" + added + "x")) return std::nullopt;
  return Piece{{node.range.end - 1, node.range.end - 1}, std::move(added)};
}

/// Returns the bytes that give a scalar another text; nullopt if it cannot be written in its place.
std::optional<std::vector<Piece>> pieces_for(std::string_view text, const Node& node, const std::string& value) {
  if (has_several_lines(node)) return rewrite_scalar(text, node, value);
  if (auto added = addition_in_quotes(node, value)) return std::vector<Piece>{*std::move(added)};
  auto written = write_scalar(value, node.style);
  if (!written) return std::nullopt;
  if (*written != value) {
    if (auto part = change_in_plain(node, value)) return std::vector<Piece>{*std::move(part)};
  }
  return std::vector<Piece>{{node.range, *std::move(written)}};
}

Result<Replacement> replacement_for(const Edit& edit, std::string_view text, const Scalars& scalars,
                                    const std::string& file) {
  const Node* const found = scalars.at(edit.range.begin);
  if (found == nullptr || !(found->range == edit.range)) {
    return fail(Errc::invalid_argument, "{}: no value stands at bytes {} to {}", file, edit.range.begin,
                edit.range.end);
  }
  const Node& node = *found;
  auto pieces = pieces_for(text, node, edit.value);
  if (!pieces) {
    const bool block = node.style == Node::Style::block;
    return fail(Error(Errc::invalid_argument, fmt::format("cannot write \"{}\" here: {}", printable(edit.value, 200),
                                                          block ? "the text of a block scalar has other lines"
                                                                : "it holds a line end or a control character"))
                    .at(node.where)
                    .with_hint(block ? "write the value on one line, after the key" : ""));
  }
  return Replacement{&node, edit.value, *std::move(pieces)};
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
  std::vector<std::size_t> places;  ///< of the replacements, sorted
  std::vector<Addition> additions;
  std::unordered_map<const Node*, std::map<std::size_t, std::vector<AddedMember>>> members;

  std::size_t next_change(std::size_t from) const override {
    const auto next = std::lower_bound(places.begin(), places.end(), from);
    return next == places.end() ? std::string::npos : *next;
  }
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

Status plan(const std::vector<Edit>& edits, std::string_view text, const Scalars& scalars, const std::string& file,
            Changes& changes) {
  for (const Edit& edit : edits) {
    SLIPWAY_ASSIGN(Replacement replacement, replacement_for(edit, text, scalars, file));
    const Node* node = replacement.node;
    const auto [place, fresh] = changes.replacements.emplace(node, std::move(replacement));
    changes.places.push_back(edit.range.begin);
    if (!fresh && place->second.value != edit.value) {
      return fail(
          Error(Errc::invalid_argument, fmt::format("two different values for one place: \"{}\" and \"{}\"",
                                                    printable(place->second.value, 200), printable(edit.value, 200)))
              .at(node->where));
    }
  }
  std::sort(changes.places.begin(), changes.places.end());
  return {};
}

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

/// Returns the bytes that changes put in the place of others, sorted by place.
std::vector<Piece> pieces_of(const Changes& changes) {
  std::vector<Piece> pieces;
  for (const auto& [node, replacement] : changes.replacements)
    pieces.insert(pieces.end(), replacement.pieces.begin(), replacement.pieces.end());
  for (const Addition& addition : changes.additions)
    pieces.push_back({{addition.place, addition.place}, addition.written});
  sort_by_place(pieces);
  return pieces;
}

/// Returns true if a text, read again, is the documents with the changes and nothing else. `lines` may be those of any
/// text: no place is reported.
bool is_piece_with(std::span<const Node> before, std::string_view text, const Changes& changes,
                   const LineIndex& lines) {
  EventReader reader(text, lines);
  TreeMatcher matcher(before, changes);
  for (YamlEvent event;;) {
    if (!reader.next(event) || !matcher.next(event)) return false;
    if (event.kind == YamlEvent::Kind::stream_end) return matcher.is_complete();
  }
}

/// Bytes of a text after changes, with the documents that they were before.
struct ProofPiece {
  Range bytes;
  std::size_t first = 0, last = 0;  ///< documents [first, last)
};

/// Cuts the text before and after changes at the same documents; one piece of everything if that cannot be done.
std::vector<ProofPiece> proof_pieces(std::span<const Node> documents, std::string_view before, std::string_view after,
                                     const std::vector<Piece>& pieces) {
  std::vector<ProofPiece> cut{{{0, after.size()}, 0, documents.size()}};
  if (may_have_directives(after)) return cut;
  std::size_t added = 0, removed = 0, document = 0;
  auto piece = pieces.begin();
  for (const std::size_t at : document_cuts(before)) {
    for (; piece != pieces.end() && piece->range.end <= at; ++piece) {
      added += piece->written.size();
      removed += piece->range.end - piece->range.begin;
    }
    while (document < documents.size() && documents[document].range.begin < at)
      ++document;
    const std::size_t there = at + added - removed;
    if (!begins_document(after, there)) continue;
    cut.back().bytes.end = there;
    cut.back().last = document;
    cut.push_back({{there, after.size()}, document, documents.size()});
  }
  return cut;
}

/// Returns true if the text, read again, is the tree with the changes and nothing else. The pieces of a long one are
/// read at the same time.
bool is_tree_with(const std::vector<Node>& documents, std::string_view before, std::string_view after,
                  const std::vector<Piece>& pieces, const Changes& changes) {
  if (after.size() > kForeign.max_bytes || find_unreadable(after)) return false;
  const LineIndex lines({}, "");
  const auto cut = proof_pieces(documents, before, after, pieces);
  const Status proved = run_lanes(cut.size(), cut.size(), {}, [&](std::size_t i, const std::stop_token&) -> Status {
    const ProofPiece& piece = cut[i];
    const auto of_piece = std::span(documents).subspan(piece.first, piece.last - piece.first);
    const std::string_view bytes = after.substr(piece.bytes.begin, piece.bytes.end - piece.bytes.begin);
    if (is_piece_with(of_piece, bytes, changes, lines)) return {};
    return fail(Errc::internal, "the text has other changes");
  });
  return proved.has_value();
}

}  // namespace

bool can_replace(std::string_view text, const Node& node, const std::string& value) {
  return pieces_for(text, node, value).has_value();
}

Result<std::string> splice_yaml(std::string_view text, const std::string& file, std::vector<Edit> edits,
                                std::vector<Insertion> insertions) {
  SLIPWAY_ASSIGN(const std::vector<Node> documents, parse_yaml(text, file, kForeign));
  return splice_yaml(text, documents, file, edits, insertions);
}

Result<std::string> splice_yaml(std::string_view text, const std::vector<Node>& documents, const std::string& file,
                                const std::vector<Edit>& edits, const std::vector<Insertion>& insertions) {
  Changes changes;
  SLIPWAY_TRY(plan(edits, text, Scalars(edits, documents), file, changes));
  SLIPWAY_TRY(add_members(insertions, text, documents, file, changes));
  const std::vector<Piece> pieces = pieces_of(changes);
  std::string out = with_pieces(text, pieces);
  if (is_tree_with(documents, text, out, pieces, changes)) return out;
  return fail(Errc::internal, "{}: the edit would change more than the values asked for; nothing was changed", file);
}

}  // namespace slipway::config
