#include "slipway/copy/copy.h"

#include <atomic>
#include <functional>
#include <optional>

#include "copy/graph.h"
#include "copy/manifest_trials.h"
#include "copy/refetching_source.h"
#include "slipway/base/lanes.h"
#include "slipway/io/filters.h"
#include "slipway/oci/media_type.h"

namespace slipway::copy {
namespace {

/// Whether the destination's word that it has something counts.
enum class Trust { destination, nothing };

/// Whether both are one repository of one registry.
bool are_one_place(store::ReadTarget& a, store::ReadTarget& b) {
  const auto* one = store::as<store::Mounter>(a);
  const auto* other = store::as<store::Mounter>(b);
  return one != nullptr && other != nullptr && one->registry() == other->registry() &&
         one->repository() == other->repository();
}

/// Copies the nodes of one graph.
class Carrier {
 public:
  Carrier(const std::vector<store::ReadTarget*>& sources, store::Target& to, const CopyOptions& options)
      : sources_(sources), to_(to), options_(options), trials_(to, options) {}

  Status blobs(const Graph& graph, Trust trust) {
    graph_ = &graph;
    std::vector<const Node*> leaves;
    for (const Node& node : graph.nodes) {
      if (node.is_document) continue;
      leaves.push_back(&node);
      if (options_.observer != nullptr) options_.observer->expected(node.descriptor);
    }
    return run_lanes(options_.lanes, leaves.size(), options_.stop, [&](std::size_t i, std::stop_token stop) {
      return within(blob(leaves[i]->descriptor, trust, stop), leaves[i]->descriptor, "blob");
    });
  }

  /// All documents but the last, which is the root. Children come first in the graph's order.
  Status inner_documents(const Graph& graph) {
    for (const Node& node : graph.nodes) {
      if (node.is_document && &node != &graph.nodes.back()) SLIPWAY_TRY(document(node));
    }
    return {};
  }

  Status document(const Node& node) {
    io::TextSource source(node.bytes);
    started(node.descriptor);
    const Status pushed = to_.push(node.descriptor, source, options_.stop);
    if (pushed) copied(node.descriptor);
    return within(pushed, node.descriptor, "manifest");
  }

  Status root(const Node& node, const std::string& tag) {
    started(node.descriptor);
    const Status pushed = to_.push_tagged(node.descriptor, node.bytes, tag);
    if (pushed) copied(node.descriptor);
    return within(pushed, node.descriptor, "manifest");
  }

 private:
  Status blob(const oci::Descriptor& descriptor, Trust trust, std::stop_token stop) {
    if (trust == Trust::destination) {
      SLIPWAY_ASSIGN(const bool spared, mount_or_skip(descriptor, stop));
      if (spared) return {};
    }
    RefetchingSource source(sources_, descriptor, options_.observer);
    if (Status opened = source.open(); !opened) {
      // A foreign layer may be absent from its source: its urls are where it lives.
      const bool foreign = opened.error().code == Errc::not_found && !descriptor.urls.empty();
      return foreign ? Status() : opened;
    }
    started(descriptor);
    const Status pushed = to_.push(descriptor, source, stop);
    if (pushed) copied(descriptor);
    if (!pushed && source.failure()) return fail(*source.failure());
    return pushed;
  }

  /// True when the blob need not be sent.
  Result<bool> mount_or_skip(const oci::Descriptor& descriptor, std::stop_token stop) {
    if (trials_.have_proved(descriptor, std::move(stop))) {
      if (options_.observer != nullptr) options_.observer->skipped(descriptor);
      return true;
    }
    SLIPWAY_ASSIGN(const bool mounted, mount(descriptor));
    if (mounted) return true;
    if (!worth_asking(descriptor)) return false;
    SLIPWAY_ASSIGN(const bool there, to_.exists(descriptor));
    if (there) shares_blobs_ = true;
    if (there) trials_.try_manifests_with(*graph_, descriptor);
    if (there && options_.observer != nullptr) options_.observer->skipped(descriptor);
    return there;
  }

  /// Returns true if asking for a blob is likely cheaper than sending it: always where questions are free, and
  /// for large blobs and images that share blobs with what is there.
  bool worth_asking(const oci::Descriptor& descriptor) const {
    constexpr std::int64_t kSmall = 4 << 20;
    return !to_.traits().asks_cost_a_request || descriptor.size > kSmall || shares_blobs_;
  }

  /// True when the blob is at the destination now, without its bytes having moved.
  Result<bool> mount(const oci::Descriptor& descriptor) {
    auto* mounter = store::as<store::Mounter>(to_);
    if (mounter == nullptr) return false;
    for (store::ReadTarget* source : sources_) {
      const auto* origin = store::as<store::Mounter>(*source);
      if (origin == nullptr || origin->registry() != mounter->registry()) continue;
      if (origin->repository() == mounter->repository()) continue;
      auto mounted = mounter->mount(descriptor, origin->repository());
      if (!mounted) return mounted;
      if (*mounted) {
        if (options_.observer != nullptr) options_.observer->mounted(descriptor);
        return true;
      }
    }
    return false;
  }

  Status within(Status status, const oci::Descriptor& descriptor, std::string_view kind) const {
    if (status) return status;
    Error error = std::move(status).error();
    if (error.code == Errc::cancelled) return fail(std::move(error));
    return fail(std::move(error)
                    .on(Side::destination)
                    .in(fmt::format("copying {} {} to {}", kind, descriptor.digest.str(), to_.name())));
  }

  void started(const oci::Descriptor& descriptor) const {
    if (options_.observer != nullptr) options_.observer->started(descriptor);
  }
  void copied(const oci::Descriptor& descriptor) const {
    if (options_.observer != nullptr) options_.observer->copied(descriptor);
  }

  const std::vector<store::ReadTarget*>& sources_;
  store::Target& to_;
  const CopyOptions& options_;
  std::atomic<bool> shares_blobs_{false};
  const Graph* graph_ = nullptr;
  ManifestTrials trials_;
};

/// Brings everything but the root's own document to the destination; the root's node, or
/// nothing when the root was there already.
Result<std::optional<Node>> carry(const std::vector<store::ReadTarget*>& sources, const oci::Descriptor& root,
                                  store::Target& to, Trust trust, const CopyOptions& options) {
  // Content that was found in the destination is there.
  const bool is_there = trust == Trust::destination && sources.size() == 1 && are_one_place(*sources.front(), to);
  if (is_there) return std::optional<Node>();
  Carrier carrier(sources, to, options);
  SLIPWAY_ASSIGN(Graph graph, read_graph(sources, root, to, trust == Trust::nothing, options));
  if (graph.nodes.empty()) return std::optional<Node>();
  SLIPWAY_TRY(carrier.blobs(graph, trust));
  if (!graph.nodes.back().is_document) return std::optional<Node>();
  SLIPWAY_TRY(carrier.inner_documents(graph));
  return std::optional<Node>(std::move(graph.nodes.back()));
}

/// Copies the graph and finishes with `place_root`. A document that the destination refuses
/// because a child is missing there after all (a lost or lying child) is carried once more, whole.
Status carry_and(const std::vector<store::ReadTarget*>& sources, const oci::Descriptor& root, store::Target& to,
                 const CopyOptions& options, const std::function<Status(const std::optional<Node>&)>& place_root) {
  const auto attempt = [&](Trust trust) -> Status {
    SLIPWAY_ASSIGN(const auto node, carry(sources, root, to, trust, options));
    return place_root(node);
  };
  Status first = attempt(Trust::destination);
  const bool lost_child = !first && first.error().code == Errc::not_found && first.error().side == Side::destination;
  return lost_child ? attempt(Trust::nothing) : first;
}

}  // namespace

Status copy_graph(const std::vector<store::ReadTarget*>& sources, const oci::Descriptor& root, store::Target& to,
                  const CopyOptions& options) {
  Carrier carrier(sources, to, options);
  return carry_and(sources, root, to, options, [&](const std::optional<Node>& node) -> Status {
    if (node) SLIPWAY_TRY(carrier.document(*node));
    if (!oci::is_graph_node(root.media_type)) return {};
    Status kept = to.keep_untagged(root);
    if (!kept) return fail(std::move(kept).error().on(Side::destination).in("listing " + root.digest.str()));
    return kept;
  });
}

Status copy_tagged(const std::vector<store::ReadTarget*>& sources, const oci::Descriptor& root, store::Target& to,
                   const std::vector<std::string>& tags, const CopyOptions& options) {
  if (tags.empty()) return copy_graph(sources, root, to, options);
  Carrier carrier(sources, to, options);
  return carry_and(sources, root, to, options, [&](const std::optional<Node>& node) -> Status {
    std::size_t first = 0;
    std::optional<Node> root_node = node;
    // A registry's tag is a PUT of the document: its source has it at hand, the destination would have to be asked.
    if (!node && oci::is_graph_node(root.media_type) && to.traits().asks_cost_a_request) {
      auto bytes = fetch_bytes(sources, root);
      if (bytes) root_node = Node{.descriptor = root, .bytes = *std::move(bytes), .is_document = true};
    }
    if (root_node) {
      SLIPWAY_TRY(carrier.root(*root_node, tags.front()));
      first = 1;
    }
    for (std::size_t i = first; i < tags.size(); ++i) {
      Status tagged = to.tag(root, tags[i]);
      if (!tagged) return fail(std::move(tagged).error().on(Side::destination).in("tagging " + tags[i]));
    }
    return {};
  });
}

Result<oci::Document> fetch_document(store::ReadTarget& from, const oci::Descriptor& descriptor) {
  SLIPWAY_ASSIGN(std::string bytes, fetch_bytes({&from}, descriptor));
  return oci::parse_document(std::move(bytes), descriptor.media_type);
}

}  // namespace slipway::copy
