#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "slipway/base/json.h"

namespace slipway::cli {

class Context;

/// Prints a document whose lists may outgrow the memory: the bytes of Context::print_document(), piece by piece. With
/// -o digest or -o name the items of streamed lists are not searched. For one thread. Errors are those of the writer;
/// after one nothing must be added.
///
///     DocumentStream out(context);
///     SLIPWAY_TRY(out.member("schema", "slipway/v1/files"));
///     SLIPWAY_TRY(out.open_list("files"));
///     for (...) SLIPWAY_TRY(out.item(file_json(...)));
///     SLIPWAY_TRY(out.close());
///     SLIPWAY_TRY(out.finish());
class DocumentStream {
 public:
  using Writer = std::function<Status(std::string_view)>;
  /// `output` is the value of -o.
  DocumentStream(std::string_view output, Writer write);
  /// Prints as `context` prints, which the caller keeps alive.
  explicit DocumentStream(Context& context);

  /// Adds a member to the open object, which is the document at first.
  Status member(const std::string& key, Json value);
  /// Opens a list as a member of the open object.
  Status open_list(const std::string& key);
  /// Adds an item to the open list.
  Status item(Json value);
  /// Opens an object as an item of the open list; it must get a member.
  Status open_item();
  /// Closes the list or object that was opened last.
  Status close();
  /// Ends the document, of which everything is closed.
  Status finish();

 private:
  enum class Form { json, yaml, lines };
  struct Level {
    std::string list;  // the key of a list, empty for an object
    bool empty = true;
  };

  Status add(const Json& wrapped);
  void begin_entry();
  void append_lines(std::string_view lines, std::size_t depth);
  std::size_t depth() const { return levels_.size() - 1; }
  Status print(std::size_t at_least);

  std::string_view output_;
  Form form_;
  Writer write_;
  std::vector<Level> levels_{Level{}};
  Json found_;            // -o digest and -o name: the members of the document itself
  std::string text_;      // not printed yet
  bool at_dash_ = false;  // YAML: the next member stands behind the dash of its item
};

}  // namespace slipway::cli
