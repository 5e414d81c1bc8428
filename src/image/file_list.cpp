#include "slipway/image/file_list.h"

#include <algorithm>

#include "image/file_line.h"
#include "image/layer_merger.h"
#include "slipway/base/text.h"
#include "slipway/image/own_file.h"
#include "slipway/io/compress.h"
#include "slipway/io/hash.h"
#include "slipway/layer/path_walk.h"

namespace slipway::image {
namespace {

constexpr std::string_view kHeader = "slipway/v1/files ";
constexpr std::size_t kMaxRecord = 2u << 30;

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

Result<FileList> FileList::parse(std::string text) {
  FileList list;
  std::string before;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\n', begin);
    if (end == std::string::npos) return fail(Errc::malformed, "a file list ends in the middle of a line");
    const std::string_view line = std::string_view(text).substr(begin, end - begin);
    SLIPWAY_TRY(parse_line(line));
    std::string path = path_of_line(line);
    if (!list.lines_.empty() && path <= before) return fail(Errc::malformed, "a file list is not sorted");
    before = std::move(path);
    list.lines_.push_back(begin);
    begin = end + 1;
  }
  list.text_ = std::move(text);
  return list;
}

std::string_view FileList::line(std::size_t index) const {
  const std::size_t end = index + 1 < lines_.size() ? lines_[index + 1] : text_.size();
  return std::string_view(text_).substr(lines_[index], end - lines_[index] - 1);
}

// Every line was parsed once before it came in.
ImageFile FileList::at(std::size_t index) const { return parse_line(line(index)).value_or(ImageFile()); }

std::optional<std::size_t> FileList::index_of(std::string_view path) const {
  std::size_t low = 0, high = lines_.size();
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    const int order = path_of_line(line(middle)).compare(path);
    if (order == 0) return middle;
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

Result<FileList> merge_files(store::ReadTarget& from, const Image& image, std::stop_token stop) {
  LayerMerger merger;
  for (std::size_t i = 0; i < image.manifest.layers.size(); ++i) {
    merger.next_layer();
    const auto add = [&merger](const layer::FileEntry& entry, io::Source&) { return merger.add(entry); };
    SLIPWAY_TRY(read_layer(from, image, i, add, stop));
  }
  return merger.finish();
}

std::optional<FileList> FileListCache::recall(const Digest& manifest) {
  if (folder_.empty() || !is_own_folder(fs_, folder_)) return std::nullopt;
  const auto stat = fs_.stat(folder_ / manifest.hex());
  if (!stat || !is_own(*stat)) return std::nullopt;
  auto text = read_file(fs_, folder_ / manifest.hex(), kMaxRecord);
  if (!text) return std::nullopt;
  const std::size_t end = text->find('\n');
  if (end == std::string::npos) return std::nullopt;
  const std::string head = text->substr(0, end);
  std::string body = text->substr(end + 1);
  if (head != std::string(kHeader) + io::digest_of(body).str()) return std::nullopt;
  auto list = FileList::parse(std::move(body));
  (void)fs_.touch(folder_ / manifest.hex()).has_value();  // `cache prune` keeps what is in use
  return list ? std::optional(*std::move(list)) : std::nullopt;
}

void FileListCache::keep(const Digest& manifest, const FileList& list) {
  if (folder_.empty() || !is_own_folder(fs_, folder_) || !fs_.make_directories(folder_, 0700)) return;
  const std::string head = std::string(kHeader) + io::digest_of(list.serialize()).str() + "\n";
  (void)write_file_atomically(fs_, folder_ / manifest.hex(), head + list.serialize(), 0600).has_value();
}

Result<FileList> FileListCache::list(store::ReadTarget& from, const Image& image, std::stop_token stop) {
  if (auto known = recall(image.descriptor.digest)) return *std::move(known);
  SLIPWAY_ASSIGN(FileList list, merge_files(from, image, std::move(stop)));
  keep(image.descriptor.digest, list);
  return list;
}

}  // namespace slipway::image
