#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>

#include "slipway/run/reference_finder.h"

namespace slipway::run {

/// The text of a scalar member; empty when there is none.
std::string text_at(const config::Node& node, std::string_view key);
/// The node at members joined with dots; nullptr when there is none.
const config::Node* follow(const config::Node& from, std::string_view path);
bool is_template(const config::Node& value);

/// The images of one YAML document: what was found, and which anchors and aliases stand where an image does.
class ImageCollector {
 public:
  explicit ImageCollector(Findings& findings) : findings_(findings) {}

  /// A mapping whose member `key` is an image reference.
  void holder(const config::Node& item, std::string_view key, const std::string& role);
  /// A value that is an image reference, behind a prefix where it has one.
  void image(const config::Node& value, const std::string& role, std::string_view prefix = {});
  /// A reference in parts; left alone where one of them is a template or no plain value.
  void parts(const config::Node& mapping, ReferenceParts parts, const std::string& role);
  void note(const config::Node& node, std::string message);
  /// Decides about anchored values once every alias of the document is known.
  void settle(const config::Node& document);

 private:
  struct Anchored {
    FoundReference reference;
    std::string anchor;
  };

  void settle_anchored(const config::Node& document);
  bool is_image_anchor(const std::string& name) const;

  Findings& findings_;
  std::vector<Anchored> anchored_;
  std::map<std::string, int> image_aliases_;
  std::vector<std::pair<const config::Node*, std::string>> alias_holders_;
  std::set<std::string> known_holders_;
};

}  // namespace slipway::run
