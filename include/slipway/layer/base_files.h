#pragma once

#include <optional>
#include <string>

#include "slipway/layer/entry.h"

namespace slipway::layer {

/// The merged files of the layers below one that is being built (image::FileList is one). Thread-safe.
class BaseFiles {
 public:
  virtual ~BaseFiles() = default;
  /// Returns what the base has at a path in the form of FileEntry::path ("usr/lib"); nullopt where it has nothing.
  virtual std::optional<FileEntry> find(const std::string& path) const = 0;
};

}  // namespace slipway::layer
