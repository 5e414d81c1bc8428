#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "slipway/config/yaml.h"

namespace slipway::config {

/// Reads one mapping of a configuration file and collects every problem instead of stopping at the first. Keys that
/// were asked for are known; finish() reports the others, with the nearest known key as a suggestion. The node and the
/// diagnostics must outlive it. One thread at a time.
///
/// Nothing here fails: a member that is absent, or that was reported, reads as nullopt, nullptr or empty.
class Decoder {
 public:
  /// `what` names the mapping in messages, e.g. "image.config", or is empty for the document itself. A node that is not
  /// a mapping is reported, and reads as an empty one.
  Decoder(const Node& node, std::string what, Diagnostics& diagnostics);

  /// Returns the member, or nullptr, and makes it known.
  const Node* get(std::string_view key);
  /// Like get(), but a missing member is reported.
  const Node* require(std::string_view key);

  /// Any scalar, as text. Here and below, a value of the wrong kind, also an empty one, is reported.
  std::optional<std::string> string(std::string_view key);
  std::optional<bool> boolean(std::string_view key);  ///< true or false only
  /// Plain decimal digits with an optional minus sign, no leading zeros, within [min, max].
  std::optional<std::int64_t> integer(std::string_view key, std::int64_t min, std::int64_t max);
  std::optional<std::string> one_of(std::string_view key, const std::vector<std::string>& allowed);
  std::vector<std::string> string_list(std::string_view key);  ///< empty when absent
  /// A list of strings, told apart from an absent one.
  std::optional<std::vector<std::string>> optional_string_list(std::string_view key);
  /// A mapping of scalars, in the order of the document; empty when absent.
  std::vector<std::pair<std::string, std::string>> string_map(std::string_view key);

  Where where(std::string_view key) const;  ///< the place of the member's value, else of the mapping
  const std::string& what() const { return what_; }
  /// Reports a problem of a member's value as "what.key: message".
  void error(std::string_view key, std::string message, std::string hint = {});
  /// Reports every member that was never asked for.
  void finish();

 private:
  std::string path(std::string_view key) const;
  const Node* scalar(std::string_view key, std::string_view wanted);
  void wrong_kind(const Node& node, std::string_view name, std::string_view wanted, std::string hint);

  const Node& node_;
  std::string what_;
  Diagnostics& diagnostics_;
  std::set<std::string, std::less<>> known_;
};

}  // namespace slipway::config
