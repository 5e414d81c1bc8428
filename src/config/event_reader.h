#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "config/line_index.h"
#include "slipway/config/yaml.h"

namespace slipway::config {

/// One step of a YAML stream.
struct YamlEvent {
  enum class Kind {
    document_start,
    document_end,
    mapping_start,
    mapping_end,
    sequence_start,
    sequence_end,
    scalar,
    alias,
    stream_end
  };
  Kind kind = Kind::stream_end;
  bool written = false;  ///< false when nothing in the text stands for it (an empty value, a block's end)
  Node::Style style = Node::Style::plain;
  std::string text;  ///< decoded scalar, or the anchor's name of an alias
  std::string anchor;
  std::string tag;
  Range range;
};

/// Reads the events of a text with libfyaml. Nothing is ever printed; the text must outlive it.
class EventReader {
 public:
  EventReader(std::string_view text, const LineIndex& lines);
  ~EventReader();
  EventReader(const EventReader&) = delete;
  EventReader& operator=(const EventReader&) = delete;

  /// The next event, `stream_end` last; Errc::invalid_argument with its place for a syntax error.
  Result<YamlEvent> next();

 private:
  struct Parser;
  Error syntax_error() const;

  std::string_view text_;
  const LineIndex& lines_;
  std::unique_ptr<Parser> parser_;
};

}  // namespace slipway::config
