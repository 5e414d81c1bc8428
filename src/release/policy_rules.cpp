#include "slipway/release/policy_rules.h"

#include <array>
#include <charconv>

#include "slipway/base/text.h"
#include "slipway/config/decoder.h"
#include "slipway/oci/platform.h"

namespace slipway::release {
namespace {

constexpr std::array kPeriods{std::pair{'w', std::int64_t{604800}}, std::pair{'d', std::int64_t{86400}},
                              std::pair{'h', std::int64_t{3600}}, std::pair{'m', std::int64_t{60}},
                              std::pair{'s', std::int64_t{1}}};
constexpr std::int64_t kMostApprovals = 100;
constexpr std::int64_t kLongestSpan = 10 * 366 * std::int64_t{86400};

/// Decodes one `policy`.
class RulesDecoder {
 public:
  RulesDecoder(const config::Node& node, const std::string& what, Diagnostics& diagnostics)
      : decoder_(node, what, diagnostics), diagnostics_(diagnostics) {}

  PolicyRules decode() {
    rules_.soak = duration("soak");
    rules_.max_age = duration("max-age");
    rules_.strict_rollback = decoder_.one_of("rollback", {"strict", "fast"}).value_or("fast") == "strict";
    decode_platforms();
    decode_deny();
    if (const config::Node* node = decoder_.get("annotations")) decode_annotations(*node);
    if (const config::Node* node = decoder_.get("freeze")) decode_freezes(*node);
    if (const config::Node* node = decoder_.get("approvals")) decode_approvals(*node);
    rules_.exec = decoder_.string_list("exec");
    decoder_.finish();
    return std::move(rules_);
  }

 private:
  std::int64_t duration(std::string_view key) {
    const auto text = decoder_.string(key);
    if (!text) return 0;
    const auto seconds = parse_duration(*text);
    if (seconds) return *seconds;
    decoder_.error(key, seconds.error().message, seconds.error().hint);
    return 0;
  }

  void decode_platforms() {
    for (const std::string& text : decoder_.string_list("platforms")) {
      const auto platform = oci::Platform::parse(text);
      if (platform) {
        rules_.platforms.push_back(platform->str());
      } else {
        decoder_.error("platforms", platform.error().message, platform.error().hint);
      }
    }
  }

  void decode_deny() {
    for (const std::string& text : decoder_.string_list("deny")) {
      const auto digest = Digest::parse(text);
      if (digest) {
        rules_.deny.push_back(digest->str());
      } else {
        decoder_.error("deny", digest.error().message, "write the whole digest of a build, sha256:...");
      }
    }
  }

  /// A list of names, or names with the values they must have.
  void decode_annotations(const config::Node& node) {
    if (node.is_sequence()) {
      for (const std::string& name : decoder_.string_list("annotations"))
        rules_.annotations.emplace(name, "");
      return;
    }
    for (auto& [name, value] : decoder_.string_map("annotations"))
      rules_.annotations.emplace(name, value);
  }

  /// A number, or `{count: 2, of: [names]}`.
  void decode_approvals(const config::Node& node) {
    if (!node.is_mapping()) {
      rules_.approvals = decoder_.integer("approvals", 1, kMostApprovals).value_or(0);
      return;
    }
    config::Decoder decoder(node, decoder_.what() + ".approvals", diagnostics_);
    decoder.require("count");
    rules_.approvals = decoder.integer("count", 1, kMostApprovals).value_or(0);
    rules_.approvers = decoder.string_list("of");
    decoder.finish();
    if (rules_.approvers.empty() || rules_.approvals <= static_cast<std::int64_t>(rules_.approvers.size())) return;
    decoder.error("count", fmt::format("{} approvals are more than the {} people under \"of\" can give",
                                       rules_.approvals, rules_.approvers.size()));
  }

  void decode_freezes(const config::Node& node) {
    if (!node.is_sequence()) {
      decoder_.error("freeze", "it must be a list", "write [{from: \"Fri 16:00\", to: \"Mon 08:00\", zone: UTC}]");
      return;
    }
    for (const config::Node& item : node.items) {
      config::Decoder decoder(item, decoder_.what() + ".freeze", diagnostics_);
      const std::size_t before = diagnostics_.errors().size();
      decoder.require("from");
      decoder.require("to");
      Freeze freeze{decoder.string("from").value_or(""), decoder.string("to").value_or(""),
                    decoder.string("zone").value_or("UTC")};
      decoder.finish();
      if (diagnostics_.errors().size() != before) continue;
      if (const Status status = check_freeze(freeze); !status) {
        diagnostics_.error(item.where, fmt::format("{}.freeze: {}", decoder_.what(), status.error().message),
                           status.error().hint);
      } else {
        rules_.freeze.push_back(std::move(freeze));
      }
    }
  }

  config::Decoder decoder_;
  Diagnostics& diagnostics_;
  PolicyRules rules_;
};

}  // namespace

Result<std::int64_t> parse_duration(std::string_view text) {
  std::int64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [at, problem] = std::from_chars(text.data(), end, value);
  if (problem == std::errc() && at + 1 == end && value > 0) {
    for (const auto& [unit, seconds] : kPeriods) {
      if (*at == unit && value <= kLongestSpan / seconds) return value * seconds;
    }
  }
  return fail(Error(Errc::invalid_argument, fmt::format("\"{}\" is not a duration", printable(text, 80)))
                  .with_hint("write a number and one of s, m, h, d, w, for example 1h; at most ten years"));
}

std::string format_duration(std::int64_t seconds) {
  std::string text;
  for (const auto& [unit, length] : kPeriods) {
    if (unit == 'w' || seconds < length) continue;
    text += fmt::format("{}{}{}", text.empty() ? "" : " ", seconds / length, unit);
    seconds %= length;
  }
  return text.empty() ? "0s" : text;
}

PolicyRules decode_policy_rules(const config::Node& node, const std::string& what, Diagnostics& diagnostics) {
  return RulesDecoder(node, what, diagnostics).decode();
}

}  // namespace slipway::release
