#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "slipway/layer/paged_map.h"

namespace slipway::builder {

/// A regular file of an image, with digests of its bytes in lower-case hex.
struct SbomFile {
  std::string path;  ///< absolute
  std::string sha1, sha256;
  std::string build_id;      ///< of programs and libraries; lower-case hex
  std::string package_note;  ///< of programs and libraries: the JSON of their .note.package (systemd's format)
};

/// The regular files of an image by path, and which package installed them. Long lists are in temporary files; errors
/// are the disk's. One thread at a time.
class SbomFiles {
 public:
  explicit SbomFiles(layer::SpillPlace spill) : files_(spill), owned_(std::move(spill)) {}

  /// Adds a file, or replaces the one of its path.
  Status put(const SbomFile& file);
  /// Numbers the files by path, from 0. Call once, after the last put() and before what follows.
  Status number();
  /// Notes that a package, by its number, installed a file; false for an unknown file.
  Result<bool> own(std::size_t package, const std::string& path);

  std::size_t size() const { return static_cast<std::size_t>(files_.size()); }
  /// Visits files in the order of their numbers: all, those of a package, those of no package. The visitor must not use
  /// this object.
  using Visitor = std::function<Status(std::size_t number, const SbomFile& file)>;
  Status visit(const Visitor& visitor);
  Status visit_package(std::size_t package, const Visitor& visitor);
  Status visit_unowned(const Visitor& visitor);

 private:
  layer::PagedMap files_;  ///< path -> number and facts
  layer::PagedMap owned_;  ///< package and number -> path
  std::vector<bool> has_owner_;
};

}  // namespace slipway::builder
