#include "slipway/image/file_list.h"

#include <algorithm>

#include "image/file_line.h"
#include "image/file_list_pages.h"
#include "image/layer_merger.h"
#include "slipway/base/text.h"
#include "slipway/image/own_file.h"
#include "slipway/io/compress.h"
#include "slipway/io/filters.h"
#include "slipway/io/hash.h"
#include "slipway/layer/path_walk.h"

namespace slipway::image {
namespace {

constexpr std::string_view kHeader = "slipway/v1/files ";
constexpr std::size_t kDigestText = 71;  // "sha256:" and its digits
constexpr std::uint64_t kMaxRecord = 8ull << 30;
constexpr std::size_t kMaxLine = 64u << 20;

/// Hashes what is read.
class HashingSource final : public io::Source {
 public:
  HashingSource(std::unique_ptr<io::Source> inner, std::string_view algorithm, std::stop_token stop)
      : inner_(std::move(inner)), stop_(std::move(stop)), hasher_(algorithm) {}

  Result<std::size_t> read(std::span<std::byte> buffer) override {
    if (stop_.stop_requested()) return fail(Errc::cancelled, "reading a layer was interrupted");
    SLIPWAY_ASSIGN(const std::size_t n, inner_->read(buffer));
    hasher_.update(buffer.first(n));
    return n;
  }
  Digest digest() { return hasher_.finish(); }

 private:
  std::unique_ptr<io::Source> inner_;
  std::stop_token stop_;
  io::Hasher hasher_;
};

}  // namespace

Result<FileList> FileList::parse(std::string_view text) {
  FileListWriter list{layer::SpillPlace()};
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return fail(Errc::malformed, "a file list ends in the middle of a line");
    SLIPWAY_TRY(list.add_foreign(text.substr(0, end)));
    text.remove_prefix(end + 1);
  }
  return std::move(list).finish();
}

std::string FileList::serialize() const {
  std::string text;
  const Status read = visit_text([&text](std::string_view piece) -> Status {
    text.append(piece);
    return {};
  });
  if (!read) pages_->note(read.error());
  return text;
}

Status FileList::visit_text(const std::function<Status(std::string_view piece)>& visitor) const {
  return pages_ ? pages_->visit(visitor) : Status();
}

std::size_t FileList::size() const { return pages_ ? pages_->size() : 0; }

Status FileList::status() const { return pages_ ? pages_->status() : Status(); }

// Every line was parsed once before it came in.
ImageFile FileList::at(std::size_t index) const {
  const auto found = pages_->page_of(index);
  if (!found) {
    pages_->note(found.error());
    return {};
  }
  const auto& [page, first] = *found;
  return parse_line(page->line(index - first)).value_or(ImageFile());
}

std::optional<std::size_t> FileList::index_of(std::string_view path) const {
  const std::size_t start = pages_ ? pages_->first_of_page_with(path) : 0;
  if (start == size()) return std::nullopt;
  const auto found = pages_->page_of(start);
  if (!found) {
    pages_->note(found.error());
    return std::nullopt;
  }
  const FileListPage& page = *found->first;
  std::size_t low = 0, high = page.lines.size();
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    const int order = path_of_line(page.line(middle)).compare(path);
    if (order == 0) return start + middle;
    (order < 0 ? low : high) = order < 0 ? middle + 1 : middle;
  }
  return std::nullopt;
}

std::optional<ImageFile> FileList::file(const std::string& path) const {
  const auto index = index_of(path);
  return index ? std::optional(at(*index)) : std::nullopt;
}

std::optional<layer::FileEntry> FileList::find(const std::string& path) const {
  auto found = file(path);
  return found ? std::optional(std::move(found->entry)) : std::nullopt;
}

Result<ImageFile> FileList::open(const std::string& path) const {
  const auto lookup = [this](const std::string& at) -> std::optional<layer::Step> {
    auto found = find(at);
    return found ? std::optional(layer::Step{found->type, std::move(found->link)}) : std::nullopt;
  };
  SLIPWAY_ASSIGN(const std::string real, layer::real_path(path, true, lookup));
  if (auto found = file(real)) return *std::move(found);
  if (real.empty()) {
    ImageFile root;
    root.entry.type = layer::EntryType::directory;
    return root;
  }
  const std::string way = real == path ? std::string() : fmt::format(", where /{} leads", printable(path, 4096));
  return fail(Error(Errc::not_found, fmt::format("the image has no /{}{}", printable(real, 4096), way))
                  .with_hint("see what it has with: slipway files REF"));
}

Status read_layer(store::ReadTarget& from, const Image& image, std::size_t index, const layer::EntryVisitor& visit,
                  std::stop_token stop) {
  const oci::Descriptor& blob = image.manifest.layers[index];
  auto fetched = from.fetch(blob);
  if (!fetched) {
    Error error = std::move(fetched).error();
    if (error.code == Errc::not_found && !blob.urls.empty()) {
      error.hint = fmt::format("the layer is not distributed with the image; it lies at {}", printable(blob.urls[0]));
    }
    return fail(std::move(error).in(fmt::format("reading layer {} of {}", index + 1, from.name())));
  }
  const Digest& promised = image.config.diff_ids[index];
  HashingSource tar(io::decompressor(*std::move(fetched)), promised.algorithm(), std::move(stop));
  layer::ReadLimits limits;
  limits.require_end = false;
  limits.within_root = true;
  Status read = layer::read_tar(tar, limits, visit);
  if (!read) {
    return fail(std::move(read).error().in(fmt::format("reading layer {} ({})", index + 1, blob.digest.str())));
  }
  const Digest is = tar.digest();
  if (is == promised) return {};
  return fail(
      Error(Errc::verification_failed, fmt::format("layer {} of {} ({}) has the diff ID {}, but its config promises {}",
                                                   index + 1, from.name(), blob.digest.str(), is.str(), promised.str()))
          .with_hint("build and push the image again: this layer and this config do not belong together"));
}

Result<FileList> merge_files(store::ReadTarget& from, const Image& image, std::stop_token stop,
                             const layer::SpillPlace& spill) {
  LayerMerger merger(spill);
  for (std::size_t i = 0; i < image.manifest.layers.size(); ++i) {
    merger.next_layer();
    const auto add = [&merger](const layer::FileEntry& entry, io::Source&) { return merger.add(entry); };
    SLIPWAY_TRY(read_layer(from, image, i, add, stop));
  }
  return merger.finish();
}

/// Reads a record to its end, which proves it; its lines stay where they are.
Result<FileList> FileListCache::read_record(std::unique_ptr<File> file) {
  File& record = *file;
  const auto broken = [] { return fail(Errc::malformed, "a kept file list is damaged"); };
  std::string head(kHeader.size() + kDigestText + 1, '\0');
  SLIPWAY_ASSIGN(const std::size_t in_head, record.read_at(std::as_writable_bytes(std::span(head)), 0));
  if (in_head < head.size() || !head.starts_with(kHeader) || head.back() != '\n') return broken();
  FileListWriter list(std::move(file), head.size());
  io::Hasher hasher;
  std::string rest;  // of a line whose end is not read yet
  std::string block(io::kBlock, '\0');
  for (std::uint64_t at = head.size();;) {
    SLIPWAY_ASSIGN(const std::size_t n, record.read_at(std::as_writable_bytes(std::span(block)), at));
    if (n == 0) break;
    at += n;
    hasher.update(io::as_bytes(std::string_view(block).substr(0, n)));
    rest.append(block, 0, n);
    std::string_view lines = rest;
    for (std::size_t end = lines.find('\n'); end != std::string_view::npos; end = lines.find('\n')) {
      SLIPWAY_TRY(list.add_foreign(lines.substr(0, end)));
      lines.remove_prefix(end + 1);
    }
    rest.erase(0, rest.size() - lines.size());
    if (at > kMaxRecord || rest.size() > kMaxLine) return broken();
  }
  const bool proved = head.substr(kHeader.size(), kDigestText) == hasher.finish().str();
  return proved && rest.empty() ? std::move(list).finish() : broken();
}

std::optional<FileList> FileListCache::recall(const Digest& manifest) {
  if (folder_.empty() || !is_own_folder(fs_, folder_)) return std::nullopt;
  const auto stat = fs_.stat(folder_ / manifest.hex());
  if (!stat || !is_own(*stat)) return std::nullopt;
  auto file = fs_.open(folder_ / manifest.hex(), false);
  if (!file) return std::nullopt;
  auto list = read_record(*std::move(file));
  (void)fs_.touch(folder_ / manifest.hex()).has_value();  // `cache prune` keeps what is in use
  return list ? std::optional(*std::move(list)) : std::nullopt;
}

Status FileListCache::write_record(const stdfs::path& path, const FileList& list) {
  io::Hasher hasher;
  SLIPWAY_TRY(list.visit_text([&hasher](std::string_view piece) -> Status {
    hasher.update(io::as_bytes(piece));
    return {};
  }));
  SLIPWAY_ASSIGN(const auto file, fs_.create(path, 0600));
  const std::string head = std::string(kHeader) + hasher.finish().str() + "\n";
  SLIPWAY_TRY(file->write(io::as_bytes(head)));
  SLIPWAY_TRY(list.visit_text([&file](std::string_view piece) { return file->write(io::as_bytes(piece)); }));
  return file->sync();
}

void FileListCache::keep(const Digest& manifest, const FileList& list) {
  if (folder_.empty() || !is_own_folder(fs_, folder_) || !fs_.make_directories(folder_, 0700)) return;
  const stdfs::path temporary = temporary_name(folder_);
  const bool kept = write_record(temporary, list) && fs_.rename(temporary, folder_ / manifest.hex());
  if (!kept) (void)fs_.remove(temporary).has_value();
}

Result<FileList> FileListCache::list(store::ReadTarget& from, const Image& image, std::stop_token stop) {
  if (auto known = recall(image.descriptor.digest)) return *std::move(known);
  SLIPWAY_ASSIGN(FileList list, merge_files(from, image, std::move(stop), layer::spill_to_temporary(fs_)));
  keep(image.descriptor.digest, list);
  return list;
}

}  // namespace slipway::image
