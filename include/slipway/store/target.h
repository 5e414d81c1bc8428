#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <type_traits>
#include <variant>

#include "slipway/io/stream.h"
#include "slipway/oci/document.h"
#include "slipway/oci/location.h"
#include "slipway/store/powers.h"

/// Targets: places that images are read from and written to (memory, a layout, an archive, a registry repository).
///
/// Content is addressed by descriptor (media type, digest, size). A target verifies every byte that enters or leaves
/// against one, so that callers never hash again.
///
/// States: content is absent, then stored (push), then reachable by a name (tag, push_tagged). Pushes are idempotent,
/// and a failed one leaves nothing visible. A tag changes in one step: readers see the old image or the new one.
///
/// Order of calls: children first, that is blobs, then the manifest that names them, then the index that names the
/// manifest, then the tag. A document that is there is therefore complete.
///
/// Threads: every function may be called from several threads at once.
///
/// Cost: see Traits. A registry answers each question with a request; the others answer from memory or disk.
///
/// Wrappers: a target that wraps another returns it from inner(). traits() and the powers that the wrapper does not
/// implement itself are then those of the wrapped target.
///
/// Example: publishing an image of one layer.
///
///     Status publish(store::Target& target, const Image& image) {
///       SLIPWAY_ASSIGN(const bool there, target.exists(image.layer));
///       if (!there) SLIPWAY_TRY(target.push(image.layer, *image.layer_bytes));
///       return target.push_tagged(image.manifest, image.manifest_bytes, "v1");
///     }
namespace slipway::store {

/// A tag or a digest: the argument of resolve().
using TagOrDigest = std::variant<std::string, Digest>;
/// Returns the tag, or the digest's text.
std::string to_string(const TagOrDigest& reference);

/// A manifest or index and the descriptor of its bytes.
struct Fetched {
  oci::Descriptor descriptor;
  std::string bytes;
};

/// Facts about a target that change how it is used best. Known without a request; they may improve while it is used.
struct Traits {
  bool asks_cost_a_request = false;  ///< each resolve() and exists() is a round trip
  bool collects_untagged = false;    ///< its housekeeping may remove manifests that no tag names, children included
  bool refuses_incomplete = false;   ///< was seen to refuse manifests whose blobs are missing: accepting one is proof
  bool operator==(const Traits&) const = default;
};

/// A place that images are read from.
class ReadTarget {
 public:
  virtual ~ReadTarget() = default;
  /// The place in messages: "oci:PATH", "host/repo".
  virtual std::string name() const = 0;
  /// The target that this one wraps, not owned by the caller; nullptr when it wraps none.
  virtual ReadTarget* inner() const { return nullptr; }
  virtual Traits traits() const { return inner() != nullptr ? inner()->traits() : Traits{}; }
  /// Returns the descriptor of a manifest or index (media type, digest, size). Errc::not_found.
  virtual Result<oci::Descriptor> resolve(const TagOrDigest& reference) = 0;
  /// Returns true if the content is there and, as far as the target can tell cheaply, sound.
  virtual Result<bool> exists(const oci::Descriptor& descriptor) = 0;
  /// Opens the content; the Source fails at its end unless the bytes are exactly `descriptor`. Errc::not_found.
  virtual Result<std::unique_ptr<io::Source>> fetch(const oci::Descriptor& descriptor) = 0;
  /// Resolves and fetches in one step (one request on a registry), bytes verified, at most kMaxDocument.
  virtual Result<Fetched> fetch_document(const TagOrDigest& reference);
};

/// A place that images are written to.
class Target : public ReadTarget {
 public:
  /// Stores content. Idempotent: success means that the content is there, not that this call stored it.
  /// Fails with verification_failed, leaving nothing visible, unless the bytes are exactly `descriptor`.
  /// Errc::not_found when a child of a manifest is missing (see "Order of calls").
  virtual Status push(const oci::Descriptor& descriptor, io::RestartableSource& bytes, std::stop_token stop = {}) = 0;
  /// Points a tag at content that is there; atomic, the last step of every copy.
  virtual Status tag(const oci::Descriptor& root, const std::string& tag) = 0;
  /// Makes a stored document without a tag survive the target's own housekeeping: layouts and archives list it in
  /// index.json; the others do nothing.
  virtual Status keep_untagged(const oci::Descriptor& root);
  /// Pushes and tags a manifest or index, in one request where the target can.
  virtual Status push_tagged(const oci::Descriptor& root, std::string_view bytes, const std::string& tag);
};

/// Returns the power of a target, or of the first target below it that has it (see inner()); nullptr when none has.
template <class Power>
Power* as(ReadTarget& target) {
  static_assert(!std::is_base_of_v<ReadTarget, Power>, "a power, not a kind of target");
  for (ReadTarget* at = &target; at != nullptr; at = at->inner()) {
    if (auto* power = dynamic_cast<Power*>(at)) return power;
  }
  return nullptr;
}

}  // namespace slipway::store
