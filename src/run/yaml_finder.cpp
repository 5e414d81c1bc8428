#include <utility>

#include "run/kubernetes_objects.h"
#include "run/yaml_formats.h"
#include "slipway/base/text.h"
#include "slipway/run/reference_finder.h"

namespace slipway::run {

namespace {

constexpr config::YamlLimits kForeign{.max_bytes = 16u << 20, .max_nodes = 4'000'000, .allow_aliases = true};

bool is_named_yaml(std::string_view file) { return file.ends_with(".yaml") || file.ends_with(".yml"); }

/// Returns true if a line starts an object's type: a cheap sign that a broken text was meant for a cluster.
bool mentions_kind(std::string_view text) {
  for (std::string_view word : {"apiVersion:", "kind:"}) {
    for (std::size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
      if (at == 0 || text[at - 1] == '\n' || text[at - 1] == '\r') return true;
    }
  }
  return false;
}

/// Collects what one document holds; returns the name of its format, or nullopt if no format has such documents.
std::optional<std::string_view> collect(const YamlDocument& document, std::string_view assigned,
                                        ImageCollector& images) {
  const bool is_object = is_kubernetes_object(document.root);
  for (const YamlFormat& format : yaml_formats()) {
    const bool fits =
        assigned.empty() ? (!is_object || format.of_objects) && format.is(document) : format.name == assigned;
    if (!fits) continue;
    format.collect(document, images);
    return format.name;
  }
  if (!is_object || (!assigned.empty() && assigned != "kubernetes")) return std::nullopt;
  collect_references(document.root, document.options, images);
  return "kubernetes";
}

/// Returns a note about a document that is left alone, with the number of its values that look like images.
PinNote note_of_unknown(const config::Node& root, const ImageCollector& images) {
  const std::size_t count = count_images(root, images);
  if (count == 0) return {root.where, "", "not a Kubernetes object (apiVersion and kind), left alone", 0};
  return {root.where, "",
          fmt::format("{} image reference{} in a document of unknown format, left alone; say which with "
                      "--format NAME=GLOB",
                      count, count == 1 ? "" : "s"),
          count};
}

class YamlFinder final : public ReferenceFinder {
 public:
  Result<std::optional<Findings>> find(std::string_view text, const std::string& file,
                                       const PinOptions& options) const override {
    const std::string_view assigned = assigned_format(options, file);
    auto documents = config::parse_yaml(text, file, kForeign);
    if (!documents) {
      if (!mentions_kind(text) && !is_named_yaml(file) && assigned.empty()) return std::nullopt;
      return fail(std::move(documents).error());
    }
    Findings findings;
    std::size_t unknown_images = 0;
    for (const config::Node& root : *documents) {
      if (root.is_null()) continue;
      ImageCollector images(root, text, findings);
      if (const auto format = collect({root, file, options}, assigned, images)) {
        if (findings.format.empty()) findings.format = *format;
        images.settle();
      } else {
        findings.notes.push_back(note_of_unknown(root, images));
        unknown_images += findings.notes.back().unpinned;
      }
    }
    if (findings.format.empty() && unknown_images == 0) return std::nullopt;
    findings.tree = std::make_shared<const std::vector<config::Node>>(*std::move(documents));
    return findings;
  }

  Result<std::string> apply(std::string_view text, const std::string& file, const PinOptions&, const Findings& findings,
                            FileEdits edits) const override {
    return config::splice_yaml(text, *findings.tree, file, edits.edits, edits.insertions);
  }
};

}  // namespace

const ReferenceFinder& yaml_finder() {
  static const YamlFinder finder;
  return finder;
}

}  // namespace slipway::run
