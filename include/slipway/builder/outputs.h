#pragma once

#include <string>
#include <vector>

#include "slipway/base/fs.h"

namespace slipway::builder {

/// A file, folder or symlink that a build produced, and its place in an image.
struct OutputRule {
  std::string from;  ///< relative to the project; for a symlink its text
  std::string to;    ///< absolute
  bool folder = false;
  bool link = false;
  bool follow = false;  ///< symlinks that lead out of the folder become what they lead to
};

/// The outputs of one build system, or a service in a language that is not compiled.
struct Outputs {
  std::string kind;                         ///< for people, e.g. "CMake's build/install_manifest.txt"
  std::vector<OutputRule> rules = {};       ///< sorted by `to`
  std::vector<std::string> closures = {};   ///< programs and libraries, or folders of them, as in `from`
  std::vector<std::string> programs = {};   ///< possible entrypoints as paths in the image, the likeliest first
  std::vector<std::string> arguments = {};  ///< arguments of the first program, or of the interpreter of `base`
  std::vector<std::string> exclude = {};    ///< patterns to exclude from folders, in addition to developers' files
  std::vector<std::string> left_out = {};   ///< for people: outputs that are not packed, with the reason
  std::string base = {};                    ///< an image that has the interpreter; empty: scratch
  std::string workdir = {};                 ///< the program's working directory; empty: the base's
};

/// The project whose outputs are looked for.
struct OutputSearch {
  stdfs::path folder;     ///< the project's, absolute
  std::string component;  ///< one install component of CMake; empty: all of them
  std::string app = {};   ///< the app's name: a program of that name is the likeliest entrypoint
};

/// Returns everything that looks like finished outputs below a project's folder, the most certain first: CMake's
/// install_manifest.txt (also below a DESTDIR), Meson's introspection, install prefixes (bin/ and sbin/ with programs),
/// output folders of Cargo and Bazel, services in Node and Python by their manifests, and programs in build trees or
/// beside the sources, where make and Go put them. Files outside of the project are never named, and no program is run.
/// Errc::malformed for a damaged manifest.
Result<std::vector<Outputs>> find_outputs(FileSystem& fs, const OutputSearch& search);

/// Returns a commented slipway.yaml that packs the first of `found`, which is not empty, and starts its first program.
/// `app` is a valid name.
std::string recipe_text(const std::string& app, const std::vector<Outputs>& found);

/// Returns a valid app name made of any text, such as a folder's name, without a version at its end; "app" when nothing
/// is left.
std::string app_name_of(const std::string& text);

}  // namespace slipway::builder
