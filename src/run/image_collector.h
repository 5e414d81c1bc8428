#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>

#include "slipway/run/reference_finder.h"

namespace slipway::run {

/// Returns the text of a scalar member; empty if there is none.
std::string text_at(const config::Node& node, std::string_view key);
/// Returns the node at members joined with dots; nullptr if there is none.
const config::Node* follow(const config::Node& from, std::string_view path);
bool is_template(const config::Node& value);

/// Collects the images of one YAML document. A value that several places share through an anchor is changed at the
/// anchor, and only if every place that uses it is an image; that is known when the whole document was seen, in
/// settle(). Call the others in any order first.
class ImageCollector {
 public:
  ImageCollector(const config::Node& document, Findings& findings);

  /// Adds the image at member `key` of a mapping, which may come to it by a merge key.
  void holder(const config::Node& item, std::string_view key, const std::string& role);
  /// Adds a value that is an image reference, between a prefix and a suffix where it has them.
  void image(const config::Node& value, const std::string& role, std::string_view prefix = {},
             std::string_view suffix = {});
  /// Adds the references that another finder found in the text of `node`. Those in the lines of a literal block can be
  /// edited; the others are noted. `what` names the text in the note: "a Dockerfile". `text` is that of the file.
  void inner(const config::Node& node, std::string_view text, const Findings& findings, const std::string& role,
             std::string_view what);
  /// Returns one part of a reference; an alias stands for the value at its anchor.
  ReferencePart part_of(const config::Node& mapping, std::string_view key);
  /// Adds a reference in parts; leaves it alone if one of them is a template or not a plain value.
  void parts(const config::Node& mapping, ReferenceParts parts, const std::string& role);
  /// Returns a scalar's text, also through an alias.
  std::string text_of(const config::Node& value) const;
  /// Notes that something is left alone that has `unpinned` references.
  void note(const config::Node& node, std::string role, std::string reason, std::size_t unpinned = 1);
  /// Decides about anchored values.
  void settle();

 private:
  struct Anchor {
    const config::Node* node = nullptr;
    int definitions = 0;
    int aliases = 0;
    int uses = 0;                 ///< aliases that stand where an image or a part of one does
    bool is_used_itself = false;  ///< the anchored value stands there as well
    bool is_definition = false;   ///< it stands in a top-level member that only defines things: x-..., or with a dot
  };
  struct Shared {
    FoundReference reference;
    std::set<std::string> anchors;
  };

  void find_anchors(const config::Node& node, bool is_definition);
  /// Returns the node whose bytes hold a value: itself, or what its alias names. Counts the use.
  const config::Node* use(const config::Node& value, std::set<std::string>& anchors);
  /// Adds a reference, now or in settle() if it depends on anchors.
  void add(FoundReference reference, std::set<std::string> anchors);
  bool may_change(const Anchor& anchor) const;

  const config::Node& document_;
  Findings& findings_;
  std::map<std::string, Anchor> anchors_;
  std::vector<Shared> shared_;
  std::vector<std::pair<const config::Node*, std::string>> alias_holders_;
  std::set<std::string> known_holders_;
};

}  // namespace slipway::run
