#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "slipway/config/decoder.h"
#include "slipway/config/splice.h"

namespace {

using slipway::config::Edit;
using slipway::config::Node;

void require(bool condition) {
  if (!condition) std::abort();
}

/// Checks every node's place and picks the scalars that can be edited.
void visit(const Node& node, std::string_view text, std::vector<Edit>& edits) {
  require(node.range.begin <= node.range.end && node.range.end <= text.size());
  require(node.where.row >= 1 && node.where.col >= 1);
  const bool written = node.range.end > node.range.begin;
  if (node.is_scalar() && written && node.style != Node::Style::block) edits.push_back({node.range, "w:1@x"});
  for (const Node& item : node.items)
    visit(item, text, edits);
  for (const Node::Member& member : node.members) {
    require(member.key_range.end <= text.size());
    visit(member.value, text, edits);
  }
}

/// Compares the trees of the reader of simple documents and of libfyaml.
bool is_same(const Node& a, const Node& b) {
  const auto is_same_member = [](const Node::Member& one, const Node::Member& other) {
    return one.key == other.key && one.key_range == other.key_range && is_same(one.value, other.value);
  };
  // libfyaml 0.7 gives bytes that it did not write for some block scalars.
  const bool is_block = a.is_scalar() && a.style == Node::Style::block;
  return a.kind == b.kind && a.style == b.style && a.range == b.range && (is_block || a.scalar == b.scalar) &&
         a.where.row == b.where.row && a.where.col == b.where.col &&
         std::equal(a.items.begin(), a.items.end(), b.items.begin(), b.items.end(), is_same) &&
         std::equal(a.members.begin(), a.members.end(), b.members.begin(), b.members.end(), is_same_member);
}

void check_splice(std::string_view text, const std::vector<Node>& documents) {
  std::vector<Edit> edits;
  for (const Node& document : documents)
    visit(document, text, edits);
  const auto same = slipway::config::splice_yaml(text, "fuzz.yaml", {});
  require(same.has_value() && *same == text);
  const auto edited = slipway::config::splice_yaml(text, "fuzz.yaml", edits);
  require(edited.has_value() || edited.error().code == slipway::Errc::invalid_argument);
}

void check_decoder(const Node& document) {
  slipway::Diagnostics diagnostics;
  slipway::config::Decoder decoder(document, "", diagnostics);
  decoder.string("a");
  decoder.string_list("b");
  decoder.string_map("c");
  decoder.integer("d", -5, 5);
  decoder.finish();
  (void)std::move(diagnostics).status();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto foreign = slipway::config::parse_yaml(text, "fuzz.yaml", {.max_nodes = 5000, .allow_aliases = true});
  const auto strict = slipway::config::parse_yaml(text, "fuzz.yaml", {.max_nodes = 5000});
  require(!strict.has_value() || foreign.has_value());
  require(!strict.has_value() || std::equal(strict->begin(), strict->end(), foreign->begin(), foreign->end(), is_same));
  if (!foreign.has_value()) return 0;
  for (const Node& document : *foreign)
    check_decoder(document);
  check_splice(text, *foreign);
  return 0;
}
