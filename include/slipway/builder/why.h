#pragma once

#include <string>
#include <vector>

#include "slipway/image/file_list.h"

namespace slipway::builder {

/// A file of an image asks for another: the file of the next step, or the one in question.
struct NeedStep {
  std::string path;      ///< absolute
  std::string name;      ///< as it asks: a SONAME, or the loader's path
  bool loader = false;   ///< it is its loader that it asks for
  bool dlopens = false;  ///< its notes say that it loads it at run time
  bool operator==(const NeedStep&) const = default;
};

/// Why a path is in an image, as far as the image itself tells.
struct FileOrigin {
  image::ImageFile file;                ///< what the path leads to
  std::vector<std::string> names;       ///< other paths of it: links of both kinds; absolute, sorted
  std::vector<std::string> created_by;  ///< the history's words for its layer; none where history does not tell
  bool started = false;                 ///< entrypoint or cmd start it
  std::vector<NeedStep> chain;          ///< from a program to the file; empty where no ELF file asks for it
};

/// Finds what a path leads to, and who needs it: the shortest chain from a program of the image, else from a library
/// that nobody needs (a plugin, a module of an interpreter). Reads every layer once. Errc::not_found when it is not
/// there.
Result<FileOrigin> explain_file(store::ReadTarget& from, const image::Image& image, const image::FileList& list,
                                const std::string& path, std::stop_token stop = {});

}  // namespace slipway::builder
