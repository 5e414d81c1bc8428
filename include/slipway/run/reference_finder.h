#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "slipway/config/splice.h"
#include "slipway/run/pin.h"

namespace slipway::run {

/// One value of an image reference whose parts stand under several keys.
struct ReferencePart {
  std::string key;
  std::string value;                   ///< decoded; empty when the key is absent or has no value
  std::optional<config::Range> range;  ///< of the scalar; nullopt if the key is absent
};

/// An image reference in parts, as in kustomize and Helm values. Its digest may have a key of its own, or follow the
/// tag
/// ("1.27@sha256:...") or the name; it is replaced in its place. A new digest is put where `new_digest` says. Tag and
/// name change only if the PinnedReference has others.
struct ReferenceParts {
  enum class Place { digest_key, tag };

  ReferencePart registry, name, tag, digest;
  config::Range neighbour;   ///< new keys are inserted after this value
  bool adds_name = false;    ///< a new name gets a key of its own (name.key), instead of replacing the old one
  bool bare_digest = false;  ///< the digest's key holds the hex digits alone
  Place new_digest = Place::digest_key;
};

struct InnerText;

/// An image reference in a file.
struct FoundReference {
  std::string written;  ///< decoded, e.g. without quotes
  config::Range range;  ///< in the file, or in the text that holds it (inner)
  Where where;
  std::string role;
  std::string prefix = {};  ///< before the reference in the same scalar: "docker://"
  std::string suffix = {};  ///< behind it: "}"
  std::optional<ReferenceParts> parts = std::nullopt;
  bool has_other_tag = false;                        ///< its tag stands elsewhere, so that "latest" says nothing
  std::shared_ptr<const InnerText> inner = nullptr;  ///< for a reference in a text inside a scalar of the file
};

/// The references of one text, and notes about those that are left alone.
struct Findings {
  std::string format;
  std::vector<FoundReference> references;  ///< those that may be edited
  std::vector<PinNote> notes;
  std::shared_ptr<const std::vector<config::Node>> tree =
      {};  ///< of a YAML text, so that edits need not parse it again
};

/// The edits of one text: bytes for ranges, and new keys.
struct FileEdits {
  std::vector<config::Edit> edits;
  std::vector<config::Insertion> insertions;
};

/// Finds the image references in formats of one notation (YAML, Dockerfile, ...), and replaces them. Stateless and
/// thread-safe.
class ReferenceFinder {
 public:
  virtual ~ReferenceFinder() = default;
  /// Returns nullopt for a text of no format that this finder knows, Errc::invalid_argument or malformed for a broken
  /// one.
  virtual Result<std::optional<Findings>> find(std::string_view text, const std::string& file,
                                               const PinOptions& options) const = 0;
  /// Returns the text with the edits and no other change, checked by reading it again; Errc::internal if that shows
  /// more. `findings` are those of the text.
  virtual Result<std::string> apply(std::string_view text, const std::string& file, const PinOptions& options,
                                    const Findings& findings, FileEdits edits) const = 0;
};

/// A text of its own inside one scalar of a file, such as Helm values in an Application. It is edited and proved by its
/// own finder, and then written into the file as the scalar's new text.
struct InnerText {
  const ReferenceFinder* finder;
  std::string text;
  std::string file;     ///< a name that shows the format
  config::Range range;  ///< of the scalar in the file
  Findings findings;    ///< of the text
};

/// Returns every finder, in the order in which they are asked.
const std::vector<const ReferenceFinder*>& all_finders();

/// Formats in YAML and JSON.
const ReferenceFinder& yaml_finder();
/// Dockerfile and Containerfile.
const ReferenceFinder& dockerfile_finder();
/// Quadlet files and systemd units.
const ReferenceFinder& unit_finder();
/// devcontainer.json, which is JSON with comments.
const ReferenceFinder& devcontainer_finder();
/// Job files of Nomad, which are HCL.
const ReferenceFinder& nomad_finder();
/// Files of docker buildx bake, in HCL or JSON.
const ReferenceFinder& bake_finder();

/// Returns the format that --format assigns to a file; empty if none does. The last matching rule decides.
std::string_view assigned_format(const PinOptions& options, const std::string& file);

}  // namespace slipway::run
