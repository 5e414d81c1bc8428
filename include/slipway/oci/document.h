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
/// Indexes within indexes are followed this many levels deep.
inline constexpr int kMaxIndexDepth = 8;

/// image-spec manifest.md. `raw` is the truth: a parsed manifest is never written again.
struct Manifest {
  std::string raw;
  std::string media_type;
  std::string artifact_type;
  Descriptor config;
  std::vector<Descriptor> layers;
  std::optional<Descriptor> subject;
  Annotations annotations;
};

/// image-spec image-index.md.
struct Index {
  std::string raw;
  std::string media_type;
  std::string artifact_type;
  std::vector<Descriptor> manifests;
  std::optional<Descriptor> subject;
  Annotations annotations;
};

using Document = std::variant<Manifest, Index>;

/// Parses and checks the bytes of a manifest or an index. `media_type` is what
/// the descriptor or Content-Type said; a body that says otherwise, that is
/// both kinds at once, or docker schema 1 is refused. Errc::malformed, too_large, unsupported.
Result<Document> parse_document(std::string raw, std::string_view media_type);
Result<Manifest> parse_manifest(std::string raw, std::string_view media_type);
Result<Index> parse_index(std::string raw, std::string_view media_type);

/// Returns the descriptors that a document points to, in the order in which they must be copied: layers, then config,
/// or the index's manifests. `subject` is a weak link and left out.
std::vector<Descriptor> children(const Document& document);
const std::optional<Descriptor>& subject_of(const Document& document);
const std::string& raw_of(const Document& document);

/// Serialises a new manifest or index: compact, fixed key order, no final
/// newline, always with schemaVersion 2 and mediaType (OCI's when empty). `raw` is ignored.
std::string write_manifest(const Manifest& manifest);
std::string write_index(const Index& index);

/// The well-known empty descriptor (`{}`), image-spec manifest.md "Guidance for an Empty Descriptor".
Descriptor empty_descriptor();
inline constexpr std::string_view kEmptyJson = "{}";

/// The child of an index that runs best on `wanted` (Platform::match), the first of equals, attestations
/// left out; nested indexes are the caller's business. Points into `index`; nullptr when none.
const Descriptor* select_platform(const Index& index, const Platform& wanted);

}  // namespace slipway::oci
