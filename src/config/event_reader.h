#pragma once

#include <cstdint>
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

  bool starts_collection() const { return kind == Kind::mapping_start || kind == Kind::sequence_start; }
  /// Returns true for a scalar that is nothing at all, or a plain, untagged `~` or `null`.
  bool is_null() const;
};

/// Reads the events of a text with libfyaml. Nothing is ever printed; the text must outlive it. `base` is the offset of
/// the text in the one that ranges are for, if it is a piece of it.
class EventReader {
 public:
  EventReader(std::string_view text, const LineIndex& lines, std::size_t base = 0);
  ~EventReader();
  EventReader(const EventReader&) = delete;
  EventReader& operator=(const EventReader&) = delete;

  /// Reads the next event, `stream_end` last; Errc::invalid_argument with its place for a syntax error. An event that
  /// is handed in again lends the memory of its strings.
  Status next(YamlEvent& event);

 private:
  struct Parser;
  Error syntax_error() const;

  std::string_view text_;
  const LineIndex& lines_;
  const std::size_t base_;
  std::unique_ptr<Parser> parser_;
};

/// Returns how many events this thread has read so far: a measure of work that does not depend on the machine, for
/// tests.
std::uint64_t events_read();
/// Counts events that another reader read on this thread.
void count_events(std::uint64_t count);

}  // namespace slipway::config
