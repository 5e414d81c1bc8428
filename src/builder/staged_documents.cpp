#include "builder/staged_documents.h"

#include "slipway/io/filters.h"
#include "slipway/io/hash.h"

namespace slipway::builder {

oci::Descriptor StagedDocuments::add(std::string media_type, std::string bytes) {
  oci::Descriptor descriptor(media_type, io::digest_of(bytes), static_cast<std::int64_t>(bytes.size()));
  const std::lock_guard guard(mutex_);
  documents_.insert_or_assign(descriptor.digest, Document{std::move(media_type), std::move(bytes)});
  return descriptor;
}

Result<oci::Descriptor> StagedDocuments::resolve(const store::TagOrDigest& reference) {
  const std::lock_guard guard(mutex_);
  const Digest* digest = std::get_if<Digest>(&reference);
  const auto at = digest == nullptr ? documents_.end() : documents_.find(*digest);
  if (at == documents_.end()) return fail(Errc::not_found, "the build made no {}", store::to_string(reference));
  return oci::Descriptor(at->second.media_type, at->first, static_cast<std::int64_t>(at->second.bytes.size()));
}

Result<bool> StagedDocuments::exists(const oci::Descriptor& descriptor) {
  const std::lock_guard guard(mutex_);
  return documents_.contains(descriptor.digest);
}

Result<std::unique_ptr<io::Source>> StagedDocuments::fetch(const oci::Descriptor& descriptor) {
  const std::lock_guard guard(mutex_);
  const auto at = documents_.find(descriptor.digest);
  if (at == documents_.end()) return fail(Errc::not_found, "the build made no {}", descriptor.digest.str());
  return std::unique_ptr<io::Source>(std::make_unique<io::StringSource>(at->second.bytes));
}

}  // namespace slipway::builder
