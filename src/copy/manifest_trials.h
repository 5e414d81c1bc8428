#pragma once

#include <condition_variable>
#include <map>
#include <mutex>

#include "copy/graph.h"

namespace slipway::copy {

/// Asks for many blobs with one request. If one blob of an image is at the destination, all of them may be; a
/// destination that refuses incomplete manifests (Traits::refuses_incomplete) proves it by accepting the image's
/// manifest. The manifest is pushed by digest, so that no tag shows it before the copy is complete.
///
/// Thread-safe. No lock is held while a manifest is on its way: lanes whose blobs it names wait for its answer, the
/// others go on.
class ManifestTrials {
 public:
  ManifestTrials(store::Target& to, const CopyOptions& options) : to_(to), options_(options) {}

  /// Pushes each manifest of the graph that names `blob`, once. Does nothing where an accepted manifest proves nothing,
  /// and passes over manifests with a subject: they are listed as referrers, which must wait for their blobs.
  void try_manifests_with(const Graph& graph, const oci::Descriptor& blob);
  /// Returns true if a manifest that names `blob` was accepted; waits for a trial that may tell.
  bool have_proved(const oci::Descriptor& blob, std::stop_token stop);

 private:
  enum class State { on_its_way, accepted, refused };

  bool claim(const Node& manifest);
  void settle(const Node& manifest, State state);

  store::Target& to_;
  const CopyOptions& options_;
  std::mutex mutex_;
  std::condition_variable_any settled_;
  std::map<const Node*, State> trials_;
};

}  // namespace slipway::copy
