#include <utility>

#include "run/kubernetes_objects.h"
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

class KubernetesFinder final : public ReferenceFinder {
 public:
  std::string_view format() const override { return "kubernetes"; }

  Result<std::optional<Findings>> find(std::string_view text, const std::string& file) const override {
    auto documents = config::parse_yaml(text, file, kForeign);
    if (!documents) {
      if (!mentions_kind(text) && !is_named_yaml(file)) return std::nullopt;
      return fail(std::move(documents).error());
    }
    Findings findings;
    bool understood = false;
    for (const config::Node& document : *documents) {
      if (is_kubernetes_object(document)) {
        understood = true;
        collect_references(document, findings);
      } else if (!document.is_null()) {
        findings.notes.push_back({document.where, "no Kubernetes object (apiVersion and kind): left alone"});
      }
    }
    if (!understood) return std::nullopt;
    return findings;
  }

  Result<std::string> apply(std::string_view text, const std::string& file,
                            std::vector<config::Edit> edits) const override {
    return config::splice_yaml(text, file, std::move(edits));
  }
};

}  // namespace

const ReferenceFinder& kubernetes_finder() {
  static const KubernetesFinder finder;
  return finder;
}

const std::vector<const ReferenceFinder*>& all_finders() {
  static const std::vector<const ReferenceFinder*> finders{&kubernetes_finder()};
  return finders;
}

}  // namespace slipway::run
