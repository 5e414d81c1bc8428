#pragma once

#include "slipway/base/file_attributes.h"
#include "slipway/base/tree_folder.h"

namespace slipway {

/// A base for file systems that change a few calls of another one: every call is passed on unless overridden. The
/// caller keeps `inner` alive. open_folder() is not passed on: it uses list() and stat(), so that overriding those two
/// is enough.
class ForwardingFileSystem : public FileSystem, public AttributeReader {
 public:
  explicit ForwardingFileSystem(FileSystem& inner) : inner_(inner) {}

  Result<std::unique_ptr<File>> open(const stdfs::path& path, bool follow) override {
    return inner_.open(path, follow);
  }
  Result<std::unique_ptr<File>> create(const stdfs::path& path, std::uint32_t mode) override {
    return inner_.create(path, mode);
  }
  Status rename(const stdfs::path& from, const stdfs::path& to) override { return inner_.rename(from, to); }
  Status remove(const stdfs::path& path) override { return inner_.remove(path); }
  Status make_directories(const stdfs::path& path, std::uint32_t mode) override {
    return inner_.make_directories(path, mode);
  }
  Status sync_directory(const stdfs::path& path) override { return inner_.sync_directory(path); }
  Result<FileStat> stat(const stdfs::path& path, bool follow) override { return inner_.stat(path, follow); }
  Result<std::vector<std::string>> list(const stdfs::path& path) override { return inner_.list(path); }
  Result<std::unique_ptr<TreeFolder>> open_tree(const stdfs::path& path) override { return inner_.open_tree(path); }
  Result<std::string> read_link(const stdfs::path& path) override { return inner_.read_link(path); }
  Status touch(const stdfs::path& path) override { return inner_.touch(path); }
  Result<std::unique_ptr<FileLock>> lock(const stdfs::path& path) override { return inner_.lock(path); }
  Result<FileAttributes> attributes(const stdfs::path& path) override { return attributes_of(inner_, path); }

 protected:
  FileSystem& inner() const { return inner_; }

 private:
  FileSystem& inner_;
};

}  // namespace slipway
