#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "slipway/store/target.h"

/// Copies images from one or several sources to a destination, without altering a byte.
///
/// Order of writes: blobs first, on `lanes` threads; then indexes and manifests, each after its children; the root's
/// document last, with its first tag in one step where the destination can; then the other tags. Until the root is
/// there nothing names the rest, so a copy that dies leaves no image that is half there. Repeating it finishes it.
///
/// Reads: every source is asked in the order given. A source in the registry of the destination costs a mount, no
/// bytes. A document that the destination has is not entered, because a target takes a document only after its
/// children; should the destination then say that a child is missing, everything is sent once more.
///
/// Cost: one question for an image that is there. Otherwise one transfer a missing blob, and a question before it where
/// questions are free, the blob is over 4 MiB, or the image shares blobs with the destination. Memory: all manifests,
/// and a buffer a lane.
///
/// Threads: the functions block; the observer is called from the lanes. Several copies may run beside each other.
///
/// Errors say which side failed (Error::side) and which object was under way; Errc::cancelled after a stop.
///
/// Example: an image gets two tags somewhere else.
///
///     Status carry(store::ReadTarget& from, const oci::Descriptor& root, store::Target& to, std::stop_token stop) {
///       copy::CopyOptions options;
///       options.lanes = 8;
///       options.stop = std::move(stop);
///       return copy::copy_tagged({&from}, root, to, {"v1", "latest"}, options);
///     }
namespace slipway::copy {

/// Receives the events of a copy; called from several threads.
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
  std::size_t lanes = 4;                        ///< threads that carry blobs
  std::size_t max_nodes = 10'000;               ///< documents and blobs in one graph; Errc::too_large beyond
  std::size_t max_document_bytes = 128u << 20;  ///< of all manifests together, held in memory; Errc::too_large beyond
  int max_depth = 8;                            ///< of indexes in indexes; Errc::too_large beyond
  Observer* observer = nullptr;                 ///< not owned
  std::stop_token stop;
};

/// Copies everything that `root` reaches to `to`, without a tag. Layers with urls may be absent from the sources. The
/// targets are kept alive by the caller.
Status copy_graph(const std::vector<store::ReadTarget*>& sources, const oci::Descriptor& root, store::Target& to,
                  const CopyOptions& options);

/// Does the same and writes `tags`, in their order.
Status copy_tagged(const std::vector<store::ReadTarget*>& sources, const oci::Descriptor& root, store::Target& to,
                   const std::vector<std::string>& tags, const CopyOptions& options);

/// Fetches a document whole and parses it. Errc::not_found, verification_failed, malformed.
Result<oci::Document> fetch_document(store::ReadTarget& from, const oci::Descriptor& descriptor);

}  // namespace slipway::copy
