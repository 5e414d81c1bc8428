#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <variant>
#include <vector>

#include "slipway/io/stream.h"
#include "slipway/oci/document.h"
#include "slipway/oci/location.h"

namespace slipway::store {

/// A tag or a digest: what resolve() takes.
using TagOrDigest = std::variant<std::string, Digest>;
std::string to_string(const TagOrDigest& reference);

/// A manifest or index with the descriptor its bytes have.
struct Fetched {
  oci::Descriptor descriptor;
  std::string bytes;
};

/// A place that images are read from: memory, a layout, an archive, a registry
/// repository. Thread-safe. Digests are verified by the target, always.
class ReadTarget {
 public:
  virtual ~ReadTarget() = default;
  /// For messages: "oci:PATH", "host/repo".
  virtual std::string name() const = 0;
  /// The descriptor of a manifest or index (media type, digest, size). Errc::not_found.
  virtual Result<oci::Descriptor> resolve(const TagOrDigest& reference) = 0;
  /// Whether the content is there and, as far as the target tells cheaply, sound.
  virtual Result<bool> exists(const oci::Descriptor& descriptor) = 0;
  /// The content; the Source fails at its end unless the bytes are exactly `descriptor`. Errc::not_found.
  virtual Result<std::unique_ptr<io::Source>> fetch(const oci::Descriptor& descriptor) = 0;
  /// resolve and fetch in one step (one request on a registry), bytes verified, at most kMaxDocument.
  virtual Result<Fetched> fetch_document(const TagOrDigest& reference);
};

/// A place that images are written to. Thread-safe.
class Target : public ReadTarget {
 public:
  /// Stores content. Idempotent: success means "it is there", not "we stored it".
  /// Fails with verification_failed, leaving nothing visible, unless the bytes
  /// are exactly `descriptor`. Manifests need their children to be there first.
  virtual Status push(const oci::Descriptor& descriptor, io::RestartableSource& bytes, std::stop_token stop = {}) = 0;
  /// Points a tag at content that is there; atomic, the last step of every copy.
  virtual Status tag(const oci::Descriptor& root, const std::string& tag) = 0;
  /// Makes a document without a tag survive the place's own housekeeping: a layout
  /// lists it in index.json; elsewhere there is nothing to do.
  virtual Status keep(const oci::Descriptor& root);
  /// push and tag of a manifest or index, in one request where the target can.
  virtual Status push_tagged(const oci::Descriptor& root, std::string_view bytes, const std::string& tag);
};

// Optional powers. Absent means "not possible here", never an error: ask with as<Mounter>(target).

/// Streaming upload of content whose digest is not known yet.
class BlobWriter : public io::Sink {
 public:
  /// After finish(): what was stored. Media type is the one given to start_blob.
  virtual const oci::Descriptor& descriptor() const = 0;
};

class BlobIngest {
 public:
  virtual ~BlobIngest() = default;
  /// Nothing is visible before the writer's finish(); a writer destroyed without it leaves nothing.
  virtual Result<std::unique_ptr<BlobWriter>> start_blob(std::string media_type) = 0;
};

/// Makes blobs of another repository of the same registry appear here without moving bytes.
class Mounter {
 public:
  virtual ~Mounter() = default;
  /// host[:port]; two Mounters with the same registry() can mount from each other.
  virtual std::string registry() const = 0;
  virtual std::string repository() const = 0;
  /// True when mounted; false when the registry wants the bytes instead.
  virtual Result<bool> mount(const oci::Descriptor& blob, const std::string& from_repository) = 0;
};

/// Knows whether a manifest that is taken is proof that what it names is there.
class ManifestJudge {
 public:
  virtual ~ManifestJudge() = default;
  /// True where a manifest whose blobs are not there was seen to be refused.
  virtual bool refuses_incomplete() const = 0;
};

class RootLister {
 public:
  virtual ~RootLister() = default;
  /// Every image and artifact that is listed, with its tag (kRefName) where it has one.
  virtual Result<std::vector<oci::Descriptor>> roots() = 0;
};

class TagLister {
 public:
  virtual ~TagLister() = default;
  /// All tags, byte-sorted.
  virtual Result<std::vector<std::string>> list_tags() = 0;
};

class ReferrerLister {
 public:
  virtual ~ReferrerLister() = default;
  /// Manifests whose `subject` is `subject`, byte-sorted by digest; all types when `artifact_type` is empty.
  virtual Result<std::vector<oci::Descriptor>> referrers(const Digest& subject, const std::string& artifact_type) = 0;
};

class Deleter {
 public:
  virtual ~Deleter() = default;
  /// Removes a tag and nothing else. Errc::unsupported where a tag only goes with its manifest.
  virtual Status delete_tag(const std::string& tag) = 0;
  /// Removes a manifest with every tag it has. Errc::unsupported unless overridden.
  virtual Status delete_manifest(const Digest& digest);
};

template <class Power>
Power* as(ReadTarget& target) {
  return dynamic_cast<Power*>(&target);
}

}  // namespace slipway::store
