#pragma once

#include <optional>
#include <string>

#include "slipway/store/target.h"

namespace slipway::store {

/// Reads a source to its end; Errc::verification_failed unless the bytes are exactly `descriptor`.
Result<std::string> read_verified(const oci::Descriptor& descriptor, io::Source& bytes, std::stop_token stop);

/// Refuses (not_found, naming the child) a document whose children are not in
/// `target`: what a registry does with MANIFEST_BLOB_UNKNOWN. Children with urls may be absent.
Status require_children(ReadTarget& target, const std::string& bytes, std::string_view media_type);

/// The entry a referrers list has for a document, if its subject is `subject`
/// and its type matches (distribution-spec "Listing Referrers").
std::optional<oci::Descriptor> referrer_entry(const std::string& bytes, std::string_view media_type,
                                              const Digest& subject, const std::string& artifact_type);

}  // namespace slipway::store
