#include "builder/loader_cache_plan.h"

#include <algorithm>
#include <set>

namespace slipway::builder {
namespace {

class Planner {
 public:
  Planner(const std::vector<elf::Root*>& image, const elf::Abi& abi) : image_(image), abi_(abi) {}

  Result<CachePlan> plan(const std::vector<elf::CachedLibrary>& loaded) {
    std::vector<std::string> configured, built_in;
    for (elf::Root* root : image_) {
      SLIPWAY_ASSIGN(const elf::LibraryFolders folders, elf::library_folders(*root, abi_));
      add(folders.configured, configured);
      add(folders.built_in, built_in);
    }
    for (const std::string& folder : configured)
      SLIPWAY_TRY(take_folder(folder));
    std::set<std::string> named;
    for (const elf::CachedLibrary& library : loaded) {
      // Libraries below RPATHs are found without the cache: being in it does no harm.
      if (!library.abi.fits(abi_)) continue;
      take(library);
      const std::string folder = elf::parent_of(library.path);
      const bool known = std::find(built_in.begin(), built_in.end(), folder) != built_in.end() ||
                         std::find(configured.begin(), configured.end(), folder) != configured.end();
      if (!known && named.insert(folder).second) plan_.folders += folder + "\n";
    }
    for (const std::string& folder : built_in)
      SLIPWAY_TRY(take_folder(folder));
    return std::move(plan_);
  }

 private:
  static void add(const std::vector<std::string>& from, std::vector<std::string>& to) {
    for (const std::string& folder : from) {
      if (std::find(to.begin(), to.end(), folder) == to.end()) to.push_back(folder);
    }
  }

  void take(const elf::CachedLibrary& library) {
    if (paths_.insert(library.path).second) plan_.libraries.push_back(library);
  }

  Status take_folder(const std::string& folder) {
    std::set<std::string> names;
    for (elf::Root* root : image_) {
      SLIPWAY_ASSIGN(const auto found, root->list(folder));
      names.insert(found.begin(), found.end());
    }
    for (const std::string& name : names) {
      const bool library =
          (name.starts_with("lib") || name.starts_with("ld-")) && name.find(".so") != std::string::npos;
      if (library) SLIPWAY_TRY(take_file(folder, name));
    }
    return {};
  }

  /// A library counts under its SONAME, where the folder has that name.
  Status take_file(const std::string& folder, const std::string& name) {
    for (elf::Root* root : image_) {
      SLIPWAY_ASSIGN(const auto found, root->find(folder + "/" + name));
      if (!found) continue;
      SLIPWAY_ASSIGN(const auto object, root->object(*found));
      if (object == nullptr || !object->abi.fits(abi_)) return {};
      if (object->soname == name) take({name, folder + "/" + name, object->abi});
      return {};
    }
    return {};
  }

  const std::vector<elf::Root*>& image_;
  const elf::Abi& abi_;
  CachePlan plan_;
  std::set<std::string> paths_;
};

}  // namespace

Result<CachePlan> plan_loader_cache(const std::vector<elf::Root*>& image, const elf::Abi& abi,
                                    const std::vector<elf::CachedLibrary>& loaded) {
  return Planner(image, abi).plan(loaded);
}

}  // namespace slipway::builder
