#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "registry/repository.h"

namespace slipway::registry {

/// The manifests and indexes of one repository. Those that were fetched or stored are remembered, 8 MiB at most, so
/// that tagging them needs no further request. Thread-safe.
class Manifests {
 public:
  explicit Manifests(Repository& repository) : repository_(repository) {}

  /// Returns the descriptor by one HEAD, by a GET as well where a HEAD says too little or is not allowed. A HEAD that
  /// answers another digest than it was asked for is not believed.
  Result<oci::Descriptor> resolve(const store::TagOrDigest& reference);
  /// Fetches a document, verified against the digest where it was asked for by digest.
  Result<store::Fetched> fetch(const store::TagOrDigest& reference);
  /// Returns the bytes of a document, from memory or by fetch().
  Result<std::string> bytes_of(const Digest& digest);

  /// Returns true if the repository has a document; see Repository::absent_statuses().
  Result<bool> exists(const Digest& digest);

  /// Stores a document under a tag or its digest and makes sure that it is there. A refusal that may be a race, or a
  /// tag that must not change, is not final: the place is looked at, and where it has the very document, that is
  /// success. Returns true if the registry lists the document with its subject itself (OCI-Subject). Errc::conflict for
  /// an immutable tag that points elsewhere, whatever the registry answers.
  Result<bool> put(const oci::Descriptor& descriptor, std::string_view bytes, const std::string& reference,
                   std::stop_token stop);
  /// Forgets a document that was deleted.
  void forget(const Digest& digest);

 private:
  bool is_doubtful(const Error& error, const store::TagOrDigest& reference) const;
  Result<oci::Descriptor> resolve_by_get(const store::TagOrDigest& reference);
  Result<store::Fetched> checked(const Reply& reply, const store::TagOrDigest& reference) const;
  Result<Reply> send_put(const oci::Descriptor& descriptor, std::string_view bytes, const std::string& reference,
                         std::stop_token stop);
  Error explain_refusal(Error refused, const oci::Descriptor& descriptor, std::string_view bytes,
                        const std::string& tag, const Digest& found, std::stop_token stop);
  Status wait_until_visible(const oci::Descriptor& descriptor, std::stop_token stop);
  void remember(const oci::Descriptor& descriptor, std::string_view bytes);

  Repository& repository_;
  std::mutex mutex_;
  std::map<Digest, std::string> documents_;
  std::size_t document_bytes_ = 0;
};

/// The Accept header for every kind of manifest and index.
std::vector<http::Header> accept_documents();

}  // namespace slipway::registry
