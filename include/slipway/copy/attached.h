#pragma once

#include <functional>

#include "slipway/copy/copy.h"

namespace slipway::copy {

/// A manifest that is attached to an image or to one of its platform manifests: an OCI 1.1 referrer, or one of cosign's
/// tags.
struct Attached {
  Digest subject;
  std::string tag;           ///< `sha256-<hex>.sig`, `.att` or `.sbom`; empty for a referrer
  oci::Descriptor manifest;  ///< with its artifact type; without annotations
  bool operator==(const Attached&) const = default;
};

/// Returns true for `sha256-<hex>.sig`, `.att` or `.sbom` of the subject.
bool is_cosign_tag(std::string_view tag, const Digest& subject);

/// Chooses among what is attached.
using AttachedFilter = std::function<bool(const Attached&)>;

/// A list or a tag that the registry cannot read is passed over if `is` says so of the error,
/// which is then added to `found`. `is` is called from several threads.
struct Unreadable {
  bool (*is)(const Error&) = nullptr;
  std::vector<Error>* found = nullptr;
};

/// Returns the `wanted` ones that are attached to `root` and to the manifests of an index, by subject, cosign's tags
/// first, then what is attached to those that `nested` chooses, so that a subject stands before what is attached to it;
/// each question is asked of `from` on several lanes. Without `nested` attachments of attachments are not looked for.
/// Errc::too_large beyond the limits of `options`.
Result<std::vector<Attached>> find_attached(store::ReadTarget& from, const oci::Descriptor& root,
                                            const AttachedFilter& wanted, const CopyOptions& options,
                                            const AttachedFilter& nested = {}, const Unreadable& unreadable = {});

/// Copies an attachment whose subject is at `to`, and looks there afterwards: success means that `to` lists it. The
/// signatures, attestations or SBOMs behind a cosign tag that `to` has already stay, and those of `from` are added.
/// Errc::verification_failed where `to` took it and does not list it.
Status copy_attachment(store::ReadTarget& from, const Attached& attached, store::Target& to,
                       const CopyOptions& options);

/// Copies what is attached to `root` and to every manifest it reaches, which must be at `to` already: OCI 1.1 referrers
/// with theirs in turn, and cosign's tags `sha256-<hex>.sig`, `.att` and `.sbom`. Nothing that is there is sent again;
/// a destination without the referrers API gets the fallback tag. Returns how many manifests are attached.
Result<std::size_t> copy_attached(store::ReadTarget& from, const oci::Descriptor& root, store::Target& to,
                                  const CopyOptions& options);

}  // namespace slipway::copy
