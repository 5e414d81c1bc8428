#include "slipway/copy/attached.h"

#include <set>

#include "slipway/oci/media_type.h"

namespace slipway::copy {
namespace {

constexpr const char* kCosignSuffixes[] = {"sig", "att", "sbom"};

class Attachments {
 public:
  Attachments(store::ReadTarget& from, store::Target& to, const CopyOptions& options)
      : from_(from), to_(to), options_(options), lister_(store::as<store::ReferrerLister>(from)) {}

  /// A manifest of the image itself, and those below it.
  Status of_image(const oci::Descriptor& node, int depth) {
    if (!seen_.insert(node.digest).second) return {};
    SLIPWAY_TRY(require_depth(depth));
    SLIPWAY_TRY(cosign_tags(node.digest));
    SLIPWAY_TRY(referrers(node.digest, depth));
    if (!oci::is_index(node.media_type)) return {};
    SLIPWAY_ASSIGN(const oci::Document document, fetch_document(from_, node));
    for (const oci::Descriptor& child : oci::children(document)) {
      if (oci::is_graph_node(child.media_type)) SLIPWAY_TRY(of_image(child, depth + 1));
    }
    return {};
  }

  std::size_t count() const { return count_; }

 private:
  Status require_depth(int depth) const {
    if (depth <= options_.max_depth) return {};
    return fail(Errc::too_large, "what is attached is nested more than {} deep", options_.max_depth);
  }

  Status referrers(const Digest& subject, int depth) {
    if (lister_ == nullptr) return {};
    SLIPWAY_ASSIGN(const auto found, lister_->referrers(subject, ""));
    for (const oci::Descriptor& listed : found) {
      if (!seen_.insert(listed.digest).second) continue;
      if (++count_ > options_.max_nodes) {
        return fail(Errc::too_large, "more than {} manifests are attached", options_.max_nodes);
      }
      SLIPWAY_TRY(require_depth(depth + 1));
      const oci::Descriptor plain(listed.media_type, listed.digest, listed.size);
      SLIPWAY_TRY(copy_graph({&from_}, plain, to_, options_));
      SLIPWAY_TRY(referrers(listed.digest, depth + 1));
    }
    return {};
  }

  Status cosign_tags(const Digest& digest) {
    for (const char* suffix : kCosignSuffixes) {
      const std::string tag = fmt::format("{}-{}.{}", digest.algorithm(), digest.hex(), suffix);
      const auto there = from_.resolve(tag);
      if (!there && there.error().code == Errc::not_found) continue;
      SLIPWAY_TRY(there);
      ++count_;
      SLIPWAY_TRY(copy_tagged({&from_}, *there, to_, {tag}, options_));
    }
    return {};
  }

  store::ReadTarget& from_;
  store::Target& to_;
  const CopyOptions& options_;
  store::ReferrerLister* lister_;
  std::set<Digest> seen_;
  std::size_t count_ = 0;
};

}  // namespace

Result<std::size_t> copy_attached(store::ReadTarget& from, const oci::Descriptor& root, store::Target& to,
                                  const CopyOptions& options) {
  Attachments attachments(from, to, options);
  SLIPWAY_TRY(attachments.of_image(root, 0));
  return attachments.count();
}

}  // namespace slipway::copy
