#include "store/documents.h"

#include <algorithm>
#include <set>

#include "slipway/io/filters.h"
#include "slipway/io/hash.h"
#include "slipway/oci/media_type.h"

namespace slipway::store {
namespace {

/// A source that the caller keeps.
class BorrowedSource final : public io::Source {
 public:
  explicit BorrowedSource(io::Source& inner) : inner_(inner) {}
  Result<std::size_t> read(std::span<std::byte> buffer) override { return inner_.read(buffer); }

 private:
  io::Source& inner_;
};

}  // namespace

std::unique_ptr<io::Source> borrowed(io::Source& inner) { return std::make_unique<BorrowedSource>(inner); }

std::unique_ptr<io::Source> verified(const oci::Descriptor& descriptor, io::Source& inner) {
  return std::make_unique<io::VerifyingSource>(borrowed(inner), descriptor.digest, descriptor.size,
                                               "content pushed as " + descriptor.digest.str());
}

Result<oci::Document> read_document(ReadTarget& target, const oci::Descriptor& descriptor) {
  SLIPWAY_ASSIGN(const auto source, target.fetch(descriptor));
  SLIPWAY_ASSIGN(std::string bytes, io::read_all(*source, oci::kMaxDocument));
  return oci::parse_document(std::move(bytes), descriptor.media_type);
}

Result<std::vector<oci::Descriptor>> children_of(ReadTarget& target, const oci::Descriptor& descriptor) {
  if (!oci::is_graph_node(descriptor.media_type)) return std::vector<oci::Descriptor>();
  SLIPWAY_ASSIGN(const oci::Document document, read_document(target, descriptor));
  return oci::children(document);
}

Status walk_graph(std::vector<oci::Descriptor> roots,
                  const std::function<Result<std::vector<oci::Descriptor>>(const oci::Descriptor&)>& visit) {
  std::set<Digest> seen;
  while (!roots.empty()) {
    const oci::Descriptor next = std::move(roots.back());
    roots.pop_back();
    if (!seen.insert(next.digest).second) continue;
    SLIPWAY_ASSIGN(const auto below, visit(next));
    roots.insert(roots.end(), below.begin(), below.end());
  }
  return {};
}

Result<oci::Descriptor> describe_document(io::Source& bytes, const Digest& digest, const std::string& place) {
  SLIPWAY_ASSIGN(std::string text, io::read_all(bytes, oci::kMaxDocument));
  const auto size = static_cast<std::int64_t>(text.size());
  auto document = oci::parse_document(std::move(text), "");
  if (!document && document.error().code == Errc::malformed)
    return fail(Errc::malformed, "{} of {} is not a manifest: {}", digest.str(), place, document.error().message);
  SLIPWAY_TRY(document);
  const std::string media_type = std::visit([](const auto& d) { return d.media_type; }, *document);
  return oci::Descriptor(media_type, digest, size);
}

Result<std::vector<oci::Descriptor>> referrers_among(ReadTarget& target, const std::vector<oci::Descriptor>& entries,
                                                     const Digest& subject, const std::string& artifact_type) {
  std::vector<oci::Descriptor> found;
  std::set<Digest> seen;
  for (const oci::Descriptor& entry : entries) {
    if (!oci::is_graph_node(entry.media_type) || !seen.insert(entry.digest).second) continue;
    const auto source = target.fetch(entry);
    // A layout may list what it does not hold (image-layout.md "Blobs").
    if (!source && source.error().code == Errc::not_found) continue;
    SLIPWAY_TRY(source);
    SLIPWAY_ASSIGN(const std::string bytes, io::read_all(**source, oci::kMaxDocument));
    auto referrer = referrer_entry(bytes, entry.media_type, subject, artifact_type);
    if (referrer) found.push_back(*std::move(referrer));
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.digest < b.digest; });
  return found;
}

Result<std::string> read_verified(const oci::Descriptor& descriptor, io::Source& bytes, std::stop_token stop) {
  const auto source = verified(descriptor, bytes);
  io::StringSink sink(static_cast<std::size_t>(descriptor.size));
  SLIPWAY_TRY(io::copy(*source, sink, std::move(stop)));
  return sink.take();
}

Status require_children(ReadTarget& target, const std::string& bytes, std::string_view media_type) {
  SLIPWAY_ASSIGN(const oci::Document document, oci::parse_document(bytes, media_type));
  for (const oci::Descriptor& child : oci::children(document)) {
    if (!child.urls.empty()) continue;
    SLIPWAY_ASSIGN(const bool there, target.exists(child));
    if (!there) {
      return fail(Errc::not_found, "{} does not have {}, which the manifest refers to", target.name(),
                  child.digest.str());
    }
  }
  return {};
}

std::optional<oci::Descriptor> referrer_entry(const std::string& bytes, std::string_view media_type,
                                              const Digest& subject, const std::string& artifact_type) {
  const auto document = oci::parse_document(bytes, media_type);
  if (!document || !oci::subject_of(*document) || oci::subject_of(*document)->digest != subject) return std::nullopt;
  oci::Descriptor entry(std::string(media_type), io::digest_of(bytes), static_cast<std::int64_t>(bytes.size()));
  if (const auto* manifest = std::get_if<oci::Manifest>(&*document)) {
    entry.artifact_type = manifest->artifact_type.empty() ? manifest->config.media_type : manifest->artifact_type;
    entry.annotations = manifest->annotations;
  } else {
    const auto& index = std::get<oci::Index>(*document);
    entry.artifact_type = index.artifact_type;
    entry.annotations = index.annotations;
  }
  if (!artifact_type.empty() && entry.artifact_type != artifact_type) return std::nullopt;
  return entry;
}

}  // namespace slipway::store
