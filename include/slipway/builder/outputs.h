#pragma once

#include <string>
#include <vector>

#include "slipway/base/fs.h"

namespace slipway::builder {

/// A file or folder that a build made and where it belongs in an image.
struct OutputRule {
  std::string from;  ///< relative to the project where it lies in it, else absolute
  std::string to;    ///< absolute
  bool folder = false;
};

/// What one build system left behind.
struct Outputs {
  std::string kind;                   ///< for people, e.g. "CMake's build/install_manifest.txt"
  std::vector<OutputRule> rules;      ///< by `to`
  std::vector<std::string> closures;  ///< programs and libraries, or folders of them, as in `from`
  std::vector<std::string> programs;  ///< what can be started, as paths in the image; the likeliest first
};

struct OutputSearch {
  stdfs::path folder;     ///< the project's, absolute
  std::string component;  ///< of CMake's; empty: the whole project's
};

/// Everything that looks like finished outputs below a project's folder, the most certain first: CMake's
/// install_manifest.txt, meson's introspection, install prefixes (bin/ with programs), Cargo's and Bazel's output
/// folders, and programs in build trees. Nothing is run. Errc::malformed for a manifest that cannot be read.
Result<std::vector<Outputs>> find_outputs(FileSystem& fs, const OutputSearch& search);

/// A slipway.yaml with comments that packs the first of them and starts its first program. `app`: a valid name.
std::string recipe_text(const std::string& app, const std::vector<Outputs>& found);

/// A name that slipway.yaml takes, made of any text; "app" when nothing is left.
std::string app_name_of(const std::string& text);

}  // namespace slipway::builder
