#pragma once

#include <map>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "slipway/base/diagnostics.h"
#include "slipway/base/fs.h"
#include "slipway/layer/file_tree_builder.h"

namespace slipway::builder {

/// The debug information of one program or library, in a file of its own.
struct DebugFile {
  std::string path;  ///< in the image, of the program; the first one of several
  stdfs::path file;  ///< on disk; its sections are compressed
};

/// Takes the debug information out of programs and libraries on their way into an image, with elfutils' eu-strip. The
/// files that it makes are kept in a folder by the digest of its input, so that an unchanged program stays the same
/// file from build to build. One thread at a time.
class DebugSplitter {
 public:
  /// `folder`: made when needed.
  DebugSplitter(FileSystem& fs, stdfs::path folder, std::stop_token stop)
      : fs_(fs), folder_(std::move(folder)), stop_(std::move(stop)) {}
  /// Reports programs built below `folder` (absolute) that hold its path even without debug information; as errors if
  /// `strict`.
  void look_for_folder(std::string folder, bool strict) {
    build_folder_ = std::move(folder) + "/";
    strict_ = strict;
  }

  /// Returns the same files, those with DWARF without it; links, modes, owners and attributes stay. Kept whole with a
  /// warning at `where`: a program without a build-id (nobody would find its debug information again), and one of which
  /// it cannot be proved that nothing else would be lost. Kept whole without a word: separate debug files and damaged
  /// ELF files, which nothing starts. Errc::failed when eu-strip is missing or fails.
  Result<layer::FileTree> split(const layer::FileTree& whole, std::int64_t epoch, const layer::SpillPlace& spill,
                                const Where& where, Diagnostics& diagnostics);
  /// The debug information that was taken out, by build-id.
  const std::map<std::string, DebugFile>& files() const { return files_; }
  /// Returns true if any program or library had debug information, taken out or kept with a warning.
  bool met_debug_info() const { return met_debug_info_; }

 private:
  Status split_file(layer::FileEntry& entry, const Where& where, Diagnostics& diagnostics);
  /// Gives the entry the stripped file's bytes; its number of links stays.
  Status replace(layer::FileEntry& entry, const stdfs::path& stripped) const;
  /// Makes both files. Returns what else would be lost, and then makes neither.
  Result<std::optional<std::string>> take_apart(File& whole, const std::string& source, const std::string& build_id,
                                                const stdfs::path& stripped, const stdfs::path& debug);
  Status look_at(const std::string& source, const stdfs::path& stripped);
  void report_embedding(const Where& where, Diagnostics& diagnostics);
  Status run(std::vector<std::string> argv);

  FileSystem& fs_;
  stdfs::path folder_;
  std::stop_token stop_;
  std::map<std::string, DebugFile> files_;
  std::string build_folder_;  ///< empty: nothing is looked for
  bool strict_ = false;
  bool met_debug_info_ = false;
  std::vector<std::string> embedding_;  ///< programs that hold its path
};

}  // namespace slipway::builder
