#pragma once

#include "run/image_collector.h"

namespace slipway::run {

/// A format written in YAML that is no Kubernetes object.
struct YamlFormat {
  std::string_view name;
  /// True when this document is of the format, by the file's name or by what it holds.
  bool (*is)(const config::Node& document, std::string_view file);
  void (*collect)(const config::Node& document, ImageCollector& images);
};

/// All of them, in the order in which they are asked.
const std::vector<YamlFormat>& yaml_formats();

}  // namespace slipway::run
