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

/// One path of an image, all its layers merged.
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
  /// The text that serialize() made; Errc::malformed for anything else.
  static Result<FileList> parse(std::string text);
  /// docs/FORMATS.md "File lists": one line for each path.
  const std::string& serialize() const { return text_; }

  std::size_t size() const { return lines_.size(); }
  ImageFile at(std::size_t index) const;
  /// The path itself, as entries hold it ("usr/bin/env"); symlinks are not followed.
  std::optional<ImageFile> file(const std::string& path) const;
  std::optional<layer::FileEntry> find(const std::string& path) const override;
  /// The file that a process in the image gets when it opens the path: symlinks followed, never out of the image.
  /// Errc::not_found naming what is missing, malformed for a loop.
  Result<ImageFile> open(const std::string& path) const;

 private:
  std::string_view line(std::size_t index) const;
  std::optional<std::size_t> index_of(std::string_view path) const;

  std::string text_;
  std::vector<std::size_t> lines_;  ///< where each begins
};

/// Visits the entries of one layer, uncompressed on the way, nothing stored. Its digest and its diff ID are checked
/// when it ends: Errc::verification_failed; not_found where a layer lies elsewhere (`urls`).
Status read_layer(store::ReadTarget& from, const Image& image, std::size_t index, const layer::EntryVisitor& visit,
                  std::stop_token stop = {});

/// Merges all layers, one after the other, as containerd unpacks them: whiteouts and opaque folders hide what lies
/// below; parent folders are followed through symlinks of the same and of lower layers, and ".." leads no further up
/// than the root; missing ones are 0755 0:0, also where a lower layer has a file; of equal paths the last one counts;
/// a hard link's file may be in a lower layer. Errc::malformed for what cannot be placed: below a file of the same
/// layer, in a loop of symlinks, a hard link to nothing. Memory grows with the number of paths, not with their sizes.
Result<FileList> merge_files(store::ReadTarget& from, const Image& image, std::stop_token stop = {});

/// File lists by manifest digest in a folder: an image's layers are read once, its list is kept, its blobs are not.
/// A damaged record is made again; a folder that takes nothing costs only time. Thread-safe.
class FileListCache {
 public:
  /// An empty folder keeps nothing. `fs` is kept alive by the caller.
  FileListCache(FileSystem& fs, std::filesystem::path folder) : fs_(fs), folder_(std::move(folder)) {}
  /// As merge_files.
  Result<FileList> list(store::ReadTarget& from, const Image& image, std::stop_token stop = {});

 private:
  std::optional<FileList> recall(const Digest& manifest);
  void keep(const Digest& manifest, const FileList& list);

  FileSystem& fs_;
  std::filesystem::path folder_;
};

}  // namespace slipway::image
