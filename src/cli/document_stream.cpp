#include "cli/document_stream.h"

#include <algorithm>

#include "cli/context.h"
#include "cli/output.h"

namespace slipway::cli {
namespace {

constexpr std::size_t kPiece = 64u << 10;

Json object_of(const std::string& key, Json value) {
  Json object;
  object.set(key, std::move(value));
  return object;
}

/// The lines of what a document of one entry has between its brackets, indented by two.
std::string_view inside(std::string_view pretty) { return pretty.substr(2, pretty.size() - 4); }

}  // namespace

DocumentStream::DocumentStream(std::string_view output, Writer write)
    : output_(output),
      form_(output == "yaml"                         ? Form::yaml
            : output == "digest" || output == "name" ? Form::lines
                                                     : Form::json),
      write_(std::move(write)) {
  if (form_ == Form::json) text_.append(1, '{');
}

DocumentStream::DocumentStream(Context& context)
    : DocumentStream(context.globals().output, [&context](std::string_view text) { return context.print_raw(text); }) {}

Status DocumentStream::member(const std::string& key, Json value) {
  if (form_ != Form::lines) return add(object_of(key, std::move(value)));
  if (levels_.size() == 1) found_.set(key, std::move(value));
  return {};
}

Status DocumentStream::open_list(const std::string& key) {
  if (form_ == Form::json) {
    begin_entry();
    const std::string empty = object_of(key, Json::Array()).pretty();
    append_lines(inside(empty).substr(0, inside(empty).size() - 1), depth());
  }
  if (form_ == Form::lines && levels_.size() == 1) found_.set(key, Json::Array());
  levels_.push_back({key, true});
  return {};
}

Status DocumentStream::item(Json value) {
  if (form_ == Form::lines) return {};
  Json::Array list;
  list.push_back(std::move(value));
  return add(Json(std::move(list)));
}

Status DocumentStream::open_item() {
  begin_entry();
  if (form_ == Form::json) text_.append(2 * depth() + 2, ' ') += '{';
  if (form_ == Form::yaml) text_.append(2 * depth(), ' ') += "- ";
  at_dash_ = form_ == Form::yaml;
  levels_.push_back({});
  return {};
}

Status DocumentStream::close() {
  const Level closed = std::move(levels_.back());
  levels_.pop_back();
  if (form_ == Form::yaml && !closed.list.empty() && closed.empty)
    append_lines(yaml_of(object_of(closed.list, Json::Array())), depth());
  if (form_ == Form::json) {
    if (!closed.empty) (text_ += '\n').append(2 * depth() + 2, ' ');
    text_ += closed.list.empty() ? '}' : ']';
  }
  return print(kPiece);
}

Status DocumentStream::finish() {
  if (form_ == Form::lines) {
    SLIPWAY_ASSIGN(text_, lines_of(found_, output_ == "name" ? "location" : "digest"));
  }
  if (form_ == Form::json) text_ += "\n}\n";
  return print(0);
}

Status DocumentStream::add(const Json& wrapped) {
  begin_entry();
  append_lines(form_ == Form::yaml ? yaml_of(wrapped) : safe_json(inside(wrapped.pretty())), depth());
  return print(kPiece);
}

/// Ends the line of the entry before, or that of the open list or object. The key of a YAML list is printed with its
/// first item: an empty list stands on the line of its key.
void DocumentStream::begin_entry() {
  Level& level = levels_.back();
  if (form_ == Form::json) text_ += level.empty ? "\n" : ",\n";
  if (form_ == Form::yaml && level.empty && !level.list.empty()) {
    const std::string line = yaml_of(object_of(level.list, Json::Array()));
    append_lines(line.substr(0, line.rfind(" [")), levels_.size() - 2);
    text_ += '\n';
  }
  level.empty = false;
}

/// Appends lines indented for `depth` open lists and objects.
void DocumentStream::append_lines(std::string_view lines, std::size_t depth) {
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size() - 1) + 1;
    if (!at_dash_) text_.append(2 * depth, ' ');
    at_dash_ = false;
    text_ += lines.substr(0, end);
    lines.remove_prefix(end);
  }
}

Status DocumentStream::print(std::size_t at_least) {
  if (text_.size() < at_least || text_.empty()) return {};
  SLIPWAY_TRY(write_(text_));
  text_.clear();
  return {};
}

}  // namespace slipway::cli
