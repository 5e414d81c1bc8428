#pragma once

#include <cstdint>
#include <functional>
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
#include "slipway/layer/spill.h"

namespace slipway::image {

/// One path of an image, with all its layers merged.
struct ImageFile {
  /// Never a whiteout. A hard link has the metadata and the size of its file; `link` is that file's path.
  layer::FileEntry entry;
  std::uint32_t layer = 0;  ///< the layer that has its bytes and metadata, counted from the lowest
  std::string member;       ///< regular files and hard links: the entry of that layer's tar that has the bytes
};

class FileListPages;  // src/image/file_list_pages.h

/// The files that a container of an image sees: every path once, byte-sorted. An immutable value whose copies share
/// the lines; a long list is in a file of which some pages are in memory. Safe to read from several threads.
class FileList final : public layer::BaseFiles {
 public:
  FileList() = default;
  /// For FileListWriter: nobody else can name pages.
  explicit FileList(std::shared_ptr<FileListPages> pages) : pages_(std::move(pages)) {}
  /// Parses the text of serialize(); Errc::malformed for anything else.
  static Result<FileList> parse(std::string_view text);
  /// Returns one line for each path (docs/FORMATS.md "File lists").
  std::string serialize() const;
  /// Visits the text of serialize() in pieces, until an error.
  Status visit_text(const std::function<Status(std::string_view piece)>& visitor) const;

  std::size_t size() const;
  /// Returns the path at an index below size().
  ImageFile at(std::size_t index) const;
  /// Returns the index of a path in the form of FileEntry::path, without following symlinks; nullopt when the image
  /// does not have it. This and the next two take logarithmic time.
  std::optional<std::size_t> index_of(std::string_view path) const;
  std::optional<ImageFile> file(const std::string& path) const;
  std::optional<layer::FileEntry> find(const std::string& path) const override;
  /// Returns what a process in the image gets when it opens a path (absolute or as in find()): symlinks are followed
  /// inside the image. Errc::not_found naming what is missing, malformed for a loop.
  Result<ImageFile> open(const std::string& path) const;
  /// Returns an error if the disk failed while a long list was read; then at(), find() and file() may have answered
  /// that a path is not there. To be asked before what they said becomes visible.
  Status status() const;

 private:
  std::shared_ptr<FileListPages> pages_;  ///< nullptr: empty
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
/// layer, in a loop of symlinks, a hard link to nothing. Memory is bounded by `spill`, whatever the number of paths.
Result<FileList> merge_files(store::ReadTarget& from, const Image& image, std::stop_token stop = {},
                             const layer::SpillPlace& spill = {});

/// A folder of file lists by manifest digest: the layers of an image are read once, its list is kept, its blobs are
/// not. A damaged record is replaced; a folder that cannot be written costs only time. Thread-safe.
class FileListCache {
 public:
  /// An empty path stores nothing. `fs` is kept alive by the caller.
  FileListCache(FileSystem& fs, std::filesystem::path folder) : fs_(fs), folder_(std::move(folder)) {}
  /// Returns the kept list, else that of merge_files(), which it then stores. Long lists stay on disk.
  Result<FileList> list(store::ReadTarget& from, const Image& image, std::stop_token stop = {});

 private:
  std::optional<FileList> recall(const Digest& manifest);
  Result<FileList> read_record(std::unique_ptr<File> file);
  Status write_record(const stdfs::path& path, const FileList& list);
  void keep(const Digest& manifest, const FileList& list);

  FileSystem& fs_;
  std::filesystem::path folder_;
};

}  // namespace slipway::image
