#include "cli/standard_input_file.h"

#include "cli/streams.h"
#include "slipway/io/filters.h"

namespace slipway::cli {
namespace {

/// A reader of a file that others read, too, with a position of its own.
class SharedReader final : public File {
 public:
  explicit SharedReader(std::shared_ptr<File> file) : file_(std::move(file)) {}
  Result<std::size_t> read(std::span<std::byte> buffer) override {
    SLIPWAY_ASSIGN(const std::size_t n, file_->read_at(buffer, at_));
    at_ += n;
    return n;
  }
  Result<std::size_t> read_at(std::span<std::byte> buffer, std::uint64_t offset) override {
    return file_->read_at(buffer, offset);
  }
  Status write(std::span<const std::byte>) override { return fail(Errc::failed, "standard input is not written to"); }
  Status seek(std::uint64_t offset) override {
    at_ = offset;
    return {};
  }
  Status sync() override { return {}; }
  Result<FileStat> stat() override { return file_->stat(); }

 private:
  const std::shared_ptr<File> file_;
  std::uint64_t at_ = 0;
};

bool is_missing_dash(const stdfs::path& path, const Error& error) {
  return error.code == Errc::not_found && path.filename() == "-";
}

}  // namespace

Result<std::unique_ptr<File>> StandardInputFile::open(const stdfs::path& path, bool follow) {
  auto opened = inner().open(path, follow);
  if (opened || !is_missing_dash(path, opened.error())) return opened;
  SLIPWAY_ASSIGN(auto file, spooled());
  return std::unique_ptr<File>(std::make_unique<SharedReader>(std::move(file)));
}

Result<FileStat> StandardInputFile::stat(const stdfs::path& path, bool follow) {
  auto found = inner().stat(path, follow);
  if (found || !is_missing_dash(path, found.error())) return found;
  SLIPWAY_ASSIGN(const auto file, spooled());
  return file->stat();
}

Result<std::shared_ptr<File>> StandardInputFile::spooled() {
  const std::scoped_lock lock(mutex_);
  if (file_) return file_;
  SLIPWAY_ASSIGN(std::shared_ptr<File> file, inner().create_unnamed(temporary_));
  StandardInput input;
  io::FileSink sink(*file);
  SLIPWAY_TRY(io::copy(input, sink, {}));
  file_ = std::move(file);
  return file_;
}

}  // namespace slipway::cli
