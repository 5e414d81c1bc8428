#include "slipway/config/yaml.h"

#include <iterator>
#include <utility>

#include "config/document_cuts.h"
#include "config/event_reader.h"
#include "config/line_index.h"
#include "config/simple_documents.h"
#include "config/tree_builder.h"
#include "slipway/base/lanes.h"

namespace slipway::config {

namespace {

Error unreadable(const LineIndex& lines, std::string_view text, std::size_t offset) {
  const auto byte = static_cast<unsigned char>(text[offset]);
  const bool control = byte < 0x80u || byte == 0xc2u;
  return Error(Errc::invalid_argument,
               fmt::format("{} (byte 0x{:02x})", control ? "control character in the text" : "not UTF-8", byte))
      .at(lines.at(offset))
      .with_hint(control ? "write it as an escape in double quotes, e.g. \"\\x1b\"" : "save the file as UTF-8");
}

Status build(EventReader& reader, TreeBuilder& builder) {
  for (YamlEvent event;;) {
    SLIPWAY_TRY(reader.next(event));
    if (event.kind == YamlEvent::Kind::stream_end) return {};
    SLIPWAY_TRY(builder.add(event));
  }
}

/// The documents of one piece of a text.
struct Piece {
  std::vector<Node> documents;
  std::size_t nodes = 0;
};

/// Reads the bytes [begin, end) of a text, which begin with a document: simple ones in front, then the others with
/// libfyaml. Fails without a usable message: reading the whole with libfyaml has the places.
Result<Piece> read_piece(std::string_view text, Range bytes, const LineIndex& lines, const YamlLimits& limits) {
  Diagnostics diagnostics;
  TreeBuilder builder(lines, limits, diagnostics);
  const std::string_view piece = text.substr(bytes.begin, bytes.end - bytes.begin);
  SLIPWAY_ASSIGN(const std::size_t read, read_simple_documents(piece, bytes.begin, builder));
  if (read < piece.size()) {
    EventReader reader(piece.substr(read), lines, bytes.begin + read);
    SLIPWAY_TRY(build(reader, builder));
  } else {
    count_events(1);  // the end of the stream
  }
  SLIPWAY_TRY(std::move(diagnostics).status());
  const std::size_t nodes = builder.nodes();
  return Piece{std::move(builder).take_documents(), nodes};
}

/// Reads the pieces of a long text at the same time. Fails as read_piece().
Result<std::vector<Node>> read_pieces(std::string_view text, const std::vector<std::size_t>& cuts,
                                      const LineIndex& lines, const YamlLimits& limits) {
  std::vector<Piece> pieces(cuts.size() + 1);
  SLIPWAY_TRY(run_lanes(pieces.size(), pieces.size(), {}, [&](std::size_t i, const std::stop_token&) -> Status {
    const Range bytes{i == 0 ? 0 : cuts[i - 1], i == cuts.size() ? text.size() : cuts[i]};
    const LineIndex own = lines;  // it remembers the last answer
    SLIPWAY_ASSIGN(pieces[i], read_piece(text, bytes, own, limits));
    return {};
  }));
  std::size_t nodes = 0;
  std::vector<Node> documents;
  for (Piece& piece : pieces) {
    nodes += piece.nodes;
    documents.insert(documents.end(), std::make_move_iterator(piece.documents.begin()),
                     std::make_move_iterator(piece.documents.end()));
  }
  if (nodes > limits.max_nodes) return fail(Errc::invalid_argument, "more than {} YAML nodes", limits.max_nodes);
  return documents;
}

}  // namespace

const std::string& RareText::str() const {
  static const std::string none;
  return empty() ? none : *text_;
}

const Node* Node::find(std::string_view key) const {
  for (const Member& member : members) {
    if (member.key == key) return &member.value;
  }
  return nullptr;
}

Result<std::vector<Node>> parse_yaml(std::string_view text, const std::string& file, const YamlLimits& limits) {
  if (text.size() > limits.max_bytes) {
    return fail(Error(Errc::invalid_argument,
                      fmt::format("{} bytes of YAML, more than the {} allowed", text.size(), limits.max_bytes))
                    .at(Where{file, 1, 1}));
  }
  const LineIndex lines(text, file);
  if (const auto offset = find_unreadable(text)) return fail(unreadable(lines, text, *offset));

  // The own documents of the program have libfyaml alone: they are short, and their tags and anchors are errors.
  if (limits.allow_aliases) {
    if (auto documents = read_pieces(text, document_cuts(text), lines, limits)) return documents;
  }
  Diagnostics diagnostics;
  EventReader reader(text, lines);
  TreeBuilder builder(lines, limits, diagnostics);
  if (Status built = build(reader, builder); !built) diagnostics.add(std::move(built).error());
  SLIPWAY_TRY(std::move(diagnostics).status());
  return std::move(builder).take_documents();
}

}  // namespace slipway::config
