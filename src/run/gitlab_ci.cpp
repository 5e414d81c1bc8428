#include <set>

#include "run/yaml_formats.h"
#include "slipway/base/text.h"

namespace slipway::run {

namespace {

using config::Node;

/// Collects the images of one file of GitLab CI.
class GitlabCi {
 public:
  GitlabCi(const Node& root, ImageCollector& images) : root_(root), images_(images) {}

  void collect() {
    job(root_, "");
    for (const Node::Member& member : root_.members) {
      if (member.key != "image" && member.key != "services" && member.key != "variables" && member.key != "include")
        job(member.value, printable(member.key, 100) + ".");
    }
    if (const Node* inputs = follow(root_, "spec.inputs")) {
      for (const Node::Member& input : inputs->members) {
        if (const Node* value = input.value.find("default")) input_of(input.key, *value, "spec.inputs");
      }
    }
    if (const Node* include = root_.find("include")) includes(*include);
  }

 private:
  void job(const Node& job, const std::string& role) {
    if (!job.is_mapping()) return;
    if (const Node* image = job.find("image")) place(job, *image, role + "image");
    const Node* services = job.find("services");
    if (services == nullptr || !services->tag.empty()) return;
    for (std::size_t i = 0; i < services->items.size(); ++i)
      place(job, services->items[i], fmt::format("{}services[{}]", role, i));
  }

  /// An input of a component or template that is called after an image and has one with a tag.
  void input_of(const std::string& name, const Node& value, const std::string& role) {
    if (to_lower(name).ends_with("image") && looks_like_reference(value))
      images_.image(value, fmt::format("{}.{}", role, printable(name, 100)));
  }

  void includes(const Node& include) {
    for (std::size_t i = 0; i < include.items.size(); ++i) {
      const Node* inputs = include.items[i].find("inputs");
      for (std::size_t at = 0; inputs != nullptr && at < inputs->members.size(); ++at)
        input_of(inputs->members[at].key, inputs->members[at].value, fmt::format("include[{}].inputs", i));
    }
  }

  void place(const Node& job, const Node& value, const std::string& role) {
    const Node* name = value.is_mapping() ? value.find("name") : &value;
    const std::string_view variable = name == nullptr ? std::string_view() : variable_name(name->scalar);
    const bool is_known = !variable.empty() && (matrix_of(job, variable, role) || variable_of(job, variable, role) ||
                                                variable_of(root_, variable, role));
    if (is_known) return;
    if (value.is_mapping()) return images_.holder(value, "name", role);
    images_.image(value, role);
  }

  /// Collects the values of a variable of parallel.matrix; false if no entry has it.
  bool matrix_of(const Node& job, std::string_view name, const std::string& role) {
    const Node* matrix = follow(job, "parallel.matrix");
    bool is_found = false;
    for (std::size_t i = 0; matrix != nullptr && i < matrix->items.size(); ++i) {
      const Node* values = matrix->items[i].find(name);
      if (values == nullptr) continue;
      is_found = true;
      const std::string at = fmt::format("{} (parallel.matrix[{}].{})", role, i, name);
      if (!values->is_sequence()) images_.image(*values, at);
      for (const Node& value : values->items)
        images_.image(value, at);
    }
    return is_found;
  }

  /// Collects the value of a variable that is the whole image; false if it is not defined there.
  bool variable_of(const Node& holder, std::string_view name, const std::string& role) {
    const Node* variables = holder.find("variables");
    const Node* value = variables == nullptr ? nullptr : variables->find(name);
    if (value != nullptr && value->is_mapping()) value = value->find("value");
    if (value == nullptr || !value->is_scalar() || value->scalar.find('$') != std::string::npos) return false;
    if (seen_.insert(value).second) images_.image(*value, fmt::format("{} (variable {})", role, name));
    return true;
  }

  const Node& root_;
  ImageCollector& images_;
  std::set<const Node*> seen_;
};

}  // namespace

bool is_gitlab_ci(const YamlDocument& document) {
  const std::string_view name = name_of_file(document.file);
  return document.root.is_mapping() && (name.ends_with(".gitlab-ci.yml") || name.ends_with(".gitlab-ci.yaml") ||
                                        document.file.find(".gitlab/ci/") != std::string::npos);
}

void collect_gitlab_ci(const YamlDocument& document, ImageCollector& images) {
  GitlabCi(document.root, images).collect();
}

}  // namespace slipway::run
