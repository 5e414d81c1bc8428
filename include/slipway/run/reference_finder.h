#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "slipway/config/splice.h"
#include "slipway/run/pin.h"

namespace slipway::run {

/// One value of a reference that a file spreads over several keys.
struct ReferencePart {
  std::string key;
  std::string value;                   ///< empty when it has none
  std::optional<config::Range> range;  ///< of the scalar; nothing when the key is not there
};

/// A reference in parts, as kustomize and Helm values have it. A digest goes under its own key, which is added where
/// it is missing; the others are changed only if they must be.
struct ReferenceParts {
  ReferencePart registry, name, tag, digest;
  config::Range neighbour;  ///< new keys are put behind this value
  bool adds_name = false;   ///< another name may be added under name.key; else it is set where it stands
};

/// An image reference as a file has it.
struct FoundReference {
  std::string written;  ///< decoded, e.g. without quotes
  config::Range range;
  Where where;
  std::string role;
  std::string prefix = {};  ///< before the reference in the same scalar, "docker://"
  std::optional<ReferenceParts> parts = std::nullopt;
};

/// What a finder sees in a text.
struct Findings {
  std::string format;
  std::vector<FoundReference> references;  ///< those that may be edited
  std::vector<PinNote> notes;
};

/// What a file is to get: bytes for ranges, and new keys.
struct FileEdits {
  std::vector<config::Edit> edits;
  std::vector<config::Insertion> insertions;
};

/// Knows a notation and the formats written in it: where image references stand and how to put others there.
/// Stateless and thread-safe.
class ReferenceFinder {
 public:
  virtual ~ReferenceFinder() = default;
  /// nullopt when the text is of no format of this notation; an error when it is, but broken.
  virtual Result<std::optional<Findings>> find(std::string_view text, const std::string& file,
                                               const PinOptions& options) const = 0;
  /// The text with the edits and no other change, proven by reading it again.
  virtual Result<std::string> apply(std::string_view text, const std::string& file, FileEdits edits) const = 0;
};

/// Every finder, in the order in which they are asked.
const std::vector<const ReferenceFinder*>& all_finders();

/// Kubernetes, kustomize, Helm values, compose, GitHub Actions and GitLab CI.
const ReferenceFinder& yaml_finder();
/// Dockerfile and Containerfile.
const ReferenceFinder& dockerfile_finder();
/// Quadlet files and systemd units.
const ReferenceFinder& unit_finder();

}  // namespace slipway::run
