#include "slipway/config/decoder.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "slipway/base/text.h"

namespace slipway::config {

namespace {

std::string_view kind_name(const Node& node) {
  switch (node.kind) {
    case Node::Kind::null:
      return "nothing";
    case Node::Kind::scalar:
      return "text";
    case Node::Kind::sequence:
      return "a list";
    case Node::Kind::mapping:
      return "a mapping";
    case Node::Kind::alias:
      return "an alias";
  }
  return "nothing";
}

std::string quoted_list(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words)
    out += (out.empty() ? "" : ", ") + word;
  return out;
}

/// JSON's integers: no plus sign, no leading zeros, no underscores, no other base.
std::optional<std::int64_t> parse_integer(std::string_view text) {
  const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
  if (digits.empty() || (digits.size() > 1 && digits[0] == '0') || text == "-0") return std::nullopt;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string_view hint_for_boolean(std::string_view text) {
  const std::string word = to_lower(text);
  if (word == "yes" || word == "on" || word == "y" || word == "true") return "write true";
  if (word == "no" || word == "off" || word == "n" || word == "false") return "write false";
  return "write true or false, without quotes";
}

}  // namespace

Decoder::Decoder(const Node& node, std::string what, Diagnostics& diagnostics)
    : node_(node), what_(std::move(what)), diagnostics_(diagnostics) {
  if (node_.is_mapping()) return;
  diagnostics_.error(node_.where, fmt::format("{} must be a mapping, but is {}", what_.empty() ? "the document" : what_,
                                              kind_name(node_)));
}

std::string Decoder::path(std::string_view key) const {
  return what_.empty() ? std::string(key) : fmt::format("{}.{}", what_, key);
}

const Node* Decoder::get(std::string_view key) {
  known_.emplace(key);
  return node_.find(key);
}

const Node* Decoder::require(std::string_view key) {
  const Node* found = get(key);
  if (found == nullptr && node_.is_mapping()) {
    diagnostics_.error(node_.where, fmt::format("{} is missing", path(key)));
  }
  return found;
}

void Decoder::wrong_kind(const Node& node, std::string_view name, std::string_view wanted, std::string hint) {
  if (node.is_scalar()) {
    diagnostics_.error(node.where,
                       fmt::format("{} must be {}, but is \"{}\"", name, wanted, printable(node.scalar, 80)),
                       std::move(hint));
    return;
  }
  diagnostics_.error(node.where, fmt::format("{} must be {}, but is {}", name, wanted, kind_name(node)),
                     std::move(hint));
}

const Node* Decoder::scalar(std::string_view key, std::string_view wanted) {
  const Node* found = get(key);
  if (found == nullptr || found->is_scalar()) return found;
  wrong_kind(*found, path(key), wanted, found->is_null() ? "write a value, or leave the key out" : "");
  return nullptr;
}

std::optional<std::string> Decoder::string(std::string_view key) {
  const Node* found = scalar(key, "text");
  return found == nullptr ? std::nullopt : std::optional<std::string>(found->scalar);
}

std::optional<bool> Decoder::boolean(std::string_view key) {
  const Node* found = scalar(key, "true or false");
  if (found == nullptr) return std::nullopt;
  if (found->style == Node::Style::plain && (found->scalar == "true" || found->scalar == "false")) {
    return found->scalar == "true";
  }
  wrong_kind(*found, path(key), "true or false", std::string(hint_for_boolean(found->scalar)));
  return std::nullopt;
}

std::optional<std::int64_t> Decoder::integer(std::string_view key, std::int64_t min, std::int64_t max) {
  const Node* found = scalar(key, "a whole number");
  if (found == nullptr) return std::nullopt;
  const auto value = parse_integer(found->scalar);
  if (!value || found->style != Node::Style::plain) {
    wrong_kind(*found, path(key), "a whole number", "write decimal digits, without quotes");
    return std::nullopt;
  }
  if (*value < min || *value > max) {
    wrong_kind(*found, path(key), fmt::format("from {} to {}", min, max), "");
    return std::nullopt;
  }
  return value;
}

std::optional<std::string> Decoder::one_of(std::string_view key, const std::vector<std::string>& allowed) {
  const Node* found = scalar(key, fmt::format("one of {}", quoted_list(allowed)));
  if (found == nullptr) return std::nullopt;
  if (std::find(allowed.begin(), allowed.end(), found->scalar) != allowed.end()) return found->scalar;
  const auto guess = nearest(found->scalar, allowed);
  wrong_kind(*found, path(key), fmt::format("one of {}", quoted_list(allowed)),
             guess ? fmt::format("did you mean {}?", *guess) : "");
  return std::nullopt;
}

std::vector<std::string> Decoder::string_list(std::string_view key) {
  return optional_string_list(key).value_or(std::vector<std::string>{});
}

std::optional<std::vector<std::string>> Decoder::optional_string_list(std::string_view key) {
  const Node* found = get(key);
  if (found == nullptr) return std::nullopt;
  if (!found->is_sequence()) {
    wrong_kind(
        *found, path(key), "a list",
        found->is_scalar() ? fmt::format("write [{}]", printable(found->scalar, 80)) : "write [] for an empty list");
    return std::nullopt;
  }
  std::vector<std::string> out;
  for (std::size_t i = 0; i < found->items.size(); ++i) {
    const Node& item = found->items[i];
    if (item.is_scalar()) {
      out.push_back(item.scalar);
    } else {
      wrong_kind(item, fmt::format("{}[{}]", path(key), i), "text", "put it in quotes if text is meant");
    }
  }
  return out;
}

std::vector<std::pair<std::string, std::string>> Decoder::string_map(std::string_view key) {
  std::vector<std::pair<std::string, std::string>> out;
  const Node* found = get(key);
  if (found == nullptr) return out;
  if (!found->is_mapping()) {
    wrong_kind(*found, path(key), "a mapping", found->is_null() ? "write {} for an empty mapping" : "");
    return out;
  }
  for (const Node::Member& member : found->members) {
    if (member.value.is_scalar()) {
      out.emplace_back(member.key, member.value.scalar);
    } else {
      wrong_kind(member.value, fmt::format("{}.{}", path(key), printable(member.key, 80)), "text",
                 member.value.is_null() ? "write \"\" for an empty value" : "put it in quotes if text is meant");
    }
  }
  return out;
}

Where Decoder::where(std::string_view key) const {
  const Node* found = node_.find(key);
  return found == nullptr ? node_.where : found->where;
}

void Decoder::error(std::string_view key, std::string message, std::string hint) {
  diagnostics_.error(where(key), fmt::format("{}: {}", path(key), message), std::move(hint));
}

void Decoder::finish() {
  const std::vector<std::string> names(known_.begin(), known_.end());
  for (const Node::Member& member : node_.members) {
    if (known_.contains(member.key)) continue;
    const auto guess = nearest(member.key, names);
    diagnostics_.error(member.key_where,
                       fmt::format("unknown key \"{}\"{}", printable(member.key, 80),
                                   what_.empty() ? "" : fmt::format(" in {}", what_)),
                       guess           ? fmt::format("did you mean {}?", *guess)
                       : names.empty() ? "no key is known here"
                                       : fmt::format("known here: {}", quoted_list(names)));
  }
}

}  // namespace slipway::config
