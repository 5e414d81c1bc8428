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

/// The problems of closures, each with its place, and the files that they added.
struct ClosureReport {
  std::vector<Error> problems, warnings;
  std::vector<Reason> reasons;
  std::set<std::string> supplied;  ///< paths in the image of the files and folders that the system gave
};

/// Returns how much is read of the symbols of a recipe's programs.
inline elf::SymbolNames symbols_read_for(const Recipe& recipe) {
  return recipe.check_symbols ? elf::SymbolNames::all : elf::SymbolNames::imports;
}

/// Finds the libraries of programs and puts those into a layer that neither the recipe's other files nor the base nor
/// an earlier closure have.
class ClosurePlanner {
 public:
  /// `base_root`: the base's files; nullptr for scratch. `rules`: of the image's processes. All are kept alive by the
  /// caller.
  ClosurePlanner(const Recipe& recipe, const oci::Platform& platform, std::int64_t epoch, FileSystem& fs,
                 elf::Root* base_root, elf::ProcessRules rules = {});
  ~ClosurePlanner();

  /// `programs`: files, or folders that are searched for programs and libraries.
  Status add(const LayerRule& rule, const std::vector<PlacedSource>& programs,
             const std::optional<stdfs::path>& sysroot, layer::FileTreeBuilder& tree, ClosureReport& report);

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
