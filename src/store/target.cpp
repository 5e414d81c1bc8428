#include "slipway/store/target.h"

#include "slipway/io/filters.h"
#include "slipway/oci/document.h"

namespace slipway::store {

std::string to_string(const TagOrDigest& reference) {
  if (const auto* digest = std::get_if<Digest>(&reference)) return digest->str();
  return std::get<std::string>(reference);
}

Result<Fetched> ReadTarget::fetch_document(const TagOrDigest& reference) {
  SLIPWAY_ASSIGN(oci::Descriptor descriptor, resolve(reference));
  if (descriptor.size > static_cast<std::int64_t>(oci::kMaxDocument)) {
    return fail(Errc::too_large, "{} in {} has {} bytes, a manifest has at most {}", descriptor.digest.str(), name(),
                descriptor.size, oci::kMaxDocument);
  }
  SLIPWAY_ASSIGN(const auto source, fetch(descriptor));
  SLIPWAY_ASSIGN(std::string bytes, io::read_all(*source, oci::kMaxDocument));
  return Fetched{std::move(descriptor), std::move(bytes)};
}

Status Target::keep_untagged(const oci::Descriptor&) { return {}; }

Status Target::push_tagged(const oci::Descriptor& root, std::string_view bytes, const std::string& tag_name) {
  io::TextSource source(bytes);
  SLIPWAY_TRY(push(root, source));
  return tag(root, tag_name);
}

Status Deleter::delete_manifest(const Digest& digest) {
  return fail(Error(Errc::unsupported, fmt::format("{} cannot be deleted by its digest here", digest.str()))
                  .with_hint("delete its tags, one by one: slipway delete REPOSITORY:TAG"));
}

}  // namespace slipway::store
