#pragma once

#include <optional>
#include <string>
#include <vector>

#include "slipway/release/services.h"

namespace slipway::release {

/// The proof of one environment from its registries alone.
struct Proof {
  std::string environment;
  oci::Location location = oci::Location::layout("");  ///< repository and moving tag
  std::int64_t entries = 0;                            ///< of the chain
  std::optional<Recorded> active;
  std::vector<Error> problems;     ///< each Errc::verification_failed; empty: everything holds
  std::vector<std::string> notes;  ///< what holds only in part

  /// Success, or all problems as one Errc::verification_failed.
  Status status() const;
};

/// Proves that what is there is what the ledger records: the chain unbroken, numbers without gaps or forks, no newer
/// entry removed (keep tags, evidence, entries this machine saw, `head` where given), the tag on the active release's
/// image, and every byte of image and config. Entries are read again. Somebody who may write everywhere can
/// rewrite everything consistently: only `head`, kept elsewhere, sees that. Fails only where nothing can be said
/// (network,
/// ...).
Result<Proof> verify_environment(const Project& project, const Environment& environment,
                                 const std::optional<Digest>& head, const ReleaseServices& services);

/// The releases of one image, from the evidence beside it.
struct EvidenceProof {
  oci::Descriptor image;
  std::vector<Recorded> entries;   ///< of this very image, by app, environment and number
  std::vector<std::string> notes;  ///< entries whose ledger could not be asked: evidence only
};

/// The releases of the image at `location`, from the evidence beside it, each compared with its ledger where that can
/// be reached. Evidence names its ledger itself, so only the image's own host and `trusted_hosts` are asked; another
/// ledger is a note. Errc::not_found when there is none, verification_failed when evidence and ledger contradict each
/// other.
Result<EvidenceProof> verify_image(const oci::Location& location, const ReleaseServices& services,
                                   const std::vector<std::string>& trusted_hosts = {});

}  // namespace slipway::release
