#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "slipway/base/digest.h"

namespace slipway::oci {

/// The name HOST/REPOSITORY of a registry location has at most this many characters.
inline constexpr std::size_t kMaxName = 255;

/// The kind of a place: a registry, a layout folder, or an archive file.
enum class Transport { registry, layout, oci_archive, docker_archive };

/// Grammars of the parts of a location; each returns true if the whole text is of it.
/// distribution-spec: `[A-Za-z0-9_][A-Za-z0-9._-]{0,127}`.
bool is_valid_tag(std::string_view text);
/// image-spec annotations.md: the grammar of org.opencontainers.image.ref.name (a layout's tag); at most 512
/// characters.
bool is_valid_ref_name(std::string_view text);
/// distribution-spec `<name>`, at most 255 characters.
bool is_valid_repository(std::string_view text);
/// host[:port], ASCII, port 1 to 65535; IPv6 in brackets without a zone or embedded IPv4.
bool is_valid_host(std::string_view text);

/// Returns true for lower-case letters, digits and single dashes between them, 1 to 40 characters: the names of apps
/// and environments, which become parts of tags, DNS labels and file names.
bool is_dns_like_name(std::string_view text);

/// A parsed place: a registry repository, a layout folder or an archive file,
/// with an optional tag and digest (docs/CONTRACT.md "Locations"). A value.
class Location {
 public:
  /// Parses a full name, as destinations need it: HOST[:PORT]/REPOSITORY, oci:PATH, ocidir://PATH, oci-archive:FILE or
  /// docker-archive:FILE, each with [:TAG][@DIGEST]. Errc::invalid_argument. The path of "oci:PATH" ends at its first
  /// colon; that of "ocidir://PATH" may hold colons, and its tag follows the last colon after the last slash.
  static Result<Location> parse(std::string_view text);
  /// Like parse(), but short names are those of docker: "alpine" is docker.io/library/alpine:latest. A full name
  /// without tag and digest gets :latest, too.
  static Result<Location> parse_for_reading(std::string_view text);
  /// Returns the layout in a folder, without a tag.
  static Location layout(std::string path);

  Transport transport() const { return transport_; }
  bool is_registry() const { return transport_ == Transport::registry; }
  const std::string& host() const { return host_; }              ///< registry only, with port
  const std::string& repository() const { return repository_; }  ///< registry only
  const std::string& path() const { return path_; }              ///< layouts and archives, "-" for stdio
  const std::optional<std::string>& tag() const { return tag_; }
  const std::optional<Digest>& digest() const { return digest_; }

  Location with_tag(std::string tag) const;                ///< replaces the tag, drops the digest
  Location with_digest(const Digest& digest) const;        ///< sets the digest, keeps the tag
  Location without_reference() const;                      ///< the repository, layout or archive alone
  Location with_repository(std::string repository) const;  ///< same host, other repository
  /// The same path made absolute against `directory` (layouts and archives; others unchanged).
  Location relative_to(const std::string& directory) const;

  /// Prints back what was parsed, with the transport's canonical prefix: none for registries, "oci:" for
  /// layouts ("ocidir://" where the path holds a colon). The text parses to an equal location.
  std::string str() const;
  /// Returns the text of the place without tag and digest, by which places are compared.
  std::string place() const;
  bool same_place(const Location& other) const { return place() == other.place(); }
  bool operator==(const Location&) const = default;

 private:
  std::string prefixed_place() const;

  Transport transport_ = Transport::registry;
  std::string host_, repository_, path_;
  std::optional<std::string> tag_;
  std::optional<Digest> digest_;
  friend class LocationParser;
};

}  // namespace slipway::oci
