#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "run/image_collector.h"

namespace slipway::run {

/// A document with what a format needs to read it.
struct YamlDocument {
  const config::Node& root;
  const std::string& file;
  const PinOptions& options;
};

/// A format written in YAML or JSON.
struct YamlFormat {
  std::string_view name;
  /// Returns true if a document has the format, by the file's name or by its content.
  bool (*is)(const YamlDocument& document);
  void (*collect)(const YamlDocument& document, ImageCollector& images);
  bool of_objects = false;  ///< its documents have apiVersion and kind, but are not for a cluster
};

/// Returns all formats in the order in which they are asked; "kubernetes" is asked between those of objects and the
/// others.
const std::vector<YamlFormat>& yaml_formats();

/// Returns the last component of a path.
std::string_view name_of_file(std::string_view file);
/// Returns true for a YAML file whose name begins with `stem`.
bool is_yaml_named(std::string_view file, std::string_view stem);
/// Returns the text of a value that is one variable, $NAME or ${NAME}: its name; empty otherwise.
std::string_view variable_name(std::string_view text);

/// Adds one entry of kustomize's `images`.
void collect_kustomize_image(const config::Node& item, const std::string& role, ImageCollector& images);

bool is_compose(const YamlDocument& document);
void collect_compose(const YamlDocument& document, ImageCollector& images);
bool is_github_workflow(const YamlDocument& document);
void collect_github_workflow(const YamlDocument& document, ImageCollector& images);
bool is_gitlab_ci(const YamlDocument& document);
void collect_gitlab_ci(const YamlDocument& document, ImageCollector& images);
bool is_circleci(const YamlDocument& document);
void collect_circleci(const YamlDocument& document, ImageCollector& images);
bool is_bitbucket(const YamlDocument& document);
void collect_bitbucket(const YamlDocument& document, ImageCollector& images);
bool is_woodpecker(const YamlDocument& document);
void collect_woodpecker(const YamlDocument& document, ImageCollector& images);
bool is_azure_pipelines(const YamlDocument& document);
void collect_azure_pipelines(const YamlDocument& document, ImageCollector& images);
bool is_cloudbuild(const YamlDocument& document);
void collect_cloudbuild(const YamlDocument& document, ImageCollector& images);

}  // namespace slipway::run
