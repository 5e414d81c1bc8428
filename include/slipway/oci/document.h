#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "slipway/oci/descriptor.h"

namespace slipway::oci {

/// Manifest and index documents of at most this many bytes are read.
inline constexpr std::size_t kMaxDocument = 4u << 20;
/// Layers of a manifest and children of an index, at most.
inline constexpr std::size_t kMaxChildren = 1024;
/// Indexes within indexes are followed this many levels deep by readers of images.
inline constexpr int kMaxIndexDepth = 8;

/// An image or artifact manifest (image-spec manifest.md). `raw` holds the bytes that have the digest; the other
/// members are a view of them. A parsed manifest is copied by its `raw`, never serialized again.
struct Manifest {
  std::string raw;
  std::string media_type;
  std::string artifact_type;
  Descriptor config;
  std::vector<Descriptor> layers;
  std::optional<Descriptor> subject;
  Annotations annotations;
};

/// An image index (image-spec image-index.md); `raw` as for a Manifest.
struct Index {
  std::string raw;
  std::string media_type;
  std::string artifact_type;
  std::vector<Descriptor> manifests;
  std::optional<Descriptor> subject;
  Annotations annotations;
};

using Document = std::variant<Manifest, Index>;

/// Parses the bytes of a manifest or an index (at most kMaxDocument). `media_type` is that of the descriptor or
/// Content-Type. Errc::malformed for a body that declares another one or is both kinds at once, unsupported for docker
/// schema 1 and other media types, too_large beyond the limits above. The digest is not checked.
Result<Document> parse_document(std::string raw, std::string_view media_type);
Result<Manifest> parse_manifest(std::string raw, std::string_view media_type);
Result<Index> parse_index(std::string raw, std::string_view media_type);

/// Returns the descriptors that a document points to, in the order in which they must be copied: layers, then config,
/// or the index's manifests. `subject` is a weak link and left out.
std::vector<Descriptor> children(const Document& document);
/// Returns a member that both kinds have; valid as long as the document.
const std::optional<Descriptor>& subject_of(const Document& document);
const std::string& raw_of(const Document& document);

/// Serializes a new manifest or index: compact JSON in a fixed key order without a final newline, always with
/// schemaVersion 2 and mediaType (OCI's when empty). `raw` is ignored.
std::string write_manifest(const Manifest& manifest);
std::string write_index(const Index& index);

/// Returns the well-known empty descriptor (`{}`), image-spec manifest.md "Guidance for an Empty Descriptor".
Descriptor empty_descriptor();
inline constexpr std::string_view kEmptyJson = "{}";

/// Returns the direct child of an index that runs best on `wanted` (Platform::match), the first of equals, attestations
/// left out; nullptr when none does. Nested indexes are not entered. Points into `index`.
const Descriptor* select_platform(const Index& index, const Platform& wanted);

}  // namespace slipway::oci
