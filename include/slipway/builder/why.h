#pragma once

#include <string>
#include <vector>

#include "slipway/image/file_list.h"

namespace slipway::builder {

/// A file of an image that needs another one: the file of the next step, or, in the last step, the one in question.
struct NeedStep {
  std::string path;      ///< absolute
  std::string name;      ///< the needed file as it names it: a SONAME, or the loader's path
  bool loader = false;   ///< the needed file is its loader
  bool dlopens = false;  ///< it loads the needed file at run time, by its .note.dlopen
  bool operator==(const NeedStep&) const = default;
};

/// The reason why a path is in an image, as far as the image itself shows it.
struct FileOrigin {
  image::ImageFile file;                ///< the file that the path leads to
  std::vector<std::string> names;       ///< its other paths, hard links and symlinks; absolute, sorted
  std::vector<std::string> created_by;  ///< `created_by` of its layer's history; empty if history has no such entry
  bool started = false;                 ///< entrypoint or cmd start it
  std::vector<NeedStep> chain;          ///< from a program to the file; empty if no ELF file needs it
};

/// Finds the file that a path leads to, and the shortest chain of needs from a program of the image to it, else from a
/// library that no other file needs (a plugin, a module of an interpreter). Reads every layer once; `list` is the
/// image's merged list. Errc::not_found when the image does not have the path.
Result<FileOrigin> explain_file(store::ReadTarget& from, const image::Image& image, const image::FileList& list,
                                const std::string& path, std::stop_token stop = {});

}  // namespace slipway::builder
