#pragma once

#include <utility>

#include "slipway/base/fs.h"

namespace slipway::run {

/// A private folder that goes away with all that is in it.
class Scratch {
 public:
  static Result<Scratch> make() {
    std::error_code unknown;
    const stdfs::path base = stdfs::temp_directory_path(unknown);
    Scratch scratch(temporary_name(unknown ? stdfs::path("/tmp") : base));
    SLIPWAY_TRY(real_fs().make_directories(scratch.path_, 0700));
    return scratch;
  }
  Scratch(Scratch&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  ~Scratch() {
    std::error_code ignored;
    if (path_.empty()) return;
    // An image may have folders that are closed to their owner, who is whoever unpacked it without root.
    for (stdfs::recursive_directory_iterator at(path_, ignored), end; at != end; at.increment(ignored)) {
      if (at->symlink_status(ignored).type() == stdfs::file_type::directory)
        stdfs::permissions(at->path(), stdfs::perms::owner_all, stdfs::perm_options::add, ignored);
    }
    stdfs::remove_all(path_, ignored);
  }
  const stdfs::path& path() const { return path_; }

 private:
  explicit Scratch(stdfs::path path) : path_(std::move(path)) {}
  stdfs::path path_;
};

}  // namespace slipway::run
