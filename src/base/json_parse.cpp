#include <nlohmann/json.hpp>
#include <unordered_set>

#include "slipway/base/json.h"
#include "slipway/base/text.h"

namespace slipway {
namespace {

/// Builds a Json from nlohmann's SAX events. nlohmann keeps the last of two
/// equal names and turns big integers into doubles without a word; here both are seen.
class Builder final : public nlohmann::json_sax<nlohmann::json> {
 public:
  Builder(std::string_view what, const JsonLimits& limits) : what_(what), limits_(limits) {}

  bool null() override { return add(Json()); }
  bool boolean(bool v) override { return add(Json(v)); }
  bool number_integer(number_integer_t v) override { return add(Json(static_cast<std::int64_t>(v))); }
  bool number_unsigned(number_unsigned_t v) override {
    if (v <= static_cast<number_unsigned_t>(std::numeric_limits<std::int64_t>::max())) {
      return add(Json(static_cast<std::int64_t>(v)));
    }
    return add(Json(Json::Number{std::to_string(v)}));
  }
  bool number_float(number_float_t, const string_t& text) override { return add(Json(Json::Number{text})); }
  bool string(string_t& v) override { return add(Json(std::move(v))); }
  bool binary(binary_t&) override { return refuse(Errc::malformed, "binary values do not exist in JSON"); }

  bool start_object(std::size_t) override { return open(Json(Json::Object{})); }
  bool start_array(std::size_t) override { return open(Json(Json::Array{})); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& name) override {
    Frame& top = stack_.back();
    if (!top.names.insert(name).second) {
      return refuse(Errc::malformed, fmt::format("duplicate name \"{}\" in one object", printable(name, 80)));
    }
    top.key = std::move(name);
    return true;
  }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception& problem) override {
    // nlohmann's text is "[json.exception...] parse error at line 1, column 2: syntax error ... - WHY; last read: ..."
    std::string_view text = problem.what();
    if (const std::size_t dash = text.rfind(" - "); dash != std::string_view::npos) text.remove_prefix(dash + 3);
    if (const std::size_t semicolon = text.find("; "); semicolon != std::string_view::npos)
      text = text.substr(0, semicolon);
    return refuse(Errc::malformed, fmt::format("not valid JSON at byte {}: {}", position, printable(text, 200)));
  }

  Result<Json> result() && {
    if (error_) return fail(*std::move(error_));
    return std::move(root_);
  }

 private:
  struct Frame {
    Json value;
    std::string key;
    std::unordered_set<std::string> names;
  };

  bool refuse(Errc code, std::string why) {
    if (!error_) error_ = Error(code, fmt::format("{}: {}", what_, std::move(why)));
    return false;
  }

  bool open(Json empty) {
    if (stack_.size() >= static_cast<std::size_t>(limits_.max_depth)) {
      return refuse(Errc::too_large, fmt::format("nested deeper than {} levels", limits_.max_depth));
    }
    stack_.push_back({std::move(empty), {}, {}});
    return true;
  }

  bool close() {
    Json value = std::move(stack_.back().value);
    stack_.pop_back();
    return add(std::move(value));
  }

  bool add(Json value) {
    if (stack_.empty()) {
      root_ = std::move(value);
      return true;
    }
    Frame& top = stack_.back();
    if (Json::Array* items = top.value.array()) {
      items->push_back(std::move(value));
    } else {
      top.value.object()->emplace_back(std::move(top.key), std::move(value));
    }
    return true;
  }

  std::string_view what_;
  const JsonLimits& limits_;
  std::vector<Frame> stack_;
  Json root_;
  std::optional<Error> error_;
};

}  // namespace

Result<Json> Json::parse(std::string_view text, std::string_view what, const JsonLimits& limits) {
  if (text.size() > limits.max_bytes) {
    return fail(Errc::too_large, "{}: {} is more than the limit of {}", what, human_bytes(text.size()),
                human_bytes(limits.max_bytes));
  }
  if (text.substr(0, 3) == "\xEF\xBB\xBF") return fail(Errc::malformed, "{}: begins with a byte order mark", what);
  try {
    Builder builder(what, limits);
    nlohmann::json::sax_parse(text.begin(), text.end(), &builder, nlohmann::json::input_format_t::json, true);
    return std::move(builder).result();
  } catch (const std::exception& problem) {
    return fail(Errc::malformed, "{}: not valid JSON: {}", what, printable(problem.what(), 200));
  }
}

}  // namespace slipway
