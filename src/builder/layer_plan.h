#pragma once

#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "builder/debug_split.h"
#include "builder/layer_stack.h"
#include "slipway/builder/build.h"
#include "slipway/builder/recipe.h"
#include "slipway/elf/root.h"
#include "slipway/image/file_list.h"
#include "slipway/layer/archive_files.h"
#include "slipway/layer/file_tree.h"
#include "slipway/layer/layer_writer.h"

namespace slipway::builder {

class BuildCache;

/// One layer of one platform, listed and checked, ready to be written.
struct PlannedLayer {
  std::string name;
  layer::FileTree tree;
  /// Equal ones mean equal bytes, whatever the layer was listed from and over: it is made once for all platforms.
  std::optional<layer::Fingerprint> inputs = std::nullopt;
  /// The file system that the tree is read through, where it has an archive's files.
  std::unique_ptr<layer::ArchiveFiles> archives = nullptr;
  std::vector<ClosureReason> reasons = {};  ///< without platform
  std::set<std::string> supplied = {};      ///< paths in the image of what the system gave
};

/// Returns the file system that a planned layer's files are read through.
FileSystem& files_of(const PlannedLayer& layer, FileSystem& fs);

/// Reports files that a recipe names and that are not there: what can be told before a base is asked for.
Status check_sources(const Recipe& recipe, const oci::Platform& platform, FileSystem& fs, Diagnostics& diagnostics);

/// The surroundings in which layers are planned; all of it is the caller's.
struct PlanContext {
  LayerStack* files = nullptr;        ///< the base's files; gets those of every layer. Nothing: scratch
  std::vector<std::string> env = {};  ///< of the image: its loader reads LD_LIBRARY_PATH, env(1) PATH
  std::string workdir = "/";          ///< of the image
  elf::Root* base_root = nullptr;     ///< its programs and libraries, for closures
  DebugSplitter* debug = nullptr;     ///< takes debug information out of programs; nothing: it stays
  std::stop_token stop = {};
  BuildCache* cache = nullptr;  ///< knows which files have no access control lists
};

/// Lists the files of every layer for one platform, each over what lies below it: the base's files and the layers
/// before. Mistakes (paths that are not there, what this version cannot honour) go to `diagnostics` with their places;
/// a Status is the disk's failure.
Result<std::vector<PlannedLayer>> plan_layers(const Recipe& recipe, const oci::Platform& platform, std::int64_t epoch,
                                              FileSystem& fs, Diagnostics& diagnostics,
                                              const PlanContext& context = {});

/// Returns the platform of the first ELF file that goes into the image, in the order of the recipe; programs and
/// libraries are looked at first, then a few other files, so that a tree of data is not opened twice.
std::optional<oci::Platform> first_elf_platform(const std::vector<PlannedLayer>& layers, FileSystem& fs);

/// True when a path of the recipe depends on the platform.
bool depends_on_platform(const Recipe& recipe);

}  // namespace slipway::builder
