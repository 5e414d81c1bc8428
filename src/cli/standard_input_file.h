#pragma once

#include <mutex>

#include "slipway/base/forwarding_fs.h"

namespace slipway::cli {

/// A file system in which a file named "-" that does not exist is standard input: so "-" may stand wherever a file may.
/// Standard input is read when such a file is first looked at, to its end, into an unnamed temporary file.
class StandardInputFile final : public ForwardingFileSystem {
 public:
  /// `inner` is kept alive by the caller; the temporary file is made in `temporary`.
  StandardInputFile(FileSystem& inner, stdfs::path temporary)
      : ForwardingFileSystem(inner), temporary_(std::move(temporary)) {}

  Result<std::unique_ptr<File>> open(const stdfs::path& path, bool follow) override;
  Result<FileStat> stat(const stdfs::path& path, bool follow) override;
  Result<std::unique_ptr<Folder>> open_folder(const stdfs::path& path) override { return inner().open_folder(path); }

 private:
  Result<std::shared_ptr<File>> spooled();

  const stdfs::path temporary_;
  std::mutex mutex_;
  std::shared_ptr<File> file_;
};

}  // namespace slipway::cli
