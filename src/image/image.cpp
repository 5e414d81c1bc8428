#include "slipway/image/image.h"

#include <algorithm>

#include "slipway/base/text.h"
#include "slipway/oci/media_type.h"

namespace slipway::image {
namespace {

constexpr std::size_t kMaxOffers = 10'000;

Result<std::string> fetch_small(store::ReadTarget& from, const oci::Descriptor& descriptor) {
  if (descriptor.size > static_cast<std::int64_t>(oci::kMaxDocument)) {
    return fail(Errc::too_large, "{} of {} has {}; documents of at most {} are read", descriptor.digest.str(),
                from.name(), human_bytes(static_cast<std::uint64_t>(descriptor.size)), human_bytes(oci::kMaxDocument));
  }
  SLIPWAY_ASSIGN(const auto source, from.fetch(descriptor));
  return io::read_all(*source, oci::kMaxDocument);
}

Result<oci::Document> fetch_document(store::ReadTarget& from, const oci::Descriptor& descriptor) {
  SLIPWAY_ASSIGN(std::string raw, fetch_small(from, descriptor));
  return oci::parse_document(std::move(raw), descriptor.media_type);
}

std::string named(store::ReadTarget& from, const oci::Descriptor& descriptor) {
  return fmt::format("{}@{}", from.name(), descriptor.digest.str());
}

/// Docker's build attestations: children of an index that are not images.
bool is_attestation(const oci::Descriptor& child) {
  if (child.annotations.contains("vnd.docker.reference.type")) return true;
  return child.platform && child.platform->os == "unknown";
}

Result<Image> load_parsed(store::ReadTarget& from, const oci::Descriptor& descriptor, oci::Manifest manifest) {
  if (!manifest.artifact_type.empty() || !oci::is_image_config(manifest.config.media_type)) {
    const std::string& type = manifest.artifact_type.empty() ? manifest.config.media_type : manifest.artifact_type;
    return fail(
        error(Errc::unsupported, "{} is an artifact ({}), not an image", named(from, descriptor), printable(type, 200))
            .with_hint("write its files with: slipway get REF DIR"));
  }
  SLIPWAY_ASSIGN(std::string raw, fetch_small(from, manifest.config));
  auto config = oci::ImageConfig::parse(raw);
  if (!config)
    return fail(std::move(config).error().in(fmt::format("reading the config of {}", named(from, descriptor))));
  if (config->diff_ids.size() != manifest.layers.size()) {
    return fail(Errc::verification_failed, "{} has {} layers, but its config has {} diff IDs", named(from, descriptor),
                manifest.layers.size(), config->diff_ids.size());
  }
  return Image{descriptor, std::move(manifest), *std::move(config), std::move(raw)};
}

/// Collects the images below a document, depth first.
class OfferList {
 public:
  explicit OfferList(store::ReadTarget& from) : from_(from) {}

  Status add(const oci::Descriptor& descriptor, int depth) {
    if (depth > oci::kMaxIndexDepth)
      return fail(Errc::too_large, "{} is nested more than {} levels deep", named(from_, descriptor),
                  oci::kMaxIndexDepth);
    SLIPWAY_ASSIGN(oci::Document document, fetch_document(from_, descriptor));
    if (auto* manifest = std::get_if<oci::Manifest>(&document)) return add_manifest(descriptor, std::move(*manifest));
    for (const oci::Descriptor& child : std::get<oci::Index>(document).manifests)
      SLIPWAY_TRY(add_child(child, depth));
    return {};
  }
  std::vector<Offer> take() { return std::move(offers_); }

 private:
  Status add_child(const oci::Descriptor& child, int depth) {
    // image-spec image-index.md: entries of an unknown media type must not fail.
    if (is_attestation(child) || !oci::is_graph_node(child.media_type)) return {};
    if (!child.artifact_type.empty() && !oci::is_index(child.media_type)) return {};
    if (child.platform && oci::is_manifest(child.media_type)) return offer(*child.platform, child);
    return add(child, depth + 1);
  }

  Status add_manifest(const oci::Descriptor& descriptor, oci::Manifest manifest) {
    auto image = load_parsed(from_, descriptor, std::move(manifest));
    if (!image && image.error().code == Errc::unsupported) return {};
    if (!image) return fail(std::move(image).error());
    return offer(image->config.platform, descriptor);
  }

  Status offer(const oci::Platform& platform, const oci::Descriptor& manifest) {
    if (offers_.size() == kMaxOffers) return fail(Errc::too_large, "{} holds too many images", from_.name());
    offers_.push_back({platform, manifest});
    return {};
  }

  store::ReadTarget& from_;
  std::vector<Offer> offers_;
};

std::string list_of(const std::vector<Offer>& offers) {
  std::string out;
  for (const Offer& offer : offers)
    out += (out.empty() ? "" : ", ") + offer.platform.str();
  return out.empty() ? "no image at all" : printable(out);
}

}  // namespace

Result<Image> load_manifest(store::ReadTarget& from, const oci::Descriptor& manifest) {
  SLIPWAY_ASSIGN(oci::Document document, fetch_document(from, manifest));
  auto* parsed = std::get_if<oci::Manifest>(&document);
  if (parsed == nullptr) {
    return fail(Error(Errc::unsupported, fmt::format("{} is an index, not one platform's image", named(from, manifest)))
                    .with_hint("choose one with --platform OS/ARCH; the platforms: slipway inspect REF"));
  }
  return load_parsed(from, manifest, std::move(*parsed));
}

Result<std::vector<Offer>> list_platforms(store::ReadTarget& from, const oci::Descriptor& root) {
  OfferList list(from);
  SLIPWAY_TRY(list.add(root, 1));
  return list.take();
}

Result<Image> load_image(store::ReadTarget& from, const oci::Descriptor& root, const oci::Platform& wanted) {
  SLIPWAY_ASSIGN(const auto offers, list_platforms(from, root));
  const auto match = std::max_element(offers.begin(), offers.end(), [&wanted](const Offer& a, const Offer& b) {
    return wanted.match(a.platform) < wanted.match(b.platform);
  });
  if (match == offers.end() || !wanted.accepts(match->platform)) {
    return fail(Error(Errc::not_found, fmt::format("{} has no image for {}; it has {}", named(from, root), wanted.str(),
                                                   list_of(offers)))
                    .with_hint(offers.empty() ? "see what it is: slipway inspect REF"
                                              : "use --platform " + printable(offers.front().platform.str())));
  }
  return load_manifest(from, match->manifest);
}

}  // namespace slipway::image
