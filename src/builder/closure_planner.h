#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "builder/recipe_root.h"
#include "slipway/builder/build.h"
#include "slipway/builder/recipe.h"
#include "slipway/elf/closure.h"
#include "slipway/layer/file_tree_builder.h"

namespace slipway::builder {

/// A program on disk and the line that names it.
struct PlacedSource {
  stdfs::path path;
  Where where;
};

/// One input of a layer that a closure asks for: a file or folder on disk, or an entry that is nowhere on disk.
struct ClosureInput {
  stdfs::path from;
  std::string to;
  layer::TreeOptions options;
  std::optional<layer::FileEntry> made = std::nullopt;  ///< then the rest is empty
};

/// The closure of one layer: its inputs in the order in which they were found, and everything to report. A value.
struct ClosurePlan {
  std::vector<ClosureInput> inputs;
  std::vector<Error> problems, warnings;  ///< each with its place
  std::vector<ClosureReason> reasons;
  std::set<std::string> supplied;  ///< paths in the image of the files and folders that the system gave
};

/// Adds the inputs of a closure to a layer.
Status add_closure(const ClosurePlan& closure, layer::FileTreeBuilder& layer);

/// Returns how much is read of the symbols of a recipe's programs.
inline elf::SymbolNames symbols_read_for(const Recipe& recipe) {
  return recipe.check_symbols ? elf::SymbolNames::all : elf::SymbolNames::imports;
}

/// Finds the libraries of programs that neither the recipe's other files nor the base nor an earlier closure of this
/// planner have. Nothing is written: a plan says what goes into the layer.
class ClosurePlanner {
 public:
  /// `base_root`: the base's files; nullptr for scratch. `rules`: of the image's processes. All are kept alive by the
  /// caller.
  ClosurePlanner(const Recipe& recipe, const oci::Platform& platform, std::int64_t epoch, FileSystem& fs,
                 elf::Root* base_root, elf::ProcessRules rules = {});
  ~ClosurePlanner();

  /// Returns the closure of one layer. `programs`: files, or folders that are searched for programs and libraries.
  Result<ClosurePlan> plan(const LayerRule& rule, const std::vector<PlacedSource>& programs,
                           const std::optional<stdfs::path>& sysroot);

 private:
  class Layer;

  const Recipe& recipe_;
  const oci::Platform& platform_;
  std::int64_t epoch_;
  FileSystem& fs_;
  elf::Root* base_root_;
  elf::ProcessRules rules_;
  elf::DiskRoot disk_;
  std::unique_ptr<RecipeRoot> own_;
  std::map<std::string, stdfs::path> added_;  ///< path in the image -> where it came from
};

}  // namespace slipway::builder
