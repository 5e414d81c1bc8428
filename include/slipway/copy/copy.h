#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "slipway/store/target.h"

namespace slipway::copy {

/// Sees what a copy does; called from several threads.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void expected(const oci::Descriptor&) {}  ///< a blob of which one of the others will follow
  virtual void skipped(const oci::Descriptor&) {}   ///< already there
  virtual void mounted(const oci::Descriptor&) {}
  virtual void started(const oci::Descriptor&) {}
  virtual void progressed(const oci::Descriptor&, std::uint64_t /*bytes so far*/) {}
  virtual void copied(const oci::Descriptor&) {}
};

struct CopyOptions {
  std::size_t lanes = 4;
  std::size_t max_nodes = 10'000;               ///< documents and blobs in one graph; Errc::too_large beyond
  std::size_t max_document_bytes = 128u << 20;  ///< of all manifests together, held in memory; Errc::too_large beyond
  int max_depth = 8;
  Observer* observer = nullptr;  ///< not owned
  std::stop_token stop;
};

/// Copies everything `root` reaches to `to`, children first, without a tag.
/// Content is looked for in `sources` in order (a repository of the destination's
/// own registry first makes it a mount). Bytes are never altered. A document that is
/// already there is not entered: targets take a document only after its children, so
/// they are trusted to be there; should the destination then say that one is missing,
/// everything is sent once more. Layers with urls may be absent from the sources. Not
/// atomic: until the root's document is there nothing names the rest. Errors say which
/// side failed.
Status copy_graph(const std::vector<store::ReadTarget*>& sources, const oci::Descriptor& root, store::Target& to,
                  const CopyOptions& options);

/// copy_graph, then tags, last; the root document and the first tag in one step where the target can.
Status copy_tagged(const std::vector<store::ReadTarget*>& sources, const oci::Descriptor& root, store::Target& to,
                   const std::vector<std::string>& tags, const CopyOptions& options);

/// A document fetched whole and parsed. Errc::not_found, verification_failed, malformed.
Result<oci::Document> fetch_document(store::ReadTarget& from, const oci::Descriptor& descriptor);

}  // namespace slipway::copy
