#include <utility>

#include "run/kubernetes_objects.h"
#include "run/yaml_formats.h"
#include "slipway/base/text.h"
#include "slipway/run/reference_finder.h"

namespace slipway::run {

namespace {

constexpr config::YamlLimits kForeign{.allow_aliases = true};

/// The name of a YAML file.
bool is_named_yaml(std::string_view file) { return file.ends_with(".yaml") || file.ends_with(".yml"); }

/// A line that starts an object's type: a cheap sign that a broken text was meant for a cluster.
bool mentions_kind(std::string_view text) {
  for (std::string_view word : {"apiVersion:", "kind:"}) {
    for (std::size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
      if (at == 0 || text[at - 1] == '\n' || text[at - 1] == '\r') return true;
    }
  }
  return false;
}

/// What one document holds, and the name of its format; nothing when no format has such documents.
std::optional<std::string_view> collect(const config::Node& document, const std::string& file,
                                        const PinOptions& options, ImageCollector& images) {
  for (const YamlFormat& format : yaml_formats()) {
    const bool is_object = is_kubernetes_object(document) && format.name != "kustomize";
    if (is_object || !format.is(document, file)) continue;
    format.collect(document, images);
    return format.name;
  }
  if (!is_kubernetes_object(document)) return std::nullopt;
  collect_references(document, options, images);
  return "kubernetes";
}

class YamlFinder final : public ReferenceFinder {
 public:
  Result<std::optional<Findings>> find(std::string_view text, const std::string& file,
                                       const PinOptions& options) const override {
    auto documents = config::parse_yaml(text, file, kForeign);
    if (!documents) {
      if (!mentions_kind(text) && !is_named_yaml(file)) return std::nullopt;
      return fail(std::move(documents).error());
    }
    Findings findings;
    for (const config::Node& document : *documents) {
      if (document.is_null()) continue;
      ImageCollector images(findings);
      if (const auto format = collect(document, file, options, images)) {
        if (findings.format.empty()) findings.format = *format;
        images.settle(document);
      } else {
        findings.notes.push_back({document.where, "no Kubernetes object (apiVersion and kind): left alone"});
      }
    }
    if (findings.format.empty()) return std::nullopt;
    return findings;
  }

  Result<std::string> apply(std::string_view text, const std::string& file, FileEdits edits) const override {
    return config::splice_yaml(text, file, std::move(edits.edits), std::move(edits.insertions));
  }
};

}  // namespace

const ReferenceFinder& yaml_finder() {
  static const YamlFinder finder;
  return finder;
}

const std::vector<const ReferenceFinder*>& all_finders() {
  static const std::vector<const ReferenceFinder*> finders{&dockerfile_finder(), &unit_finder(), &yaml_finder()};
  return finders;
}

}  // namespace slipway::run
