#pragma once

#include <optional>
#include <string>

#include "slipway/layer/entry.h"

namespace slipway::layer {

/// The merged files of the layers below one that is being built.
class BaseFiles {
 public:
  virtual ~BaseFiles() = default;
  /// Returns what the base has at a path as entries hold it ("usr/lib"); nothing where it has nothing.
  virtual std::optional<FileEntry> find(const std::string& path) const = 0;
};

}  // namespace slipway::layer
