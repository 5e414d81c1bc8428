#include "slipway/release/sequencer.h"

namespace slipway::release {
namespace {

class FileTurn final : public Turn {
 public:
  explicit FileTurn(std::unique_ptr<FileLock> lock) : lock_(std::move(lock)) {}

 private:
  std::unique_ptr<FileLock> lock_;
};

class FileSequencer final : public Sequencer {
 public:
  FileSequencer(FileSystem& fs, std::filesystem::path folder) : fs_(fs), folder_(std::move(folder)) {}

  Result<std::unique_ptr<Turn>> take(const std::string& app, const std::string& environment) override {
    SLIPWAY_TRY(fs_.make_directories(folder_));
    SLIPWAY_ASSIGN(auto lock, fs_.lock(folder_ / (app + "." + environment + ".lock")));
    return std::unique_ptr<Turn>(std::make_unique<FileTurn>(std::move(lock)));
  }

 private:
  FileSystem& fs_;
  std::filesystem::path folder_;
};

}  // namespace

std::unique_ptr<Sequencer> file_sequencer(FileSystem& fs, std::filesystem::path folder) {
  return std::make_unique<FileSequencer>(fs, std::move(folder));
}

}  // namespace slipway::release
