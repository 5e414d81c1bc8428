#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "slipway/store/target.h"

namespace slipway::store {

/// Reads from a source that the caller keeps alive.
std::unique_ptr<io::Source> borrowed(io::Source& inner);

/// The bytes of `inner` (kept alive by the caller), failing at their end unless they are exactly `descriptor`.
std::unique_ptr<io::Source> verified(const oci::Descriptor& descriptor, io::Source& inner);

/// Reads a source to its end; Errc::verification_failed unless the bytes are exactly `descriptor`.
Result<std::string> read_verified(const oci::Descriptor& descriptor, io::Source& bytes, std::stop_token stop);

/// Refuses (not_found, naming the child) a document whose children are not in
/// `target`: what a registry does with MANIFEST_BLOB_UNKNOWN. Children with urls may be absent.
Status require_children(ReadTarget& target, const std::string& bytes, std::string_view media_type);

/// The entry a referrers list has for a document, if its subject is `subject`
/// and its type matches (distribution-spec "Listing Referrers").
std::optional<oci::Descriptor> referrer_entry(const std::string& bytes, std::string_view media_type,
                                              const Digest& subject, const std::string& artifact_type);

/// The entries of a layout's index whose subject is `subject`, as a referrers list has them.
Result<std::vector<oci::Descriptor>> referrers_among(ReadTarget& target, const std::vector<oci::Descriptor>& entries,
                                                     const Digest& subject, const std::string& artifact_type);

/// A document of `target`, parsed.
Result<oci::Document> read_document(ReadTarget& target, const oci::Descriptor& descriptor);

/// Returns what a document of `target` names; nothing for blobs.
Result<std::vector<oci::Descriptor>> children_of(ReadTarget& target, const oci::Descriptor& descriptor);

/// Calls `visit` for `roots` and for what it returns, each digest once, until nothing new comes or it fails.
Status walk_graph(std::vector<oci::Descriptor> roots,
                  const std::function<Result<std::vector<oci::Descriptor>>(const oci::Descriptor&)>& visit);

/// Returns the descriptor of a manifest or an index that only its digest names. Errc::malformed, naming the digest and
/// the `place`, for anything else: a layer, a config, a damaged document.
Result<oci::Descriptor> describe_document(io::Source& bytes, const Digest& digest, const std::string& place);

}  // namespace slipway::store
