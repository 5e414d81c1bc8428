#include "slipway/config/yaml.h"

#include <utility>

#include "config/event_reader.h"
#include "config/line_index.h"
#include "config/tree_builder.h"

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

}  // namespace

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

  Diagnostics diagnostics;
  EventReader reader(text, lines);
  TreeBuilder builder(lines, limits, diagnostics);
  if (Status built = build(reader, builder); !built) diagnostics.add(std::move(built).error());
  SLIPWAY_TRY(std::move(diagnostics).status());
  return std::move(builder).take_documents();
}

}  // namespace slipway::config
