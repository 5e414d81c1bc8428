#pragma once

#include "slipway/base/forwarding_fs.h"

namespace slipway::test {

/// Counts what is opened for reading below "blobs".
class BlobReads final : public ForwardingFileSystem {
 public:
  BlobReads() : ForwardingFileSystem(real_fs()) {}
  Result<std::unique_ptr<File>> open(const stdfs::path& path, bool follow) override {
    if (path.native().find("/blobs/") != std::string::npos) ++count;
    return inner().open(path, follow);
  }
  int count = 0;
};

}  // namespace slipway::test
