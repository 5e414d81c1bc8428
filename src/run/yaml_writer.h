#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace slipway::run {

/// A YAML value to be written. Mappings keep the order of their members; empty mappings and lists leave out the member
/// that would have them, so that optional parts need no condition at each place. Example:
///
///     const Yaml pod = Yaml::map({{"kind", Yaml::plain("Pod")}, {"metadata", Yaml::map({{"name",
///     Yaml::text(name)}})}}); write_yaml(pod);   // kind: Pod\nmetadata:\n  name: "web"\n
class Yaml {
 public:
  using Members = std::vector<std::pair<std::string, Yaml>>;

  /// A scalar written as it is: only for text that is known to be one.
  static Yaml plain(std::string text);
  /// A string in double quotes; any UTF-8 text survives.
  static Yaml text(std::string_view text);
  /// A mapping of one line a member; keys are written as they are.
  static Yaml map(Members members);
  /// A mapping in braces on one line; its values are scalars.
  static Yaml flow(Members members);
  /// A list whose dashes stand at the column of its key (the style of Kubernetes), or two columns further in.
  static Yaml list(std::vector<Yaml> items, bool indented = false);

  bool empty() const;
  /// Adds a member to a mapping.
  Yaml& add(std::string key, Yaml value);

 private:
  enum class Kind { scalar, map, flow, list, indented_list };
  explicit Yaml(Kind kind) : kind_(kind) {}
  void write(std::string& out, std::size_t indent) const;
  void write_member(std::string& out, const std::string& key, const Yaml& value, std::size_t indent) const;
  std::string inline_text() const;
  friend std::string write_yaml(const Yaml& value);

  Kind kind_;
  std::string scalar_;
  Members members_;
  std::vector<Yaml> items_;
};

/// Returns the value as a document without "---", each line with an end; empty for an empty value.
std::string write_yaml(const Yaml& value);

}  // namespace slipway::run
