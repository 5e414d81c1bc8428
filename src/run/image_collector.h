#pragma once

#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <unordered_set>
#include <utility>

#include "slipway/run/reference_finder.h"

namespace slipway::run {

/// Returns the text of a scalar member; empty without one.
std::string text_at(const config::Node& node, std::string_view key);
/// Returns the node at members joined with dots; nullptr without one.
const config::Node* follow(const config::Node& from, std::string_view path);
bool is_template(const config::Node& value);
/// Returns true for a scalar that is an image reference with a tag or digest.
bool looks_like_reference(const config::Node& value);

/// Returns how many lines of a text say "image: NAME:TAG".
std::size_t count_image_lines(std::string_view text);

/// The format of a text inside a scalar.
struct InnerFormat {
  const ReferenceFinder& finder;
  std::string_view file;  ///< a name that shows the format to the finder
  std::string_view name;  ///< in notes: "a Dockerfile"
};

/// Collects the images of one YAML document. A value that several places share through an anchor is changed at the
/// anchor, and only if every place that uses it is an image; that is known when the whole document was seen, in
/// settle(). Call the others in any order first.
class ImageCollector {
 public:
  /// `text` is that of the file.
  ImageCollector(const config::Node& document, std::string_view text, Findings& findings);

  /// Adds the image at member `key` of a mapping, which may come to it by a merge key.
  void holder(const config::Node& item, std::string_view key, const std::string& role);
  /// Adds a value that is an image reference, between a prefix and a suffix where it has them.
  void image(const config::Node& value, const std::string& role, std::string_view prefix = {},
             std::string_view suffix = {});
  /// Adds a value that is the name of an image whose tag stands elsewhere. Only a release's digest is known then.
  void name(const config::Node& value, const std::string& role);
  /// Returns true for a value that was added, or noted.
  bool has(const config::Node& value) const { return known_.contains(&value); }
  /// Adds the references in the text of a scalar, which has a format of its own. Those that cannot be edited in their
  /// place are noted.
  void inner(const config::Node& node, const InnerFormat& format, const std::string& role, const PinOptions& options);
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
  /// Remembers a mapping that stands in the place of another one; its image is known, and noted in settle().
  void alias_holder(const config::Node& alias, std::string_view key, const std::string& role);
  /// Adds a reference, now or in settle() if it depends on anchors.
  void add(FoundReference reference, std::set<std::string> anchors);
  bool may_change(const Anchor& anchor) const;
  /// Returns true if the text inside `node` can be written there with these references pinned.
  bool can_pin(const config::Node& node, const InnerText& inner, std::span<const FoundReference> references) const;
  void inner_reference(const config::Node& node, std::shared_ptr<const InnerText> inner, FoundReference found,
                       const std::string& role);

  const config::Node& document_;
  std::string_view text_;
  Findings& findings_;
  std::map<std::string, Anchor> anchors_;
  std::vector<Shared> shared_;
  std::vector<std::pair<const config::Node*, std::string>> alias_holders_;
  std::set<std::string> known_holders_;
  std::unordered_set<const config::Node*> known_;
};

}  // namespace slipway::run
