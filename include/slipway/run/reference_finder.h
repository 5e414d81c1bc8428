#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "slipway/config/splice.h"
#include "slipway/run/pin.h"

namespace slipway::run {

/// An image reference as a file has it.
struct FoundReference {
  std::string written;  ///< decoded, e.g. without quotes
  config::Range range;
  Where where;
  std::string role;
};

/// What a finder sees in a text.
struct Findings {
  std::vector<FoundReference> references;  ///< those that may be edited, in the order of the text
  std::vector<PinNote> notes;
};

/// Knows one file format: where its image references stand and how to put others there.
/// Stateless and thread-safe; a further format is a further finder in all_finders().
class ReferenceFinder {
 public:
  virtual ~ReferenceFinder() = default;
  /// The format's name in reports.
  virtual std::string_view format() const = 0;
  /// nullopt when the text is not of this format; an error when it is, but broken.
  virtual Result<std::optional<Findings>> find(std::string_view text, const std::string& file) const = 0;
  /// The text with the edits and no other change, proven by reading it again.
  virtual Result<std::string> apply(std::string_view text, const std::string& file,
                                    std::vector<config::Edit> edits) const = 0;
};

/// Every finder, in the order in which they are asked.
const std::vector<const ReferenceFinder*>& all_finders();

/// Kubernetes YAML: the built-in workload kinds (also in Lists and in several documents),
/// init and ephemeral containers and image volumes.
const ReferenceFinder& kubernetes_finder();

}  // namespace slipway::run
