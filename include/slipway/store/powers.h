#pragma once

#include <memory>
#include <string>
#include <vector>

#include "slipway/io/stream.h"
#include "slipway/oci/descriptor.h"

namespace slipway::store {

/// Powers are interfaces that some targets have and others do not. Ask with `as<Power>(target)` (target.h); nullptr
/// means that the target does not have it. A power lives as long as its target. All are thread-safe.

/// A streaming upload of content whose digest is not known yet.
class BlobWriter : public io::Sink {
 public:
  /// Returns the descriptor of the stored content, with the media type given to start_blob(). Call after finish().
  virtual const oci::Descriptor& descriptor() const = 0;
};

/// Stores content whose digest is not known before its last byte.
class BlobIngest {
 public:
  virtual ~BlobIngest() = default;
  /// Opens a writer. Nothing is visible before the writer's finish(); a writer destroyed without it leaves nothing.
  virtual Result<std::unique_ptr<BlobWriter>> start_blob(std::string media_type) = 0;
};

/// Makes blobs of another repository of the same registry appear here without moving bytes.
class Mounter {
 public:
  virtual ~Mounter() = default;
  /// Returns host[:port]; two Mounters with the same registry() can mount from each other.
  virtual std::string registry() const = 0;
  virtual std::string repository() const = 0;
  /// Returns true when mounted, false when the registry asks for the bytes instead.
  virtual Result<bool> mount(const oci::Descriptor& blob, const std::string& from_repository) = 0;
};

/// Lists images and artifacts, with and without tags.
class RootLister {
 public:
  virtual ~RootLister() = default;
  /// Returns every listed image and artifact, with its tag (annotation kRefName) where it has one.
  virtual Result<std::vector<oci::Descriptor>> roots() = 0;
};

/// Lists tags.
class TagLister {
 public:
  virtual ~TagLister() = default;
  /// Returns all tags, byte-sorted. A list that cannot be read to its end is an error, never a shorter list.
  virtual Result<std::vector<std::string>> list_tags() = 0;
};

/// Lists the manifests that are attached to another one (distribution-spec "Listing Referrers").
class ReferrerLister {
 public:
  virtual ~ReferrerLister() = default;
  /// Returns the manifests whose `subject` is `subject`, byte-sorted by digest; all types when `artifact_type` is
  /// empty. A list that cannot be read to its end is an error, never a shorter list.
  virtual Result<std::vector<oci::Descriptor>> referrers(const Digest& subject, const std::string& artifact_type) = 0;
};

/// Removes tags and manifests.
class Deleter {
 public:
  virtual ~Deleter() = default;
  /// Removes a tag and nothing else. Errc::not_found; unsupported where a tag can only be removed with its manifest.
  virtual Status delete_tag(const std::string& tag) = 0;
  /// Removes a manifest with every tag it has, whatever else needs it. Errc::unsupported unless overridden.
  virtual Status delete_manifest(const Digest& digest);
};

}  // namespace slipway::store
