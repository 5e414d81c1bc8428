#include "copy/manifest_trials.h"

#include <algorithm>

#include "slipway/io/filters.h"
#include "slipway/oci/media_type.h"

namespace slipway::copy {
namespace {

bool names(const Node& manifest, const oci::Descriptor& blob) {
  return manifest.bytes.find(blob.digest.str()) != std::string::npos;
}

bool has_subject(const Node& manifest) {
  const auto document = oci::parse_document(manifest.bytes, manifest.descriptor.media_type);
  return !document || oci::subject_of(*document);
}

}  // namespace

void ManifestTrials::try_manifests_with(const Graph& graph, const oci::Descriptor& blob) {
  if (!to_.traits().refuses_incomplete) return;
  for (const Node& node : graph.nodes) {
    if (!node.is_document || !oci::is_manifest(node.descriptor.media_type) || !names(node, blob)) continue;
    if (has_subject(node) || !claim(node)) continue;
    io::TextSource source(node.bytes);
    const Status pushed = to_.push(node.descriptor, source, options_.stop);
    settle(node, pushed ? State::accepted : State::refused);
  }
}

bool ManifestTrials::have_proved(const oci::Descriptor& blob, std::stop_token stop) {
  const auto is = [&](State state) {
    return std::any_of(trials_.begin(), trials_.end(),
                       [&](const auto& trial) { return trial.second == state && names(*trial.first, blob); });
  };
  std::unique_lock lock(mutex_);
  settled_.wait(lock, std::move(stop), [&] { return is(State::accepted) || !is(State::on_its_way); });
  return is(State::accepted);
}

/// Returns true for the first caller, which is the one to push the manifest.
bool ManifestTrials::claim(const Node& manifest) {
  const std::scoped_lock lock(mutex_);
  return trials_.emplace(&manifest, State::on_its_way).second;
}

void ManifestTrials::settle(const Node& manifest, State state) {
  const std::scoped_lock lock(mutex_);
  trials_.insert_or_assign(&manifest, state);
  settled_.notify_all();
}

}  // namespace slipway::copy
