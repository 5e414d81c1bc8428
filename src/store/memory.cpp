#include "slipway/store/memory.h"

#include <algorithm>

#include "slipway/io/filters.h"
#include "slipway/io/hash.h"
#include "slipway/oci/media_type.h"
#include "store/documents.h"

namespace slipway::store {

/// Collects a blob whose digest is not known yet.
class MemoryBlobWriter final : public BlobWriter {
 public:
  MemoryBlobWriter(MemoryTarget& target, std::string media_type)
      : target_(target), descriptor_(std::move(media_type), io::digest_of(""), 0) {}

  Status write(io::Bytes bytes) override {
    bytes_.append(io::as_text(bytes));
    return {};
  }

  Status finish() override {
    descriptor_.digest = io::digest_of(bytes_);
    descriptor_.size = static_cast<std::int64_t>(bytes_.size());
    const std::scoped_lock lock(target_.mutex_);
    target_.blobs_.insert_or_assign(descriptor_.digest, MemoryTarget::Blob{descriptor_.media_type, std::move(bytes_)});
    return {};
  }

  const oci::Descriptor& descriptor() const override { return descriptor_; }

 private:
  MemoryTarget& target_;
  oci::Descriptor descriptor_;
  std::string bytes_;
};

Result<oci::Descriptor> MemoryTarget::resolve(const TagOrDigest& reference) {
  const std::scoped_lock lock(mutex_);
  if (const auto* tag_name = std::get_if<std::string>(&reference)) {
    const auto at = tags_.find(*tag_name);
    if (at == tags_.end()) return fail(Errc::not_found, "{} has no tag {}", name_, *tag_name);
    return at->second;
  }
  const Digest& digest = std::get<Digest>(reference);
  const auto at = blobs_.find(digest);
  if (at == blobs_.end() || !oci::is_graph_node(at->second.media_type)) {
    return fail(Errc::not_found, "{} has no manifest {}", name_, digest.str());
  }
  return oci::Descriptor(at->second.media_type, digest, static_cast<std::int64_t>(at->second.bytes.size()));
}

Result<bool> MemoryTarget::exists(const oci::Descriptor& descriptor) {
  const std::scoped_lock lock(mutex_);
  const auto at = blobs_.find(descriptor.digest);
  return at != blobs_.end() && at->second.bytes.size() == static_cast<std::size_t>(descriptor.size);
}

Result<std::unique_ptr<io::Source>> MemoryTarget::fetch(const oci::Descriptor& descriptor) {
  const std::scoped_lock lock(mutex_);
  const auto at = blobs_.find(descriptor.digest);
  if (at == blobs_.end()) return fail(Errc::not_found, "{} has no blob {}", name_, descriptor.digest.str());
  return std::unique_ptr<io::Source>(
      std::make_unique<io::VerifyingSource>(std::make_unique<io::StringSource>(at->second.bytes), descriptor.digest,
                                            descriptor.size, "blob " + descriptor.digest.str()));
}

Status MemoryTarget::push(const oci::Descriptor& descriptor, io::RestartableSource& bytes, std::stop_token stop) {
  SLIPWAY_ASSIGN(std::string content, read_verified(descriptor, bytes, std::move(stop)));
  if (oci::is_graph_node(descriptor.media_type)) SLIPWAY_TRY(require_children(*this, content, descriptor.media_type));
  const std::scoped_lock lock(mutex_);
  // Bytes known as a document stay one, also when somebody lists them as a layer.
  const auto at = blobs_.find(descriptor.digest);
  if (at != blobs_.end() && oci::is_graph_node(at->second.media_type)) return {};
  blobs_.insert_or_assign(descriptor.digest, Blob{descriptor.media_type, std::move(content)});
  return {};
}

Status MemoryTarget::tag(const oci::Descriptor& root, const std::string& tag_name) {
  if (!oci::is_valid_ref_name(tag_name)) return fail(Errc::invalid_argument, "\"{}\" is not a tag", tag_name);
  const std::scoped_lock lock(mutex_);
  if (!blobs_.contains(root.digest)) {
    return fail(Errc::not_found, "cannot tag {} in {}: it does not exist", root.digest.str(), name_);
  }
  tags_.insert_or_assign(tag_name, oci::Descriptor(root.media_type, root.digest, root.size));
  return {};
}

Result<std::unique_ptr<BlobWriter>> MemoryTarget::start_blob(std::string media_type) {
  return std::unique_ptr<BlobWriter>(std::make_unique<MemoryBlobWriter>(*this, std::move(media_type)));
}

Result<std::vector<std::string>> MemoryTarget::list_tags() {
  const std::scoped_lock lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [tag_name, descriptor] : tags_)
    names.push_back(tag_name);
  return names;
}

Result<std::vector<oci::Descriptor>> MemoryTarget::referrers(const Digest& subject, const std::string& artifact_type) {
  const std::scoped_lock lock(mutex_);
  std::vector<oci::Descriptor> found;
  for (const auto& [digest, blob] : blobs_) {
    if (!oci::is_graph_node(blob.media_type)) continue;
    if (auto entry = referrer_entry(blob.bytes, blob.media_type, subject, artifact_type))
      found.push_back(*std::move(entry));
  }
  return found;
}

Status MemoryTarget::delete_tag(const std::string& tag_name) {
  const std::scoped_lock lock(mutex_);
  if (tags_.erase(tag_name) == 0) return fail(Errc::not_found, "{} has no tag {}", name_, tag_name);
  return {};
}

}  // namespace slipway::store
