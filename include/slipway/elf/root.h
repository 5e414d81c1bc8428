#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "slipway/base/fs.h"
#include "slipway/base/symlink_walk.h"
#include "slipway/elf/object.h"

namespace slipway::elf {

class Root;

/// A symlink that was followed on the way to a file.
struct Link {
  std::string path;
  std::string text;
};

/// The regular file that opening `path` leads to.
struct FoundFile {
  Root* root = nullptr;     ///< the root that found it, which outlives this
  std::string path;         ///< as opened: absolute, without "." and ".."
  std::vector<Link> links;  ///< the chain of symlinks that starts at `path`, when that is one
  std::string target;       ///< where the chain ends; `path` without one
  std::string real;         ///< `target` with symlinks of its folders resolved, too: equal for one file of one root
  stdfs::path source;       ///< its path on disk; empty for a file that is not on disk (a base's)
};

/// One root folder in which programs look for libraries. Answers are cached for its lifetime, so its files must not
/// change. One thread at a time.
class Root {
 public:
  virtual ~Root() = default;
  /// The name for messages, e.g. "this machine".
  virtual std::string name() const = 0;
  /// Returns the regular file at an absolute path, symlinks followed inside the root; nullopt when there is none.
  virtual Result<std::optional<FoundFile>> find(const std::string& path) = 0;
  /// Returns the names in a folder, byte-sorted; none when it does not exist.
  virtual Result<std::vector<std::string>> list(const std::string& folder) = 0;
  /// Returns the first `limit` bytes of a file.
  virtual Result<std::string> read(const FoundFile& file, std::size_t limit) = 0;
  /// Returns the ELF program or library; nullptr for other files.
  virtual Result<std::shared_ptr<const Object>> object(const FoundFile& file) = 0;
};

/// A folder on disk as a root: "/" for this machine, or another system's files.
class DiskRoot final : public Root {
 public:
  DiskRoot(FileSystem& fs, stdfs::path folder, std::string name, SymbolNames which = SymbolNames::imports)
      : fs_(fs), folder_(std::move(folder)), name_(std::move(name)), which_(which) {}
  std::string name() const override { return name_; }
  Result<std::optional<FoundFile>> find(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& folder) override;
  Result<std::string> read(const FoundFile& file, std::size_t limit) override;
  Result<std::shared_ptr<const Object>> object(const FoundFile& file) override;

 private:
  stdfs::path on_disk(const std::string& path) const;
  Result<std::optional<FoundFile>> look(const std::string& path);
  /// Returns the folder without symlinks; nullopt when it does not exist.
  std::optional<std::string> real_folder(const std::string& folder);
  std::optional<PathStep> step(const std::string& path);

  FileSystem& fs_;
  stdfs::path folder_;
  std::string name_;
  SymbolNames which_;
  std::map<std::string, std::optional<PathStep>> steps_;       ///< by path without the first slash
  std::map<std::string, std::optional<std::string>> folders_;  ///< without symlinks, by path as asked
  std::map<std::string, FoundFile> found_;                     ///< by path as asked
  std::map<std::string, std::shared_ptr<const Object>> objects_;
};

/// Returns an absolute path without ".", ".." and double slashes, by text alone; ".." at the root is dropped.
std::string normal_path(const std::string& path);
/// Returns the folder of a normal path; "/" for "/".
std::string parent_of(const std::string& path);
/// Returns the last component of a path.
std::string name_in(const std::string& path);

}  // namespace slipway::elf
