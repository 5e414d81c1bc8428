#include "slipway/config/splice.h"

#include <algorithm>
#include <map>
#include <utility>

#include "config/scalar_text.h"
#include "slipway/base/text.h"

namespace slipway::config {

namespace {

constexpr YamlLimits kForeign{.allow_aliases = true};

/// Every scalar that is a value, by where it begins. Keys are structure and stay.
using Scalars = std::map<std::size_t, const Node*>;

void collect_scalars(const Node& node, Scalars& out) {
  if (node.range.end > node.range.begin && (node.is_scalar() || node.is_null())) out.emplace(node.range.begin, &node);
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
using Replacements = std::map<const Node*, Replacement>;

Result<Replacement> replacement_for(const Edit& edit, const Scalars& scalars, const std::string& file) {
  const auto found = scalars.find(edit.range.begin);
  if (found == scalars.end() || !(found->second->range == edit.range)) {
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

std::string apply(std::string_view text, const Replacements& replacements) {
  std::vector<const Replacement*> in_order;
  for (const auto& [node, replacement] : replacements)
    in_order.push_back(&replacement);
  std::sort(in_order.begin(), in_order.end(),
            [](const Replacement* a, const Replacement* b) { return a->node->range.begin < b->node->range.begin; });
  std::string out;
  std::size_t copied = 0;
  for (const Replacement* replacement : in_order) {
    out += text.substr(copied, replacement->node->range.begin - copied);
    out += replacement->written;
    copied = replacement->node->range.end;
  }
  out += text.substr(copied);
  return out;
}

/// True when `after` is `before` with the replaced values and nothing else.
bool same_but_for(const Node& before, const Node& after, const Replacements& replacements) {
  if (before.anchor != after.anchor || before.tag != after.tag) return false;
  if (const auto found = replacements.find(&before); found != replacements.end()) {
    return after.is_scalar() && after.scalar == found->second.value;
  }
  if (before.kind != after.kind || before.style != after.style || before.scalar != after.scalar) return false;
  if (before.items.size() != after.items.size() || before.members.size() != after.members.size()) return false;
  for (std::size_t i = 0; i < before.items.size(); ++i) {
    if (!same_but_for(before.items[i], after.items[i], replacements)) return false;
  }
  for (std::size_t i = 0; i < before.members.size(); ++i) {
    if (before.members[i].key != after.members[i].key) return false;
    if (!same_but_for(before.members[i].value, after.members[i].value, replacements)) return false;
  }
  return true;
}

Status prove(const std::vector<Node>& before, std::string_view text, const std::string& file,
             const Replacements& replacements) {
  auto after = parse_yaml(text, file, kForeign);
  bool same = after.has_value() && after->size() == before.size();
  for (std::size_t i = 0; same && i < before.size(); ++i)
    same = same_but_for(before[i], (*after)[i], replacements);
  if (same) return {};
  return fail(Errc::internal, "{}: the edit would change more than the values asked for; nothing was changed", file);
}

}  // namespace

Result<std::string> splice_yaml(std::string_view text, const std::string& file, std::vector<Edit> edits) {
  SLIPWAY_ASSIGN(const std::vector<Node> before, parse_yaml(text, file, kForeign));
  Scalars scalars;
  for (const Node& document : before)
    collect_scalars(document, scalars);
  SLIPWAY_ASSIGN(const Replacements replacements, plan(edits, scalars, file));
  std::string out = apply(text, replacements);
  SLIPWAY_TRY(prove(before, out, file, replacements));
  return out;
}

}  // namespace slipway::config
