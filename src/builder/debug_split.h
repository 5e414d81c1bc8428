#pragma once

#include <map>
#include <set>
#include <stop_token>
#include <string>

#include "slipway/base/diagnostics.h"
#include "slipway/base/fs.h"
#include "slipway/layer/file_tree.h"

namespace slipway::builder {

/// The debug information of one program or library, in a file of its own.
struct DebugFile {
  std::string path;  ///< in the image, of the program; the first one of several
  stdfs::path file;  ///< on disk; its sections are compressed
};

/// Takes the debug information out of programs and libraries on their way into an image, with elfutils' eu-strip. What
/// it makes is kept in a folder by the digest of its input, so that an unchanged program stays the same file from build
/// to build. One thread at a time.
class DebugSplitter {
 public:
  /// `folder`: made when needed.
  DebugSplitter(FileSystem& fs, stdfs::path folder, std::stop_token stop)
      : fs_(fs), folder_(std::move(folder)), stop_(std::move(stop)) {}

  /// The same files, those with DWARF without it. A program without a build-id stays whole, with a warning at `where`:
  /// nobody would find its debug information again. Errc::failed when eu-strip is missing or fails.
  Result<layer::FileTree> split(const layer::FileTree& whole, std::int64_t epoch, const layer::SpillPlace& spill,
                                const Where& where, Diagnostics& diagnostics);
  /// What was taken out, by build-id.
  const std::map<std::string, DebugFile>& files() const { return files_; }

 private:
  Status split_file(layer::FileEntry& entry, const Where& where, Diagnostics& diagnostics);
  Status run_tools(const std::string& source, const std::string& build_id, const stdfs::path& stripped,
                   const stdfs::path& debug);
  Status run(std::vector<std::string> argv);

  FileSystem& fs_;
  stdfs::path folder_;
  std::stop_token stop_;
  std::map<std::string, DebugFile> files_;
};

}  // namespace slipway::builder
