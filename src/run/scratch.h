#pragma once

#include <utility>

#include "slipway/base/tree_folder.h"

namespace slipway::run {

/// A private folder (mode 0700) that is removed with everything in it, also folders closed to their owner.
class Scratch {
 public:
  /// Creates it below TMPDIR. `fs` outlives it.
  static Result<Scratch> make(FileSystem& fs) {
    std::error_code unknown;
    const stdfs::path base = stdfs::temp_directory_path(unknown);
    Scratch scratch(fs, temporary_name(unknown ? stdfs::path("/tmp") : base));
    SLIPWAY_TRY(fs.make_directories(scratch.path_, 0700));
    return scratch;
  }
  Scratch(Scratch&& other) noexcept : fs_(other.fs_), path_(std::exchange(other.path_, {})) {}
  ~Scratch() {
    // Nobody is left to tell; a later run removes what this one could not.
    if (!path_.empty()) (void)remove_tree(fs_, path_).has_value();
  }
  const stdfs::path& path() const { return path_; }

 private:
  Scratch(FileSystem& fs, stdfs::path path) : fs_(fs), path_(std::move(path)) {}

  FileSystem& fs_;
  stdfs::path path_;
};

}  // namespace slipway::run
