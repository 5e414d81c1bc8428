#pragma once

#include <algorithm>
#include <vector>

#include "support/fake_clock.h"
#include "support/target_conformance.h"

namespace slipway::test {

/// An image of random shape: layers shared between manifests, manifests between indexes, indexes in
/// indexes, the same child listed twice. `nodes` stands children first and ends with the root.
struct RandomGraph {
  std::vector<Blob> nodes;
  const Blob& root() const { return nodes.back(); }
};

inline RandomGraph random_graph(std::uint64_t seed) {
  SeededRng rng(seed);
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(rng.next() % n); };
  const auto pick_some = [&](const std::vector<Blob>& from, std::size_t most) {
    std::vector<Blob> picked;
    for (std::size_t i = 1 + below(most); i > 0; --i)
      picked.push_back(from[below(from.size())]);
    return picked;
  };
  RandomGraph graph;
  const auto keep = [&](const Blob& blob) {
    const auto same = [&](const Blob& b) { return b.descriptor.digest == blob.descriptor.digest; };
    if (std::none_of(graph.nodes.begin(), graph.nodes.end(), same)) graph.nodes.push_back(blob);
  };
  const auto keep_reached = [&](const std::vector<Blob>& all) {
    for (const Blob& blob : all)
      keep(blob);
  };

  std::vector<Blob> layers;
  for (std::size_t i = 1 + below(8); i > 0; --i)
    layers.push_back(make_blob(rng.name(below(400))));
  std::vector<Blob> documents;
  std::vector<std::vector<Blob>> below_document;
  for (std::size_t i = 1 + below(5); i > 0; --i) {
    std::vector<Blob> picked = pick_some(layers, 6);
    documents.push_back(make_manifest(picked));
    picked.push_back(make_blob("{}", "application/vnd.oci.empty.v1+json"));
    below_document.push_back(std::move(picked));
  }
  for (std::size_t i = below(5); i > 0; --i) {
    std::vector<Blob> children;
    std::vector<Blob> reached;
    for (std::size_t n = 1 + below(4); n > 0; --n) {
      const std::size_t child = below(documents.size());
      reached.insert(reached.end(), below_document[child].begin(), below_document[child].end());
      reached.push_back(documents[child]);
      children.push_back(documents[child]);
    }
    documents.push_back(make_index(children));
    below_document.push_back(std::move(reached));
  }
  keep_reached(below_document.back());
  keep(documents.back());
  return graph;
}

}  // namespace slipway::test
