#pragma once

#include <optional>
#include <string>
#include <vector>

#include "slipway/release/services.h"

namespace slipway::release {

/// The outcome of verifying one environment.
struct Proof {
  std::string environment;
  oci::Location location = oci::Location::layout("");  ///< repository and moving tag
  std::int64_t entries = 0;                            ///< of the chain
  std::optional<Recorded> active;
  std::vector<Error> problems;     ///< each Errc::verification_failed; empty: everything holds
  std::vector<std::string> notes;  ///< findings that are not problems, a sentence each

  /// Success, or all problems as one Errc::verification_failed.
  Status status() const;
};

/// Compares the registries with what the ledger records: an unbroken chain without gaps in its numbers, no removed
/// newer entry (known by keep tags, evidence, entries that this machine saw, and `head`, an entry's id), the tag on the
/// active release's image, and every byte of image and config. All of it is read again, without a cache. A person
/// who may write everywhere can rewrite everything consistently; only a `head` that is kept elsewhere reveals that.
///
/// Proof::problems lists what is wrong. Fails when the question cannot be answered: Errc::network, unauthorized and
/// such.
Result<Proof> verify_environment(const Project& project, const Environment& environment,
                                 const std::optional<Digest>& head, const ReleaseServices& services);

/// The releases of one image, from the evidence beside it.
struct EvidenceProof {
  oci::Descriptor image;
  std::vector<Recorded> entries;   ///< the releases of this image, by app, environment and number
  std::vector<std::string> notes;  ///< entries whose ledger could not be reached, which are proved by evidence only
};

/// Returns the releases of the image at `location` by the evidence attached to it, each compared with its ledger where
/// that can be reached. Evidence names its ledger itself, so only the image's own host and `trusted_hosts` are asked;
/// another ledger is a note. Errc::not_found when there is none, verification_failed when evidence and ledger
/// contradict each other.
Result<EvidenceProof> verify_image(const oci::Location& location, const ReleaseServices& services,
                                   const std::vector<std::string>& trusted_hosts = {});

}  // namespace slipway::release
