#include "image/file_list_pages.h"

#include <algorithm>

#include "image/file_line.h"

namespace slipway::image {
namespace {

constexpr std::size_t kPage = 16u << 10;
constexpr std::size_t kFewLines = 64;  // in a page whatever their bytes: each page's first path is in memory

}  // namespace

std::string_view FileListPage::line(std::size_t index) const {
  const std::size_t end = index + 1 < lines.size() ? lines[index + 1] : text.size();
  return text.substr(lines[index], end - lines[index] - 1);
}

Status FileListPages::add(std::string_view path, std::string_view line) {
  const auto is_full = [this](const Span& span) {
    return bytes_ - span.begin >= kPage && size_ - span.line >= kFewLines;
  };
  if (spans_.empty() || is_full(spans_.back())) spans_.push_back({std::string(path), bytes_, size_});
  ++size_;
  bytes_ += line.size();
  if (kept_) return {};
  text_.append(line);
  return spill_.fs != nullptr && text_.size() >= spill_.memory ? write_out() : Status();
}

Status FileListPages::write_out() {
  if (!file_) {
    SLIPWAY_ASSIGN(file_, spill_.fs->create_unnamed(spill_.folder));
  }
  SLIPWAY_TRY(file_->write(std::as_bytes(std::span(text_))));
  text_.clear();
  return {};
}

Status FileListPages::finish() {
  if (file_ && !text_.empty()) SLIPWAY_TRY(write_out());
  text_.shrink_to_fit();
  return {};
}

Result<std::shared_ptr<const FileListPage>> FileListPages::load(std::size_t number) {
  const std::lock_guard lock(mutex_);
  Slot& slot = slots_[number % slots_.size()];
  if (slot.page && slot.number == number) return slot.page;
  const std::uint64_t begin = spans_[number].begin;
  const std::uint64_t end = number + 1 < spans_.size() ? spans_[number + 1].begin : bytes_;
  const auto page = std::make_shared<FileListPage>();
  if (file_) {
    page->own.assign(static_cast<std::size_t>(end - begin), '\0');
    for (std::size_t filled = 0; filled < page->own.size();) {
      const auto rest = std::as_writable_bytes(std::span(page->own)).subspan(filled);
      SLIPWAY_ASSIGN(const std::size_t n, file_->read_at(rest, begin_ + begin + filled));
      if (n == 0) return fail(Errc::failed, "a list of files was cut short while it was read");
      filled += n;
    }
    page->text = page->own;
  } else {
    page->text = std::string_view(text_).substr(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
  }
  for (std::size_t at = 0; at < page->text.size(); at = page->text.find('\n', at) + 1)
    page->lines.push_back(static_cast<std::uint32_t>(at));
  slot = {number, page};
  return slot.page;
}

Result<std::pair<std::shared_ptr<const FileListPage>, std::size_t>> FileListPages::page_of(std::size_t index) {
  const auto after = std::upper_bound(spans_.begin(), spans_.end(), index,
                                      [](std::size_t line, const Span& span) { return line < span.line; });
  const auto number = static_cast<std::size_t>(after - spans_.begin()) - 1;
  SLIPWAY_ASSIGN(auto page, load(number));
  return std::pair(std::move(page), spans_[number].line);
}

std::size_t FileListPages::first_of_page_with(std::string_view path) const {
  const auto after = std::upper_bound(spans_.begin(), spans_.end(), path,
                                      [](std::string_view p, const Span& span) { return p < span.first; });
  return after == spans_.begin() ? size_ : std::prev(after)->line;
}

Status FileListPages::visit(const std::function<Status(std::string_view)>& visitor) {
  for (std::size_t i = 0; i < spans_.size(); ++i) {
    SLIPWAY_ASSIGN(const auto page, load(i));
    SLIPWAY_TRY(visitor(page->text));
  }
  return {};
}

void FileListPages::note(const Error& error) {
  const std::lock_guard lock(mutex_);
  if (status_) status_ = fail(error);
}

Status FileListPages::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

Status FileListWriter::add_foreign(std::string_view line) {
  SLIPWAY_TRY(parse_line(line));
  std::string path = path_of_line(line);
  if (pages_->size() > 0 && path <= before_) return fail(Errc::malformed, "a file list is not sorted");
  before_ = std::move(path);
  return pages_->add(before_, std::string(line) + '\n');
}

Result<FileList> FileListWriter::finish() && {
  SLIPWAY_TRY(pages_->finish());
  return FileList(std::move(pages_));
}

}  // namespace slipway::image
