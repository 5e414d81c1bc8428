#include "release/entry_artifact.h"
#include "slipway/io/filters.h"
#include "slipway/release/ledger.h"

namespace slipway::release {
namespace {

/// True when the blob need not be sent.
Result<bool> mount_from(const oci::Location& ledger, const oci::Descriptor& blob, store::Target& to) {
  auto* mounter = store::as<store::Mounter>(to);
  if (mounter == nullptr || !ledger.is_registry() || ledger.host() != mounter->registry()) return false;
  if (ledger.repository() == mounter->repository()) return true;
  return mounter->mount(blob, ledger.repository());
}

}  // namespace

Status push_evidence(const Recorded& recorded, const oci::Descriptor& image, const oci::Location& ledger,
                     store::Target& to) {
  SLIPWAY_ASSIGN(const EntryArtifact artifact,
                 make_entry_artifact(recorded.bytes, oci::Descriptor(image.media_type, image.digest, image.size), {}));
  SLIPWAY_ASSIGN(const bool mounted, mount_from(ledger, artifact.blob, to));
  if (!mounted) {
    io::TextSource blob(artifact.bytes);
    SLIPWAY_TRY(to.push(artifact.blob, blob));
  }
  // Also when it is there: an interrupted run may not have come to listing it among the referrers.
  io::TextSource source(artifact.manifest_bytes);
  return to.push(artifact.manifest, source);
}

}  // namespace slipway::release
