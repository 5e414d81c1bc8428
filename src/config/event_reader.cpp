#include "config/event_reader.h"

#include <libfyaml.h>

#include <algorithm>
#include <array>
#include <utility>

#include "config/single_quoted.h"
#include "slipway/base/text.h"

namespace slipway::config {

struct EventReader::Parser {
  fy_diag* diag = nullptr;
  fy_parser* parser = nullptr;

  ~Parser() {
    if (parser != nullptr) fy_parser_destroy(parser);
    if (diag != nullptr) fy_diag_destroy(diag);
  }
};

namespace {

struct EventDeleter {
  fy_parser* parser;
  void operator()(fy_event* event) const { fy_parser_event_free(parser, event); }
};
using EventPointer = std::unique_ptr<fy_event, EventDeleter>;

/// The tokens of an event that matter, whatever its type.
struct Tokens {
  fy_token* value = nullptr;
  fy_token* anchor = nullptr;
  fy_token* tag = nullptr;
};

struct Advice {
  std::string_view symptom;
  std::string_view hint;
};

constexpr std::array kAdvice{
    Advice{"tab character", "indent with spaces"},
    Advice{"invalid nested block mapping", "put quotes around a value that holds ': '"},
    Advice{"invalid multiline plain key", "is a ':' missing, or is this line indented too deep?"},
    Advice{"could not find expected ':'", "every key of a mapping needs a ':' and a space after it"},
    Advice{"without a closing", "the bracket opened earlier is never closed"},
    Advice{"mismatched flow", "close brackets in the order they were opened"},
};

std::string_view hint_for(std::string_view message) {
  const auto* found = std::find_if(kAdvice.begin(), kAdvice.end(), [&](const Advice& advice) {
    return message.find(advice.symptom) != std::string_view::npos;
  });
  return found == kAdvice.end() ? std::string_view() : found->hint;
}

thread_local std::uint64_t t_events_read = 0;

void set_text(std::string& out, fy_token* token) {
  std::size_t length = 0;
  const char* text = token == nullptr ? nullptr : fy_token_get_text(token, &length);
  if (text == nullptr) return out.clear();
  out.assign(text, length);
}

Tokens tokens_of(const fy_event& event) {
  switch (event.type) {
    case FYET_SCALAR:
      return {event.scalar.value, event.scalar.anchor, event.scalar.tag};
    case FYET_ALIAS:
      return {event.alias.anchor, nullptr, nullptr};
    case FYET_MAPPING_START:
      return {event.mapping_start.mapping_start, event.mapping_start.anchor, event.mapping_start.tag};
    case FYET_MAPPING_END:
      return {event.mapping_end.mapping_end, nullptr, nullptr};
    case FYET_SEQUENCE_START:
      return {event.sequence_start.sequence_start, event.sequence_start.anchor, event.sequence_start.tag};
    case FYET_SEQUENCE_END:
      return {event.sequence_end.sequence_end, nullptr, nullptr};
    case FYET_DOCUMENT_START:
      return {event.document_start.document_start, nullptr, nullptr};
    default:
      return {};
  }
}

YamlEvent::Kind kind_of(fy_event_type type) {
  switch (type) {
    case FYET_SCALAR:
      return YamlEvent::Kind::scalar;
    case FYET_ALIAS:
      return YamlEvent::Kind::alias;
    case FYET_MAPPING_START:
      return YamlEvent::Kind::mapping_start;
    case FYET_MAPPING_END:
      return YamlEvent::Kind::mapping_end;
    case FYET_SEQUENCE_START:
      return YamlEvent::Kind::sequence_start;
    case FYET_SEQUENCE_END:
      return YamlEvent::Kind::sequence_end;
    case FYET_DOCUMENT_START:
      return YamlEvent::Kind::document_start;
    case FYET_DOCUMENT_END:
      return YamlEvent::Kind::document_end;
    default:
      return YamlEvent::Kind::stream_end;
  }
}

Node::Style style_of(fy_token* token) {
  switch (fy_token_scalar_style(token)) {
    case FYSS_SINGLE_QUOTED:
      return Node::Style::single_quoted;
    case FYSS_DOUBLE_QUOTED:
      return Node::Style::double_quoted;
    case FYSS_LITERAL:
    case FYSS_FOLDED:
      return Node::Style::block;
    default:
      return Node::Style::plain;
  }
}

/// A token's bytes, kept inside the text whatever the library says.
Range range_of(fy_token* token, std::size_t size) {
  const fy_mark* begin = fy_token_start_mark(token);
  const fy_mark* end = fy_token_end_mark(token);
  if (begin == nullptr || end == nullptr) return {size, size};
  Range range;
  range.begin = std::min(begin->input_pos, size);
  range.end = std::clamp(end->input_pos, range.begin, size);
  return range;
}

/// The library's marks leave out a quoted scalar's quotes and an alias's asterisk.
Range widen(Range range, std::string_view text, const YamlEvent& event) {
  const bool single = event.style == Node::Style::single_quoted;
  if (event.kind == YamlEvent::Kind::alias) {
    if (range.begin > 0 && text[range.begin - 1] == '*') --range.begin;
  } else if (single || event.style == Node::Style::double_quoted) {
    const char quote = single ? '\'' : '"';
    if (range.begin > 0 && text[range.begin - 1] == quote) --range.begin;
    if (range.end < text.size() && text[range.end] == quote) ++range.end;
  }
  return range;
}

/// find_first_of() would search the two ends for each character.
bool has_line_end(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r'; });
}

void set_value(YamlEvent& out, fy_token* value, std::string_view text) {
  const bool has_text = out.kind == YamlEvent::Kind::scalar || out.kind == YamlEvent::Kind::alias;
  out.range = range_of(value, text.size());
  if (out.kind == YamlEvent::Kind::scalar) out.style = style_of(value);
  if (has_text) {
    const std::string_view inside = text.substr(out.range.begin, out.range.end - out.range.begin);
    out.range = widen(out.range, text, out);
    if (out.style == Node::Style::single_quoted) {
      out.text = decode_single_quoted(inside);
    } else if (out.style == Node::Style::plain && !has_line_end(inside)) {
      out.text.assign(inside);  // its bytes are its text
    } else {
      set_text(out.text, value);
    }
  }
  out.written = has_text || out.range.end > out.range.begin;
}

void set_event(YamlEvent& out, const fy_event& event, std::string_view text) {
  out.kind = kind_of(event.type);
  out.written = false;
  out.style = Node::Style::plain;
  out.text.clear();
  out.tag.clear();
  out.range = {};
  const Tokens tokens = tokens_of(event);
  if (tokens.value != nullptr) set_value(out, tokens.value, text);
  set_text(out.anchor, tokens.anchor);
  if (tokens.tag != nullptr) {
    const Range tag = range_of(tokens.tag, text.size());
    out.tag.assign(text, tag.begin, tag.end - tag.begin);
  }
}

void discard(fy_diag*, void*, const char*, std::size_t) {}

}  // namespace

EventReader::EventReader(std::string_view text, const LineIndex& lines, std::size_t base)
    : text_(text), lines_(lines), base_(base), parser_(std::make_unique<Parser>()) {
  fy_diag_cfg diag_cfg;
  fy_diag_cfg_default(&diag_cfg);
  diag_cfg.fp = nullptr;
  diag_cfg.output_fn = discard;
  diag_cfg.colorize = false;
  parser_->diag = fy_diag_create(&diag_cfg);
  if (parser_->diag == nullptr) return;
  fy_diag_set_collect_errors(parser_->diag, true);

  constexpr unsigned kFlags = FYPCF_QUIET | FYPCF_COLLECT_DIAG | FYPCF_DEFAULT_VERSION_1_2 | FYPCF_JSON_NONE;
  fy_parse_cfg cfg{};
  cfg.flags = static_cast<fy_parse_cfg_flags>(kFlags);
  cfg.diag = parser_->diag;
  parser_->parser = fy_parser_create(&cfg);
  // The library mistakes a length of 0 for "up to the NUL".
  if (parser_->parser == nullptr || text.empty()) return;
  if (fy_parser_set_string(parser_->parser, text.data(), text.size()) != 0) {
    fy_parser_destroy(parser_->parser);
    parser_->parser = nullptr;
  }
}

EventReader::~EventReader() = default;

Error EventReader::syntax_error() const {
  void* iterator = nullptr;
  while (const fy_diag_error* found = fy_diag_errors_iterate(parser_->diag, &iterator)) {
    if (found->type < FYET_ERROR || found->msg == nullptr) continue;
    const std::string message = printable(found->msg);
    return Error(Errc::invalid_argument, fmt::format("not valid YAML: {}", message))
        .at(lines_.at(lines_.offset_of(found->line, found->column)))
        .with_hint(std::string(hint_for(message)));
  }
  return Error(Errc::invalid_argument, "not valid YAML").at(lines_.at(text_.size()));
}

Status EventReader::next(YamlEvent& event) {
  ++t_events_read;
  event.kind = YamlEvent::Kind::stream_end;
  if (text_.empty()) return {};
  if (parser_->parser == nullptr) return fail(Errc::internal, "the YAML parser cannot be set up: out of memory");
  EventPointer read(nullptr, EventDeleter{parser_->parser});
  do {
    read.reset(fy_parser_parse(parser_->parser));
    if (read == nullptr) {
      if (fy_parser_get_stream_error(parser_->parser)) return fail(syntax_error());
      return {};
    }
  } while (read->type == FYET_STREAM_START || read->type == FYET_NONE);
  set_event(event, *read, text_);
  event.range.begin += base_;
  event.range.end += base_;
  return {};
}

bool YamlEvent::is_null() const {
  if (kind != Kind::scalar || style != Node::Style::plain || !tag.empty()) return false;
  return text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL";
}

void count_events(std::uint64_t count) { t_events_read += count; }

std::uint64_t events_read() { return t_events_read; }

}  // namespace slipway::config
