#pragma once

#include <string>
#include <vector>

#include "slipway/base/fs.h"

namespace slipway::builder {

/// A file, folder or symlink that a build made and its place in an image.
struct OutputRule {
  std::string from;  ///< relative to the project; of a symlink its text
  std::string to;    ///< absolute
  bool folder = false;
  bool link = false;
  bool follow = false;  ///< symlinks that lead out of the folder become what they lead to
};

/// The outputs of one build system, or a service in a language that is not compiled.
struct Outputs {
  std::string kind;                         ///< for people, e.g. "CMake's build/install_manifest.txt"
  std::vector<OutputRule> rules = {};       ///< by `to`
  std::vector<std::string> closures = {};   ///< programs and libraries, or folders of them, as in `from`
  std::vector<std::string> programs = {};   ///< what can be started, as paths in the image; the likeliest first
  std::vector<std::string> arguments = {};  ///< of the first program, or of `base`'s interpreter
  std::vector<std::string> exclude = {};    ///< patterns for folders, beside what is for developers
  std::vector<std::string> left_out = {};   ///< for people: what was found and is not packed, and why
  std::string base = {};                    ///< an image that has the interpreter; empty: scratch
  std::string workdir = {};
};

struct OutputSearch {
  stdfs::path folder;     ///< the project's, absolute
  std::string component;  ///< of CMake's; empty: the whole project's
  std::string app = {};   ///< the app's name: a program of that name is the likeliest to be started
};

/// Everything that looks like finished outputs below a project's folder, the most certain first: CMake's
/// install_manifest.txt (below a DESTDIR too), meson's introspection, install prefixes (bin/ and sbin/ with programs),
/// Cargo's and Bazel's output folders, services of Node and Python by their manifests, and programs in build trees or
/// beside the sources, as make and Go leave them. Only files of the project are named, never one of this machine.
/// Nothing is run. Errc::malformed for a manifest that cannot be read.
Result<std::vector<Outputs>> find_outputs(FileSystem& fs, const OutputSearch& search);

/// A slipway.yaml with comments that packs the first of them and starts its first program. `app`: a valid name.
std::string recipe_text(const std::string& app, const std::vector<Outputs>& found);

/// A name that slipway.yaml takes, made of any text, without a version at its end; "app" when nothing is left.
std::string app_name_of(const std::string& text);

}  // namespace slipway::builder
