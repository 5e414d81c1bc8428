#pragma once

#include <atomic>
#include <functional>

#include "slipway/base/forwarding_fs.h"

namespace slipway::builder {

/// Counts the bytes that are read from files, and reports the count about once a MiB. Thread-safe as the file system
/// that it wraps.
class CountedFiles final : public ForwardingFileSystem {
 public:
  using Report = std::function<void(std::uint64_t bytes)>;
  CountedFiles(FileSystem& inner, Report report) : ForwardingFileSystem(inner), report_(std::move(report)) {}

  Result<std::unique_ptr<File>> open(const stdfs::path& path, bool follow) override {
    SLIPWAY_ASSIGN(auto file, inner().open(path, follow));
    return std::unique_ptr<File>(std::make_unique<CountedFile>(*this, std::move(file)));
  }

 private:
  static constexpr std::uint64_t kStep = 1u << 20;

  class CountedFile final : public File {
   public:
    CountedFile(CountedFiles& files, std::unique_ptr<File> inner) : files_(files), inner_(std::move(inner)) {}
    Result<std::size_t> read(std::span<std::byte> buffer) override { return files_.counted(inner_->read(buffer)); }
    Result<std::size_t> read_at(std::span<std::byte> buffer, std::uint64_t offset) override {
      return files_.counted(inner_->read_at(buffer, offset));
    }
    Status write(std::span<const std::byte> bytes) override { return inner_->write(bytes); }
    Status seek(std::uint64_t offset) override { return inner_->seek(offset); }
    Status sync() override { return inner_->sync(); }
    Result<FileStat> stat() override { return inner_->stat(); }

   private:
    CountedFiles& files_;
    std::unique_ptr<File> inner_;
  };

  Result<std::size_t> counted(Result<std::size_t> read) {
    if (!read) return read;
    const std::uint64_t before = bytes_.fetch_add(*read);
    if (before / kStep != (before + *read) / kStep) report_(before + *read);
    return read;
  }

  Report report_;
  std::atomic<std::uint64_t> bytes_{0};
};

}  // namespace slipway::builder
