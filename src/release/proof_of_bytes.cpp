#include "release/proof_of_bytes.h"

#include <set>

#include "release/entry_artifact.h"
#include "release/tags.h"
#include "slipway/io/filters.h"
#include "slipway/oci/media_type.h"

namespace slipway::release {
namespace {

/// Walks one graph; the same content is hashed once.
class GraphProof {
 public:
  GraphProof(store::ReadTarget& target, std::stop_token stop, std::vector<Error>& problems)
      : target_(target), stop_(std::move(stop)), problems_(problems) {}

  Status document(const store::TagOrDigest& reference, const std::string& what) {
    auto fetched = target_.fetch_document(reference);
    if (!fetched) return wrong_or_fail(std::move(fetched).error(), "the manifest", store::to_string(reference), what);
    auto parsed = oci::parse_document(std::move(fetched->bytes), fetched->descriptor.media_type);
    if (!parsed) return wrong_or_fail(std::move(parsed).error(), "the manifest", store::to_string(reference), what);
    if (const auto* index = std::get_if<oci::Index>(&*parsed)) return children(*index, what);
    const auto& manifest = std::get<oci::Manifest>(*parsed);
    SLIPWAY_TRY(blob(manifest.config, "the config", what));
    for (std::size_t i = 0; i < manifest.layers.size(); ++i)
      SLIPWAY_TRY(blob(manifest.layers[i], fmt::format("layer {}", i + 1), what));
    return {};
  }

 private:
  Status children(const oci::Index& index, const std::string& what) {
    for (const oci::Descriptor& child : index.manifests) {
      if (!seen_.insert(child.digest).second) continue;
      const std::string name = child.platform ? child.platform->str() : child.digest.str();
      SLIPWAY_TRY(document(child.digest, fmt::format("{} ({})", what, name)));
    }
    return {};
  }

  Status blob(const oci::Descriptor& descriptor, const std::string& part, const std::string& what) {
    if (!seen_.insert(descriptor.digest).second) return {};
    auto source = target_.fetch(descriptor);
    if (!source && source.error().code == Errc::not_found && !descriptor.urls.empty()) return {};
    if (!source) return wrong_or_fail(std::move(source).error(), part, descriptor.digest.str(), what);
    io::NullSink nowhere;
    auto copied = io::copy(**source, nowhere, stop_);
    if (!copied) return wrong_or_fail(std::move(copied).error(), part, descriptor.digest.str(), what);
    return {};
  }

  Status wrong_or_fail(Error error, const std::string& part, const std::string& digest, const std::string& what) {
    const bool wrong =
        error.code == Errc::not_found || error.code == Errc::verification_failed || error.code == Errc::malformed;
    if (!wrong) return fail(std::move(error).in("reading " + what));
    problems_.emplace_back(Errc::verification_failed, fmt::format("{} of {}, {}, is not what was released: {}", part,
                                                                  what, digest, error.message));
    return {};
  }

  store::ReadTarget& target_;
  std::stop_token stop_;
  std::vector<Error>& problems_;
  std::set<Digest> seen_;
};

}  // namespace

Status prove_graph(store::ReadTarget& target, const Digest& root, const std::string& what, std::stop_token stop,
                   std::vector<Error>& problems) {
  return GraphProof(target, std::move(stop), problems).document(root, what);
}

Result<Recorded> read_evidence(store::ReadTarget& target, const oci::Descriptor& referrer) {
  SLIPWAY_ASSIGN(store::Fetched fetched, target.fetch_document(referrer.digest));
  SLIPWAY_ASSIGN(const oci::Manifest manifest,
                 oci::parse_manifest(std::move(fetched.bytes), fetched.descriptor.media_type));
  auto recorded = [&]() -> Result<Recorded> {
    SLIPWAY_ASSIGN(std::string bytes, record_bytes(manifest, kEntryType, target));
    return recorded_from(std::move(bytes));
  }();
  if (recorded) return recorded;
  return fail(Errc::verification_failed, "the evidence {} in {} {}", referrer.digest.str(), target.name(),
              recorded.error().message);
}

Result<std::optional<std::vector<oci::Descriptor>>> list_evidence(store::ReadTarget& target, const Digest& image) {
  auto* referrers = store::as<store::ReferrerLister>(target);
  if (referrers == nullptr) return std::optional<std::vector<oci::Descriptor>>();
  auto found = referrers->referrers(image, std::string(kEntryType));
  if (found) return std::optional<std::vector<oci::Descriptor>>(*std::move(found));
  auto* tags = store::as<store::TagLister>(target);
  const bool answers = is_unreadable(found.error()) && tags != nullptr && tags->list_tags();
  if (found.error().code == Errc::conflict || answers) return std::optional<std::vector<oci::Descriptor>>();
  return fail(std::move(found).error());
}

}  // namespace slipway::release
