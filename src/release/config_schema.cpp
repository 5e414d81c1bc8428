#include "slipway/release/config_schema.h"

#include <locale.h>
#include <regex.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "slipway/base/text.h"
#include "slipway/config/decoder.h"
#include "slipway/release/secret_reference.h"

namespace slipway::release {
namespace {

using Type = ConfigSchema::Type;

const std::vector<std::string> kTypes{"string", "int", "bool", "url", "enum", "duration"};

std::string_view describe(Type type) {
  constexpr std::string_view kDescribed[] = {
      "text", "an int", "true or false", "a URL (scheme://...)", "one of its values", "a duration like 1h30m or 250ms"};
  return kDescribed[static_cast<std::size_t>(type)];
}

std::optional<std::int64_t> parse_int(std::string_view text) {
  std::int64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [at, problem] = std::from_chars(text.data(), end, value);
  if (text.empty() || problem != std::errc() || at != end) return std::nullopt;
  const std::string_view digits = text.substr(text.front() == '-' ? 1 : 0);
  if (digits.size() > 1 && digits.front() == '0') return std::nullopt;
  return value;
}

struct Unit {
  std::string_view name;
  std::int64_t nanoseconds;
};
constexpr Unit kUnits[] = {
    {"ns", 1}, {"us", 1'000}, {"ms", 1'000'000}, {"s", 1'000'000'000}, {"m", 60'000'000'000}, {"h", 3'600'000'000'000}};

/// As Go and most config libraries read them: whole numbers or decimal fractions, each with its unit. Nanoseconds.
std::optional<std::int64_t> duration_value(std::string_view text) {
  constexpr long double kMost = 9.2e18L;
  long double sum = 0;
  if (text == "0") return 0;
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    std::size_t end = 0;
    bool fraction = false;
    long double number = 0;
    long double place = 1;
    for (; end < text.size() && ((text[end] >= '0' && text[end] <= '9') || (text[end] == '.' && !fraction)); ++end) {
      if (text[end] == '.') {
        fraction = true;
        continue;
      }
      if (fraction) place /= 10;
      number = fraction ? number + place * (text[end] - '0') : number * 10 + (text[end] - '0');
    }
    if (end == 0 || text[end - 1] == '.' || text.front() == '.') return std::nullopt;
    text.remove_prefix(end);
    const std::size_t length = std::min(text.find_first_of("0123456789."), text.size());
    const auto unit = std::find_if(std::begin(kUnits), std::end(kUnits),
                                   [&](const Unit& known) { return known.name == text.substr(0, length); });
    if (unit == std::end(kUnits)) return std::nullopt;
    sum += number * static_cast<long double>(unit->nanoseconds);
    if (sum > kMost) return std::nullopt;
    text.remove_prefix(length);
  }
  return static_cast<std::int64_t>(sum);
}

bool is_url(std::string_view text) {
  const std::size_t colon = text.find("://");
  if (colon == std::string_view::npos || colon == 0 || colon + 3 >= text.size()) return false;
  const std::string scheme = to_lower(text.substr(0, colon));
  const bool named = scheme[0] >= 'a' && scheme[0] <= 'z' && std::all_of(scheme.begin(), scheme.end(), [](char c) {
                       return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
                     });
  return named && std::none_of(text.begin(), text.end(), [](char c) {
           return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f || c == '"' || c == '<' || c == '>';
         });
}

std::int64_t characters(std::string_view text) {
  return std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
}

/// The number that min and max are compared with; nothing when the value is not of the type.
std::optional<std::int64_t> measure(Type type, std::string_view value) {
  switch (type) {
    case Type::integer:
      return parse_int(value);
    case Type::duration:
      return duration_value(value);
    case Type::boolean:
      return value == "true" || value == "false" ? std::optional<std::int64_t>(0) : std::nullopt;
    case Type::url:
      return is_url(value) ? std::optional<std::int64_t>(characters(value)) : std::nullopt;
    default:
      return characters(value);
  }
}

}  // namespace

namespace {

/// Makes this thread's regular expressions see characters of UTF-8, whatever the locale of the machine.
class Utf8 {
 public:
  Utf8() : locale_(::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {
    if (locale_ != nullptr) before_ = ::uselocale(locale_);
  }
  Utf8(const Utf8&) = delete;
  Utf8& operator=(const Utf8&) = delete;
  ~Utf8() {
    if (locale_ == nullptr) return;
    ::uselocale(before_);
    ::freelocale(locale_);
  }

 private:
  locale_t locale_;
  locale_t before_ = nullptr;
};

}  // namespace

/// A POSIX extended expression for the whole value. Such an expression finds the longest of the leftmost matches, so
/// one that fits the whole value is found there; the text is compiled alone, so that no part of it can leave a group.
struct ConfigSchema::Pattern {
  explicit Pattern(std::string t) : text(std::move(t)) {
    const Utf8 utf8;
    ready = ::regcomp(&compiled, text.c_str(), REG_EXTENDED) == 0;
  }
  Pattern(const Pattern&) = delete;
  Pattern& operator=(const Pattern&) = delete;
  ~Pattern() {
    if (ready) ::regfree(&compiled);
  }
  bool fits(std::string_view value) const {
    const Utf8 utf8;
    regmatch_t found{};
    if (::regexec(&compiled, std::string(value).c_str(), 1, &found, 0) != 0) return false;
    return found.rm_so == 0 && found.rm_eo == static_cast<regoff_t>(value.size());
  }

  std::string text;
  regex_t compiled{};
  bool ready = false;
};

/// Reads the rules of one schema.
class SchemaReader {
 public:
  explicit SchemaReader(Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

  ConfigSchema read(const config::Node& document) {
    config::Decoder top(document, "", diagnostics_);
    schema_.additional_ = top.one_of("additional", {"deny", "allow"}).value_or("deny") == "allow";
    if (const config::Node* keys = top.get("keys")) read_keys(*keys);
    top.finish();
    return std::move(schema_);
  }

 private:
  void read_keys(const config::Node& keys) {
    if (!keys.is_mapping()) return diagnostics_.error(keys.where, "keys must be a mapping of names to rules");
    for (const auto& [name, where, range, value] : keys.members) {
      if (!is_variable_name(name)) {
        diagnostics_.error(where, fmt::format("keys: \"{}\" is not a name", printable(name, 80)),
                           "a name begins with a letter or _ and has letters, digits and _");
        continue;
      }
      config::Node empty;
      empty.kind = config::Node::Kind::mapping;
      empty.where = where;
      config::Decoder decoder(value.is_null() ? empty : value, "keys." + name, diagnostics_);
      schema_.rules_.emplace(name, read_rule(decoder, where));
      decoder.finish();
    }
  }

  ConfigSchema::Rule read_rule(config::Decoder& decoder, const Where& where) {
    ConfigSchema::Rule rule;
    rule.where = where;
    const std::string type = decoder.one_of("type", kTypes).value_or("string");
    rule.type = static_cast<Type>(std::find(kTypes.begin(), kTypes.end(), type) - kTypes.begin());
    rule.required = decoder.boolean("required").value_or(false);
    rule.forbidden = decoder.boolean("forbidden").value_or(false);
    rule.secret = decoder.boolean("secret").value_or(false);
    rule.fallback = decoder.string("default");
    rule.values = decoder.string_list("values");
    if (const auto pattern = decoder.string("pattern")) {
      auto compiled = std::make_shared<ConfigSchema::Pattern>(*pattern);
      if (!compiled->ready) decoder.error("pattern", "it is not a POSIX extended regular expression");
      if (compiled->ready) rule.pattern = std::move(compiled);
    }
    read_bound(decoder, rule, "min", rule.min, rule.min_text);
    read_bound(decoder, rule, "max", rule.max, rule.max_text);
    check_rule(decoder, rule);
    return rule;
  }

  static void read_bound(config::Decoder& decoder, const ConfigSchema::Rule& rule, const char* key,
                         std::optional<std::int64_t>& bound, std::string& text) {
    const auto given = decoder.string(key);
    if (!given) return;
    text = *given;
    if (rule.type == Type::boolean || rule.type == Type::enumeration)
      return decoder.error(key, "it is for int, duration, string and url");
    bound = rule.type == Type::duration ? duration_value(text) : parse_int(text);
    if (!bound) decoder.error(key, rule.type == Type::duration ? "must be a duration" : "must be an int");
  }

  /// A rule that contradicts itself would fail at every release, or be kept by none.
  static void check_rule(config::Decoder& decoder, const ConfigSchema::Rule& rule) {
    if (rule.forbidden && (rule.required || rule.fallback || rule.secret))
      decoder.error("forbidden", "a key that must not be there cannot be required, secret or have a default");
    if (rule.required && rule.fallback) decoder.error("default", "a required key needs no default");
    if (rule.secret && (rule.fallback || rule.pattern != nullptr || !rule.values.empty()))
      decoder.error("secret", "the value is known at run time only: no default, pattern or values");
    if (rule.type == Type::enumeration && rule.values.empty())
      decoder.error("values", "an enum needs its values", "write values: [a, b]");
    if (rule.type != Type::enumeration && !rule.values.empty()) decoder.error("values", "they are for type: enum");
    if (rule.min && rule.max && *rule.min > *rule.max) decoder.error("max", "it is less than min");
    if (!rule.fallback) return;
    if (const auto why = ConfigSchema::misfit(rule, *rule.fallback)) decoder.error("default", *why);
    if (is_secret_reference(*rule.fallback)) decoder.error("default", "a reference to a secret is not a default");
  }

  Diagnostics& diagnostics_;
  ConfigSchema schema_;
};

ConfigSchema ConfigSchema::parse(std::string_view text, const std::string& file, Diagnostics& diagnostics) {
  auto documents = config::parse_yaml(text, file);
  if (!documents) {
    diagnostics.add(std::move(documents).error());
    return {};
  }
  if (documents->size() != 1) {
    diagnostics.error({file, 1, 1}, "a schema is one YAML document", "write keys: {NAME: {type: string}}");
    return {};
  }
  return SchemaReader(diagnostics).read(documents->front());
}

std::optional<std::string> ConfigSchema::misfit(const Rule& rule, std::string_view value) {
  if (rule.type == Type::enumeration) {
    if (std::find(rule.values.begin(), rule.values.end(), value) != rule.values.end()) return std::nullopt;
    return fmt::format("must be one of {}", printable(fmt::format("{}", fmt::join(rule.values, ", ")), 300));
  }
  const auto size = measure(rule.type, value);
  const std::string_view unit = rule.type == Type::string || rule.type == Type::url ? " characters" : "";
  if (!size) return fmt::format("must be {}", describe(rule.type));
  if (rule.min && *size < *rule.min) return fmt::format("must be at least {}{}", rule.min_text, unit);
  if (rule.max && *size > *rule.max) return fmt::format("must be at most {}{}", rule.max_text, unit);
  if (rule.pattern != nullptr && !rule.pattern->fits(value))
    return fmt::format("must fit the pattern {}", printable(rule.pattern->text, 200));
  return std::nullopt;
}

void ConfigSchema::check(const std::string& name, const ConfigValues& config, const Where& place,
                         Diagnostics& diagnostics) const {
  const auto at = rules_.find(name);
  if (at == rules_.end()) {
    std::vector<std::string> names;
    for (const auto& [known, rule] : rules_)
      names.push_back(known);
    const auto near = nearest(name, names);
    if (!additional_) {
      diagnostics.error(place, fmt::format("{} is not in the schema", name),
                        near ? fmt::format("did you mean {}?", *near) : "add it to the schema's keys, or remove it");
    }
    return;
  }
  const Rule& rule = at->second;
  const auto plain = config.values.find(name);
  if (rule.forbidden) return diagnostics.error(place, fmt::format("{} must not be set", name), "remove the line");
  if (plain == config.values.end()) return;
  if (rule.secret) {
    return diagnostics.error(place, fmt::format("{} is a secret and must be a reference", name),
                             "write secret://NAME/path#key, env://NAME or file://PATH");
  }
  if (const auto why = misfit(rule, plain->second)) diagnostics.error(place, fmt::format("{} {}", name, *why));
}

void ConfigSchema::apply(ConfigValues& config, const KeyPlaces& places, const std::string& environment,
                         Diagnostics& diagnostics) const {
  for (const auto& [name, rule] : rules_) {
    if (config.values.contains(name) || config.secrets.contains(name)) continue;
    if (rule.fallback) config.values.emplace(name, *rule.fallback);
    if (!rule.required) continue;
    diagnostics.error(rule.where, fmt::format("{} must be set in the config of {}", name, environment),
                      rule.secret ? fmt::format("add a reference: {}=secret://NAME/path#key", name)
                                  : fmt::format("add {}=... to its env file", name));
  }
  for (const auto* map : {&config.values, &config.secrets}) {
    for (const auto& [name, value] : *map) {
      const auto place = places.find(name);
      if (place != places.end()) check(name, config, place->second, diagnostics);
    }
  }
}

}  // namespace slipway::release
