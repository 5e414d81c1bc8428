#pragma once

#include <string>
#include <vector>

#include "slipway/copy/copy.h"

namespace slipway::copy {

/// One node of the graph being copied.
struct Node {
  oci::Descriptor descriptor;
  std::string bytes;  ///< documents only
  bool is_document = false;
};

/// Everything `root` reaches that the destination lacks, children before
/// parents: each digest once, so diamonds cost nothing.
struct Graph {
  std::vector<Node> nodes;
};

/// Reads the documents of the graph. A document that is already at `to` is not
/// entered (targets demand children first, so it is complete); it is reported
/// as skipped. Errc::too_large beyond the limits of `options`.
Result<Graph> read_graph(const std::vector<store::ReadTarget*>& sources, const oci::Descriptor& root, store::Target& to,
                         bool enter_existing, const CopyOptions& options);

/// A document of at most kMaxDocument bytes from the first source that has it.
Result<std::string> fetch_bytes(const std::vector<store::ReadTarget*>& sources, const oci::Descriptor& descriptor);

}  // namespace slipway::copy
