#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "slipway/base/diagnostics.h"
#include "slipway/release/config_artifact.h"

namespace slipway::release {

/// The rules for the keys of an environment's config, and for their values (docs/FORMATS.md "Config schema"). A value.
class ConfigSchema {
 public:
  /// Reads a schema's YAML; every problem goes to `diagnostics`, the result is meaningful only without errors.
  static ConfigSchema parse(std::string_view text, const std::string& file, Diagnostics& diagnostics);

  /// Sets the defaults in `config`, then reports every key that is missing, not allowed, or whose value breaks a rule:
  /// at its place in `places`, else at the rule's. Values are never shown. A reference to a secret counts as set, and
  /// its value is not checked.
  void apply(ConfigValues& config, const KeyPlaces& places, const std::string& environment,
             Diagnostics& diagnostics) const;

  /// The types that a value can have.
  enum class Type { string, integer, boolean, url, enumeration, duration };

 private:
  friend class SchemaReader;
  struct Pattern;
  struct Rule {
    Where where;
    Type type = Type::string;
    bool required = false;
    bool forbidden = false;
    bool secret = false;
    std::optional<std::string> fallback;
    std::vector<std::string> values;
    std::shared_ptr<const Pattern> pattern;
    std::optional<std::int64_t> min, max;  ///< of a number, nanoseconds, or characters
    std::string min_text, max_text;
  };

  /// Returns why a value breaks a rule: "must be ..."; nullopt if it does not.
  static std::optional<std::string> misfit(const Rule& rule, std::string_view value);
  void check(const std::string& name, const ConfigValues& config, const Where& place, Diagnostics& diagnostics) const;

  std::map<std::string, Rule> rules_;
  bool additional_ = false;
};

}  // namespace slipway::release
