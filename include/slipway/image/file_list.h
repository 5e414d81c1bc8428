#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "slipway/base/digest.h"
#include "slipway/image/image.h"
#include "slipway/layer/base_files.h"
#include "slipway/layer/layer_reader.h"

namespace slipway::image {

/// One path of an image, with all its layers merged.
struct ImageFile {
  /// Never a whiteout. A hard link has the metadata and the size of its file; `link` is that file's path.
  layer::FileEntry entry;
  std::uint32_t layer = 0;  ///< the layer that has its bytes and metadata, counted from the lowest
  std::string member;       ///< regular files and hard links: the entry of that layer's tar that has the bytes
};

/// The files that a container of an image sees: every path once, byte-sorted. Immutable and compact (about the text of
/// a listing); safe to read from several threads.
class FileList final : public layer::BaseFiles {
 public:
  FileList() = default;
  /// Parses the text of serialize(); Errc::malformed for anything else.
  static Result<FileList> parse(std::string text);
  /// Returns one line for each path (docs/FORMATS.md "File lists").
  const std::string& serialize() const { return text_; }

  std::size_t size() const { return lines_.size(); }
  /// Returns the path at an index below size().
  ImageFile at(std::size_t index) const;
  /// Returns a path in the form of FileEntry::path ("usr/bin/env"), without following symlinks; nullopt when the image
  /// does not have it. Both take logarithmic time.
  std::optional<ImageFile> file(const std::string& path) const;
  std::optional<layer::FileEntry> find(const std::string& path) const override;
  /// Returns what a process in the image gets when it opens a path (absolute or as in find()): symlinks are followed
  /// inside the image. Errc::not_found naming what is missing, malformed for a loop.
  Result<ImageFile> open(const std::string& path) const;

 private:
  std::string_view line(std::size_t index) const;
  std::optional<std::size_t> index_of(std::string_view path) const;

  std::string text_;
  std::vector<std::size_t> lines_;  ///< where each begins
};

/// Streams one layer, decompresses it and visits its entries; nothing is stored. Digest and diff ID are checked at the
/// end, after the last visit: Errc::verification_failed. Errc::not_found for a layer that `from` lacks because it is
/// distributed elsewhere (Descriptor::urls).
Status read_layer(store::ReadTarget& from, const Image& image, std::size_t index, const layer::EntryVisitor& visit,
                  std::stop_token stop = {});

/// Merges all layers, one after the other, as containerd unpacks them: whiteouts and opaque folders hide what lies
/// below; parent folders are followed through symlinks of the same and of lower layers, and ".." leads no further up
/// than the root; missing ones are 0755 0:0, also where a lower layer has a file; of equal paths the last one counts;
/// a hard link's file may be in a lower layer. Errc::malformed for what cannot be placed: below a file of the same
/// layer, in a loop of symlinks, a hard link to nothing. Memory grows with the number of paths, not with their sizes.
Result<FileList> merge_files(store::ReadTarget& from, const Image& image, std::stop_token stop = {});

/// A folder of file lists by manifest digest: the layers of an image are read once, its list is kept, its blobs are
/// not. A damaged record is replaced; a folder that cannot be written costs only time. Thread-safe.
class FileListCache {
 public:
  /// An empty path stores nothing. `fs` is kept alive by the caller.
  FileListCache(FileSystem& fs, std::filesystem::path folder) : fs_(fs), folder_(std::move(folder)) {}
  /// Returns the kept list, else that of merge_files(), which it then stores.
  Result<FileList> list(store::ReadTarget& from, const Image& image, std::stop_token stop = {});

 private:
  std::optional<FileList> recall(const Digest& manifest);
  void keep(const Digest& manifest, const FileList& list);

  FileSystem& fs_;
  std::filesystem::path folder_;
};

}  // namespace slipway::image
