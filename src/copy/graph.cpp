#include "copy/graph.h"

#include <set>

#include "slipway/io/filters.h"
#include "slipway/oci/media_type.h"

namespace slipway::copy {
namespace {

/// Walks depth first, so that children stand before their parents.
class Walk {
 public:
  Walk(const std::vector<store::ReadTarget*>& sources, store::Target& to, bool enter_existing,
       const CopyOptions& options)
      : sources_(sources), to_(to), enter_existing_(enter_existing), options_(options) {}

  Status visit(const oci::Descriptor& descriptor, int depth) {
    if (options_.stop.stop_requested()) return fail(Errc::cancelled, "interrupted");
    const bool is_document = oci::is_graph_node(descriptor.media_type);
    // The same bytes may be a document here and somebody's layer there: a registry keeps the two apart.
    if (!seen_.emplace(descriptor.digest, is_document).second) return {};
    if (seen_.size() > options_.max_nodes) {
      return fail(Errc::too_large, "the image has more than {} parts", options_.max_nodes);
    }
    Node node{.descriptor = descriptor, .bytes = {}, .is_document = is_document};
    if (is_document) return visit_document(std::move(node), depth);
    graph_.nodes.push_back(std::move(node));
    return {};
  }

  Graph take() { return std::move(graph_); }

 private:
  Status visit_document(Node node, int depth) {
    if (depth > options_.max_depth) {
      return fail(Errc::too_large, "indexes are nested deeper than {} levels", options_.max_depth);
    }
    SLIPWAY_ASSIGN(const bool there, is_there(node.descriptor, depth));
    if (there) {
      if (options_.observer != nullptr) options_.observer->skipped(node.descriptor);
      return {};
    }
    SLIPWAY_ASSIGN(node.bytes, fetch_bytes(sources_, node.descriptor));
    document_bytes_ += node.bytes.size();
    if (document_bytes_ > options_.max_document_bytes) {
      return fail(Errc::too_large, "the manifests of the image have more than {} bytes", options_.max_document_bytes);
    }
    auto document = oci::parse_document(node.bytes, node.descriptor.media_type);
    if (!document)
      return fail(std::move(document).error().on(Side::source).in("reading " + node.descriptor.digest.str()));
    for (const oci::Descriptor& child : oci::children(*document)) {
      SLIPWAY_TRY(visit(child, depth + 1));
    }
    graph_.nodes.push_back(std::move(node));
    return {};
  }

  /// Returns true if the destination has the document. If a question costs a request, the images of an index are asked
  /// for until one is missing: copies store them in this order.
  Result<bool> is_there(const oci::Descriptor& document, int depth) {
    if (enter_existing_ || images_are_missing_) return false;
    auto there = to_.exists(document);
    if (!there) return fail(std::move(there).error().on(Side::destination));
    const bool image = depth > 1 && !oci::is_index(document.media_type);
    if (!*there && image && to_.traits().asks_cost_a_request) images_are_missing_ = true;
    return *there;
  }

  const std::vector<store::ReadTarget*>& sources_;
  store::Target& to_;
  bool enter_existing_;
  bool images_are_missing_ = false;
  const CopyOptions& options_;
  std::set<std::pair<Digest, bool>> seen_;
  std::size_t document_bytes_ = 0;
  Graph graph_;
};

}  // namespace

Result<std::string> fetch_bytes(const std::vector<store::ReadTarget*>& sources, const oci::Descriptor& descriptor) {
  if (descriptor.size > static_cast<std::int64_t>(oci::kMaxDocument)) {
    return fail(Errc::too_large, "{} has {} bytes, a manifest has at most {}", descriptor.digest.str(), descriptor.size,
                oci::kMaxDocument);
  }
  std::optional<Error> missing;
  for (store::ReadTarget* source : sources) {
    auto stream = source->fetch(descriptor);
    if (stream) {
      auto bytes = io::read_all(**stream, oci::kMaxDocument);
      if (bytes) return bytes;
      return fail(std::move(bytes).error().on(Side::source).in("reading " + descriptor.digest.str()));
    }
    if (stream.error().code != Errc::not_found) return fail(std::move(stream).error().on(Side::source));
    missing = std::move(stream).error();
  }
  if (missing) return fail(std::move(*missing).on(Side::source));
  return fail(Errc::not_found, "no source has {}", descriptor.digest.str());
}

Result<Graph> read_graph(const std::vector<store::ReadTarget*>& sources, const oci::Descriptor& root, store::Target& to,
                         bool enter_existing, const CopyOptions& options) {
  Walk walk(sources, to, enter_existing, options);
  SLIPWAY_TRY(walk.visit(root, 1));
  return walk.take();
}

}  // namespace slipway::copy
