#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "slipway/base/digest.h"
#include "slipway/base/json.h"
#include "slipway/oci/platform.h"

namespace slipway::oci {

/// Annotations, byte-sorted by key (the order they are written in).
using Annotations = std::map<std::string, std::string>;

inline constexpr std::string_view kRefName = "org.opencontainers.image.ref.name";
inline constexpr std::string_view kCreated = "org.opencontainers.image.created";
inline constexpr std::string_view kRevision = "org.opencontainers.image.revision";
inline constexpr std::string_view kSourceUrl = "org.opencontainers.image.source";
inline constexpr std::string_view kVersion = "org.opencontainers.image.version";
inline constexpr std::string_view kBaseName = "org.opencontainers.image.base.name";
inline constexpr std::string_view kBaseDigest = "org.opencontainers.image.base.digest";
/// Marks children of an index that buildkit wrote and that are not images: "attestation-manifest".
inline constexpr std::string_view kDockerReferenceType = "vnd.docker.reference.type";

/// A content descriptor (image-spec descriptor.md). A value; same_content() compares digest and size.
struct Descriptor {
  std::string media_type;
  Digest digest;
  std::int64_t size = 0;
  std::vector<std::string> urls;
  Annotations annotations;
  std::optional<std::string> data;  ///< decoded embedded content, `size` bytes; whoever uses it checks the digest
  std::optional<Platform> platform;
  std::string artifact_type;
  Json::Object other;  ///< unknown members, kept

  Descriptor(std::string type, Digest d, std::int64_t n) : media_type(std::move(type)), digest(std::move(d)), size(n) {}

  /// Parses a descriptor. Errc::malformed for bad media types, digests, sizes or base64, and "data" of another size;
  /// `what` names it in messages.
  static Result<Descriptor> from_json(const Json& value, const std::string& what);
  /// Members in a fixed order: mediaType, digest, size, urls, annotations, data, platform, artifactType, the unknown
  /// ones.
  Json to_json() const;
  bool same_content(const Descriptor& o) const { return digest == o.digest && size == o.size; }
  bool operator==(const Descriptor&) const = default;
};

}  // namespace slipway::oci
