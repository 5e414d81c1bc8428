#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "slipway/builder/recipe.h"
#include "slipway/elf/root.h"

namespace slipway::builder {

/// The files that a recipe itself puts into the image, where they will be, as a root for closures.
class RecipeRoot final : public elf::Root {
 public:
  /// `disk`: this machine's "/"; kept alive by the caller.
  RecipeRoot(const Recipe& recipe, const oci::Platform& platform, FileSystem& fs, elf::DiskRoot& disk);
  std::string name() const override { return "the files of the recipe"; }
  Result<std::optional<elf::FoundFile>> find(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& folder) override;
  Result<std::string> read(const elf::FoundFile& file, std::size_t limit) override { return disk_.read(file, limit); }
  Result<std::shared_ptr<const elf::Object>> object(const elf::FoundFile& file) override { return disk_.object(file); }

  /// Returns the path that a path of the image has behind the symlinks of the recipe's own trees; its last component is
  /// followed only if `follow_last`. The path itself where they lead nowhere.
  std::string led(const std::string& path, bool follow_last);
  /// Returns the path in the image of a file on disk, if the recipe puts it there.
  std::optional<std::string> target_of(const stdfs::path& source) const;
  /// Returns true if that file gets capabilities: declared, or those that it has on disk where modes are kept.
  bool is_capable(const stdfs::path& source) const;
  /// Returns true if it starts with its owner's or group's rights, or with capabilities.
  bool is_privileged(const stdfs::path& source) const;

 private:
  struct Place {
    std::string to;
    stdfs::path from;
    bool folder;
    bool capable;                       ///< capabilities are declared
    std::optional<std::uint32_t> mode;  ///< declared for the file, or for the files in a folder
    bool keeps_modes;
    std::optional<std::set<std::string>> only;  ///< where patterns choose: the paths in the image
    std::optional<std::string> link;            ///< text of a symlink that is nowhere on disk
    bool follows = false;                       ///< symlinks that lead out are followed
  };
  std::optional<std::string> link_at(const std::string& path);
  /// Returns the path in the image that a place gives a file on disk; nullopt for one that is not of the place.
  static std::optional<std::string> target_in(const Place& place, const stdfs::path& source);
  bool lends_rights(const Place& place, const stdfs::path& source) const;
  bool gives_capabilities(const Place& place, const stdfs::path& source) const;

  FileSystem& fs_;
  elf::DiskRoot& disk_;
  std::map<std::string, std::optional<std::string>> links_;  ///< those asked for, by path
  std::vector<Place> places_;
};

/// A path from the root folder on, without "." and "..", and without a "/" at its end.
stdfs::path absolute_path(const stdfs::path& path);

}  // namespace slipway::builder
