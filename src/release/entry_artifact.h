#pragma once

#include <optional>
#include <string>
#include <vector>

#include "slipway/release/ledger.h"

namespace slipway::release {

/// An entry as an OCI artifact: its bytes are config and layer, one blob, and stand in the config's
/// `data` too, so that one request reads it. Every 64th carries the entries before it the same way.
struct EntryArtifact {
  std::string bytes;
  oci::Descriptor blob;
  std::optional<oci::Descriptor> carried;  ///< with `data`
  std::string manifest_bytes;
  oci::Descriptor manifest;
};

/// Entries whose number this divides carry as many before them.
inline constexpr std::int64_t kCarried = 64;

/// `before`: the entries to carry, oldest first; none for most. `subject`: the image, for evidence.
Result<EntryArtifact> make_entry_artifact(std::string bytes, std::optional<oci::Descriptor> subject,
                                          const std::vector<Recorded>& before);

/// Any record as an artifact: as above, carrying nothing.
struct RecordArtifact {
  oci::Descriptor blob;
  std::string manifest_bytes;
  oci::Descriptor manifest;
};
RecordArtifact make_record_artifact(std::string_view type, const std::string& bytes);

/// The bytes of the record of this type in a manifest. Errc::verification_failed for anything else.
Result<std::string> record_bytes(const oci::Manifest& manifest, std::string_view type, store::ReadTarget& from);

/// Entries that a manifest carries beside its own, each with the id its bytes have. Entries that do not parse
/// are left out: the entries are under their own tags as well.
std::vector<Recorded> carried_entries(const oci::Manifest& manifest);

/// An entry with its id. Errc::verification_failed unless the bytes are canonical JSON (RFC 8785).
Result<Recorded> recorded_from(std::string bytes);

/// `<app>.<env>.v<N>.<12 hex of the id>`.
std::string entry_tag(const Entry& entry, const Digest& id);

}  // namespace slipway::release
