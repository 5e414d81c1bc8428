#include "config/simple_documents.h"

#include <algorithm>
#include <optional>

#include "config/document_cuts.h"

namespace slipway::config {

namespace {

using Kind = YamlEvent::Kind;

constexpr std::size_t kMaxKey = 128;
constexpr int kMaxFlowDepth = 16;

bool is_alphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

/// Characters that mean nothing else anywhere in a plain scalar.
bool is_plain(char c) {
  return is_alphanumeric(c) || c == '_' || c == '.' || c == '/' || c == '-' || c == '$' || c == '+' || c == '@' ||
         c == '=';
}

/// Characters that a plain scalar may begin with.
bool is_first(char c) { return is_alphanumeric(c) || c == '_' || c == '.' || c == '/' || c == '$' || c == '+'; }

/// An event whose text is bytes of the document.
struct SimpleEvent {
  Kind kind;
  Node::Style style = Node::Style::plain;
  bool written = false;
  Range range = {};
  Range text = {};
};

/// Reads one document. Every function returns false where the text is not simple.
class DocumentReader {
 public:
  DocumentReader(std::string_view text, std::size_t begin) : text_(text), at_(begin) {}

  bool read() {
    if (!start()) return false;
    while (at_ < text_.size() && !begins_document(text_, at_)) {
      begin_ = at_;
      end_ = std::min(text_.find('\n', at_), text_.size());
      if (!line()) return false;
      at_ = std::min(end_ + 1, text_.size());
    }
    if (!has_root_) return false;
    if (is_pending_) add_null();
    while (!levels_.empty())
      close();
    events_.push_back({Kind::document_end});
    return true;
  }

  const std::vector<SimpleEvent>& events() const { return events_; }
  /// Returns the offset behind the document.
  std::size_t end() const { return at_; }

 private:
  /// A block collection that is open.
  struct Level {
    bool is_mapping;
    std::size_t indent;
    bool is_indentless = false;  ///< a sequence whose dashes stand in the column of the key that it is the value of
  };

  /// Reads the line "---", if the document has one, and comments in front of it.
  bool start() {
    std::size_t at = at_;
    while (at < text_.size() && is_empty_line(at))
      at = std::min(text_.find('\n', at), text_.size() - 1) + 1;
    if (!begins_document(text_, at)) {
      events_.push_back({Kind::document_start});
      return at_ == 0;
    }
    events_.push_back({Kind::document_start, Node::Style::plain, true, {at, at + 3}});
    end_ = std::min(text_.find('\n', at), text_.size());
    at_ = std::min(end_ + 1, text_.size());
    return is_rest_empty(at + 3);
  }

  bool is_empty_line(std::size_t at) const {
    const std::size_t first = text_.find_first_not_of(' ', at);
    return first == std::string_view::npos || text_[first] == '\n' || text_[first] == '#';
  }

  /// Returns true if nothing but a comment stands between `at` and the end of the line.
  bool is_rest_empty(std::size_t at) const {
    const std::size_t first = skip_spaces(at);
    return first == end_ || (text_[first] == '#' && first > at);
  }

  std::size_t skip_spaces(std::size_t at) const {
    while (at < end_ && text_[at] == ' ')
      ++at;
    return at;
  }

  bool line() {
    const std::size_t first = skip_spaces(begin_);
    if (first == end_ || text_[first] == '#') return true;
    if (text_.substr(begin_).starts_with("...")) return false;
    const bool is_item = is_dash(first);
    unwind(first - begin_, is_item);
    return entry(first, is_item);
  }

  bool is_dash(std::size_t at) const { return text_[at] == '-' && (at + 1 == end_ || text_[at + 1] == ' '); }

  /// Closes the collections that a line in a column does not belong to.
  void unwind(std::size_t column, bool is_item) {
    while (!levels_.empty()) {
      const Level top = levels_.back();
      if (is_pending_) {
        if (column > top.indent || (column == top.indent && top.is_mapping && is_item)) return;
        add_null();
      }
      const bool ends_indentless = column == top.indent && top.is_indentless && !is_item;
      if (column >= top.indent && !ends_indentless) return;
      close();
    }
  }

  /// Reads a key with its value, or an item: one of the innermost collection, or the first of a new one.
  bool entry(std::size_t at, bool is_item) {
    const std::size_t column = at - begin_;
    const bool is_first_entry = is_pending_ || !has_root_;
    if (is_first_entry) {
      const bool is_indentless = is_pending_ && levels_.back().indent == column;
      open({!is_item, column, is_indentless}, at);
    } else if (levels_.empty() || levels_.back().indent != column || levels_.back().is_mapping == is_item) {
      return false;
    }
    return is_item ? item(at) : member(at);
  }

  bool item(std::size_t dash) {
    const std::size_t at = skip_spaces(dash + 1);
    is_pending_ = true;
    if (is_rest_empty(dash + 1)) return false;  // libfyaml refuses some of these
    if (is_dash(at) || key_end(at)) return entry(at, is_dash(at));
    is_pending_ = false;
    return value(at);
  }

  bool member(std::size_t at) {
    const auto colon = key_end(at);
    if (!colon) return false;
    add_scalar(Node::Style::plain, {at, *colon}, {at, *colon});
    is_pending_ = is_rest_empty(*colon + 1);
    return is_pending_ || value(skip_spaces(*colon + 1));
  }

  /// Returns the offset of the colon behind a plain key; nullopt for anything else.
  std::optional<std::size_t> key_end(std::size_t at) const {
    const std::size_t begin = at;
    if (!is_first(text_[at])) return std::nullopt;
    while (at < end_ && is_plain(text_[at]))
      ++at;
    const bool is_key = at < end_ && text_[at] == ':' && (at + 1 == end_ || text_[at + 1] == ' ');
    return is_key && at - begin <= kMaxKey ? std::optional(at) : std::nullopt;
  }

  /// Reads the value that is the rest of the line.
  bool value(std::size_t at) {
    if (text_[at] == '[' || text_[at] == '{') return flow(at, 0) && is_rest_empty(at);
    if (text_[at] == '"' || text_[at] == '\'') return quoted(at) && is_rest_empty(at);
    return plain(at);
  }

  bool may_begin_plain(std::size_t at) const {
    if (is_first(text_[at]) || text_[at] == '~') return true;
    const std::size_t word = text_.substr(at).starts_with("--") ? at + 2 : at + 1;
    return text_[at] == '-' && word < end_ && is_alphanumeric(text_[word]);
  }

  /// Reads a plain scalar up to a comment or the end of the line.
  bool plain(std::size_t begin) {
    if (!may_begin_plain(begin)) return false;
    std::size_t at = begin;
    for (; at < end_; ++at) {
      if (text_[at] == ':' && (at + 1 == end_ || text_[at + 1] == ' ')) return false;
      if (text_[at] == '#' && text_[at - 1] == ' ') break;
    }
    while (text_[at - 1] == ' ')
      --at;
    add_scalar(Node::Style::plain, {begin, at}, {begin, at});
    return true;
  }

  /// Reads a scalar in quotes that has neither escapes nor a second line; leaves `at` behind it.
  bool quoted(std::size_t& at) {
    const char quote = text_[at];
    std::size_t end = at + 1;
    while (end < end_ && text_[end] != quote && text_[end] != '\\')
      ++end;
    if (end == end_ || text_[end] != quote || (end + 1 < end_ && text_[end + 1] == quote)) return false;
    const auto style = quote == '"' ? Node::Style::double_quoted : Node::Style::single_quoted;
    add_scalar(style, {at, end + 1}, {at + 1, end});
    at = end + 1;
    return true;
  }

  /// Reads a flow collection; leaves `at` behind it.
  bool flow(std::size_t& at, int depth) {
    const bool is_mapping = text_[at] == '{';
    const char closing = is_mapping ? '}' : ']';
    if (depth > kMaxFlowDepth) return false;
    add_bracket(is_mapping ? Kind::mapping_start : Kind::sequence_start, at);
    at = skip_spaces(at + 1);
    bool is_end = at < end_ && text_[at] == closing;
    while (!is_end) {
      if (at == end_ || (is_mapping && !flow_key(at))) return false;
      if (at == end_ || !flow_value(at, depth)) return false;
      at = skip_spaces(at);
      if (at == end_ || (text_[at] != ',' && text_[at] != closing)) return false;
      is_end = text_[at] == closing;
      if (!is_end) at = skip_spaces(at + 1);
      if (at == end_) return false;
    }
    add_bracket(is_mapping ? Kind::mapping_end : Kind::sequence_end, at);
    ++at;
    return true;
  }

  bool flow_key(std::size_t& at) {
    const auto colon = key_end(at);
    if (!colon || *colon + 1 == end_) return false;
    add_scalar(Node::Style::plain, {at, *colon}, {at, *colon});
    at = skip_spaces(*colon + 1);
    return true;
  }

  bool flow_value(std::size_t& at, int depth) {
    if (text_[at] == '[' || text_[at] == '{') return flow(at, depth + 1);
    if (text_[at] == '"' || text_[at] == '\'') return quoted(at);
    if (!may_begin_plain(at)) return false;
    const std::size_t begin = at;
    while (at < end_ && (is_plain(text_[at]) || (text_[at] == ':' && at + 1 < end_ && is_plain(text_[at + 1]))))
      ++at;
    add_scalar(Node::Style::plain, {begin, at}, {begin, at});
    return at < end_ && (text_[at] == ' ' || text_[at] == ',' || text_[at] == ']' || text_[at] == '}');
  }

  void open(Level level, std::size_t at) {
    events_.push_back(
        {level.is_mapping ? Kind::mapping_start : Kind::sequence_start, Node::Style::plain, false, {at, at}});
    levels_.push_back(level);
    has_root_ = true;
    is_pending_ = false;
  }

  void close() {
    events_.push_back({levels_.back().is_mapping ? Kind::mapping_end : Kind::sequence_end});
    levels_.pop_back();
  }

  void add_bracket(Kind kind, std::size_t at) { events_.push_back({kind, Node::Style::plain, true, {at, at + 1}}); }

  void add_scalar(Node::Style style, Range range, Range text) {
    events_.push_back({Kind::scalar, style, true, range, text});
  }

  void add_null() {
    events_.push_back({Kind::scalar});
    is_pending_ = false;
  }

  std::string_view text_;
  std::size_t at_;
  std::size_t begin_ = 0, end_ = 0;  ///< of the line
  std::vector<SimpleEvent> events_;
  std::vector<Level> levels_;
  bool is_pending_ = false;  ///< the innermost collection has a key or a dash without a value so far
  bool has_root_ = false;
};

Status add_events(const std::vector<SimpleEvent>& events, std::string_view text, std::size_t base, YamlEvent& event,
                  TreeBuilder& builder) {
  for (const SimpleEvent& simple : events) {
    event.kind = simple.kind;
    event.style = simple.style;
    event.written = simple.written;
    event.range = {simple.range.begin + base, simple.range.end + base};
    event.text.assign(text.substr(simple.text.begin, simple.text.end - simple.text.begin));
    SLIPWAY_TRY(builder.add(event));
  }
  count_events(events.size());
  return {};
}

}  // namespace

Result<std::size_t> read_simple_documents(std::string_view text, std::size_t base, TreeBuilder& builder) {
  const bool is_ascii =
      std::all_of(text.begin(), text.end(), [](char c) { return (c >= ' ' && c <= '~') || c == '\n'; });
  if (!is_ascii || may_have_directives(text)) return std::size_t{0};
  std::size_t at = 0;
  YamlEvent event;
  while (at < text.size()) {
    DocumentReader reader(text, at);
    if (!reader.read()) return at;
    SLIPWAY_TRY(add_events(reader.events(), text, base, event, builder));
    at = reader.end();
  }
  return at;
}

}  // namespace slipway::config
