#pragma once

#include "run/image_collector.h"

namespace slipway::run {

/// Returns true for a mapping that is in a file of values, by its name, or has an image in parts somewhere.
bool is_helm_values(const config::Node& document, std::string_view file);

/// Collects the images of Helm values, those in a scalar and those in parts. `file` is that of the chart's values, or
/// empty for values that stand in another object; `role` is the place of the values in it.
void collect_helm_values(const config::Node& values, const std::string& file, const std::string& role,
                         const PinOptions& options, ImageCollector& images);

/// Collects the images of Helm values that a list sets one by one: `name` is a path in the values (image.tag), and
/// `value` what stands there.
void collect_helm_parameters(const config::Node& parameters, const std::string& role, const PinOptions& options,
                             ImageCollector& images);

/// The same for a mapping of such paths to values.
void collect_helm_set(const config::Node& set, const std::string& role, const PinOptions& options,
                      ImageCollector& images);

}  // namespace slipway::run
