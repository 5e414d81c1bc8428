#include <algorithm>
#include <array>
#include <set>

#include "run/yaml_formats.h"
#include "slipway/base/text.h"

namespace slipway::run {

namespace {

using config::Node;

constexpr std::string_view kActionScheme = "docker://";

/// Returns the expression that is all of a value: "matrix.image" for "${{ matrix.image }}"; empty otherwise.
std::string whole_expression(const Node& value) {
  if (!value.is_scalar() || !value.scalar.starts_with("${{") || !value.scalar.ends_with("}}")) return {};
  const std::string inner(trim(std::string_view(value.scalar).substr(3, value.scalar.size() - 5)));
  const bool plain = inner.find_first_of(" |&()'\"{}") == std::string::npos;
  return plain ? inner : std::string();
}

/// Collects the images of one workflow or action.
class Workflow {
 public:
  Workflow(const Node& root, ImageCollector& images) : root_(root), images_(images) {}

  void collect() {
    if (const Node* runs = root_.find("runs")) {
      const Node* image = runs->find("image");
      if (image != nullptr && image->is_scalar() && image->scalar.starts_with(kActionScheme))
        images_.image(*image, "runs.image", kActionScheme);
      steps(*runs, "runs");
    }
    const Node* jobs = root_.find("jobs");
    if (jobs == nullptr) return;
    for (const Node::Member& member : jobs->members)
      job(member.value, fmt::format("jobs.{}", printable(member.key, 100)));
  }

 private:
  void job(const Node& job, const std::string& role) {
    if (const Node* container = job.find("container")) {
      const Node* image = container->is_mapping() ? container->find("image") : container;
      place(job, *container, image, role + ".container", role);
    }
    if (const Node* services = job.find("services")) {
      for (const Node::Member& service : services->members) {
        const std::string at = fmt::format("{}.services.{}", role, printable(service.key, 100));
        place(job, service.value, service.value.find("image"), at, role);
      }
    }
    steps(job, role);
    if (job.find("uses") != nullptr && job.find("with") != nullptr) inputs_of(*job.find("with"), role + ".with");
  }

  /// An image at its place, or the values of the expression that stands there.
  void place(const Node& job, const Node& holder, const Node* image, const std::string& role,
             const std::string& job_role) {
    const std::string expression = image == nullptr ? std::string() : whole_expression(*image);
    if (expression.starts_with("matrix.") && matrix(job, expression.substr(7), job_role)) return;
    if (expression.starts_with("inputs.") && input(expression.substr(7))) return;
    if (holder.is_scalar() || (holder.is_alias() && image == &holder)) return images_.image(holder, role);
    images_.holder(holder, "image", role);
  }

  /// Collects strategy.matrix.NAME and the same of its `include`; false if the matrix does not have it.
  bool matrix(const Node& job, const std::string& path, const std::string& role) {
    const Node* matrix = follow(job, "strategy.matrix");
    if (matrix == nullptr) return false;
    const std::size_t dot = path.find('.');
    const std::string name = path.substr(0, dot);
    const std::string rest = dot == std::string::npos ? std::string() : path.substr(dot + 1);
    bool found = false;
    const auto value = [&](const Node& item, const std::string& at) {
      const Node* image = rest.empty() ? &item : follow(item, rest);
      if (image == nullptr) return;
      found = true;
      if (seen_.insert(image).second) images_.image(*image, rest.empty() ? at : at + "." + rest);
    };
    const std::string place = role + ".strategy.matrix";
    if (const Node* list = matrix->find(name)) {
      for (std::size_t i = 0; i < list->items.size(); ++i)
        value(list->items[i], fmt::format("{}.{}[{}]", place, printable(name, 100), i));
    }
    if (const Node* include = matrix->find("include")) {
      for (std::size_t i = 0; i < include->items.size(); ++i) {
        if (const Node* item = include->items[i].find(name))
          value(*item, fmt::format("{}.include[{}].{}", place, i, printable(name, 100)));
      }
    }
    return found;
  }

  /// Collects the default of a workflow's input.
  bool input(const std::string& name) {
    bool found = false;
    for (const char* event : {"workflow_call", "workflow_dispatch"}) {
      const Node* value = follow(root_, fmt::format("on.{}.inputs.{}.default", event, name));
      if (value == nullptr) continue;
      found = true;
      if (seen_.insert(value).second)
        images_.image(*value, fmt::format("on.{}.inputs.{}.default", event, printable(name, 100)));
    }
    return found;
  }

  /// Collects inputs of a reusable workflow that are called after an image and have one with a tag.
  void inputs_of(const Node& with, const std::string& role) {
    for (const Node::Member& member : with.members) {
      const bool has_tag = member.value.is_scalar() && member.value.scalar.find_first_of(":@") != std::string::npos;
      if (has_tag && to_lower(member.key).ends_with("image"))
        images_.image(member.value, fmt::format("{}.{}", role, printable(member.key, 100)));
    }
  }

  void steps(const Node& job, const std::string& role) {
    const Node* steps = job.find("steps");
    if (steps == nullptr) return;
    for (std::size_t i = 0; i < steps->items.size(); ++i) {
      const Node* uses = steps->items[i].find("uses");
      if (uses != nullptr && uses->is_scalar() && uses->scalar.starts_with(kActionScheme))
        images_.image(*uses, fmt::format("{}: steps[{}].uses", role, i), kActionScheme);
      if (const Node* with = steps->items[i].find("with"))
        note_inputs(*with, fmt::format("{}: steps[{}].with", role, i));
    }
  }

  /// An action may run the image of an input, or make it. Only the former could be pinned.
  void note_inputs(const Node& with, const std::string& role) {
    constexpr std::string_view kDriverImage = "image=";
    for (const Node::Member& member : with.members) {
      const std::string& text = member.value.scalar;
      const bool is_image = to_lower(member.key).ends_with("image") && looks_like_reference(member.value);
      const bool is_driver = member.key == "driver-opts" && text.find(kDriverImage) != std::string::npos;
      if ((is_image || is_driver) && text.find('@') == std::string::npos)
        images_.note(member.value, fmt::format("{}.{}", role, printable(member.key, 100)),
                     "an input of an action that may name an image, left alone");
    }
  }

  const Node& root_;
  ImageCollector& images_;
  std::set<const Node*> seen_;
};

}  // namespace

bool is_github_workflow(const YamlDocument& document) {
  const Node* runs = document.root.find("runs");
  if (runs != nullptr && runs->find("using") != nullptr) return true;
  constexpr std::array<std::string_view, 3> kFolders{".github/workflows/", ".gitea/workflows/", ".forgejo/workflows/"};
  const bool in_folder = std::any_of(kFolders.begin(), kFolders.end(), [&](std::string_view folder) {
    return document.file.find(folder) != std::string::npos;
  });
  return document.root.find("jobs") != nullptr && (document.root.find("on") != nullptr || in_folder);
}

void collect_github_workflow(const YamlDocument& document, ImageCollector& images) {
  Workflow(document.root, images).collect();
}

}  // namespace slipway::run
