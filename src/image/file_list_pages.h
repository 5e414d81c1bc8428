#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "slipway/base/fs.h"
#include "slipway/image/file_list.h"
#include "slipway/layer/spill.h"

namespace slipway::image {

/// Some lines of a file list that follow each other.
struct FileListPage {
  std::string own;  ///< the text where it was read from a file
  std::string_view text;
  std::vector<std::uint32_t> lines;  ///< where each begins in the text

  /// Returns a line below lines.size(), without its newline.
  std::string_view line(std::size_t index) const;
};

/// The lines of a file list: in memory, or in a file of which some pages are in memory. Filled by one thread; then
/// several may read.
class FileListPages {
 public:
  /// Lines that outgrow `spill` go to a temporary file.
  explicit FileListPages(layer::SpillPlace spill) : spill_(std::move(spill)) {}
  /// Lines that are in a file already, from `begin` on.
  FileListPages(std::unique_ptr<File> file, std::uint64_t begin) : file_(std::move(file)), begin_(begin), kept_(true) {}

  /// Adds a line with its newline, whose path is above those before it.
  Status add(std::string_view path, std::string_view line);
  /// Ends the adding.
  Status finish();

  std::size_t size() const { return size_; }
  /// Returns a page and the number of its first line, by the number of a line below size().
  Result<std::pair<std::shared_ptr<const FileListPage>, std::size_t>> page_of(std::size_t index);
  /// Returns the number of the last page's first line whose path is not above `path`; size() without one.
  std::size_t first_of_page_with(std::string_view path) const;
  /// Visits all text in order, in pieces.
  Status visit(const std::function<Status(std::string_view)>& visitor);

  /// Remembers the first error of a reader that could not report it.
  void note(const Error& error);
  Status status() const;

 private:
  struct Span {
    std::string first;  // path
    std::uint64_t begin = 0;
    std::size_t line = 0;
  };
  struct Slot {
    std::size_t number = 0;
    std::shared_ptr<const FileListPage> page;
  };

  Status write_out();
  Result<std::shared_ptr<const FileListPage>> load(std::size_t number);

  layer::SpillPlace spill_;
  std::unique_ptr<File> file_;
  std::uint64_t begin_ = 0;  // of the lines in the file
  bool kept_ = false;        // the file has them already
  std::string text_;         // what is not in the file
  std::uint64_t bytes_ = 0;
  std::size_t size_ = 0;
  std::vector<Span> spans_;
  mutable std::mutex mutex_;  // guards what follows, and the file's position
  std::array<Slot, 16> slots_;
  Status status_;
};

/// Makes a file list of lines that come in order.
class FileListWriter {
 public:
  explicit FileListWriter(layer::SpillPlace spill) : pages_(std::make_shared<FileListPages>(std::move(spill))) {}
  FileListWriter(std::unique_ptr<File> file, std::uint64_t begin)
      : pages_(std::make_shared<FileListPages>(std::move(file), begin)) {}

  Status add(std::string_view path, std::string_view line) { return pages_->add(path, line); }
  /// Adds a line without its newline that somebody else wrote; Errc::malformed unless it follows the one before.
  Status add_foreign(std::string_view line);
  Result<FileList> finish() &&;

 private:
  std::shared_ptr<FileListPages> pages_;
  std::string before_;
};

}  // namespace slipway::image
