#include "slipway/image/tree_tar.h"

#include <unordered_map>

#include "slipway/base/text.h"
#include "slipway/layer/tar_stream.h"

namespace slipway::image {
namespace {

using layer::EntryType;

/// The names of each file of one layer, by the name of its bytes in that layer's tar: indices of the list.
using Names = std::unordered_map<std::string, std::vector<std::size_t>>;

/// Writes the tar of one image.
class TreeWriter {
 public:
  TreeWriter(const FileList& files, io::Sink& out, std::size_t layers) : files_(files), tar_(out), names_(layers) {}

  /// Writes what has no content, and learns which files to take from which layer.
  Status write_others() {
    for (std::size_t i = 0; i < files_.size(); ++i) {
      const ImageFile file = files_.at(i);
      if (file.member.empty()) {
        SLIPWAY_TRY(tar_.add(file.entry));
      } else if (file.layer < names_.size()) {
        names_[file.layer][file.member].push_back(i);
      } else {
        return refuse(file.entry.path);
      }
    }
    return {};
  }

  bool needs(std::size_t index) const { return !names_[index].empty(); }

  Status write_layer(store::ReadTarget& from, const Image& image, std::size_t index, std::stop_token stop) {
    std::size_t seen = 0;
    const Names& names = names_[index];
    const auto visit = [&](const layer::FileEntry& entry, io::Source& content) -> Status {
      const auto found = names.find(entry.path);
      if (entry.type != EntryType::regular || found == names.end()) return {};
      ++seen;
      return write_file(found->second, entry.size, content, stop);
    };
    SLIPWAY_TRY(read_layer(from, image, index, visit, stop));
    return seen < names.size() ? refuse(names.begin()->first) : Status();
  }

  Status end() { return tar_.end(); }

 private:
  static Status refuse(const std::string& path) {
    return fail(Errc::verification_failed, "the list of files is not that of the image: {}", printable(path, 4096));
  }

  /// Of equal paths in one layer the last one counts: who reads the tar has it last, too.
  Status write_file(const std::vector<std::size_t>& names, std::uint64_t size, io::Source& content,
                    const std::stop_token& stop) {
    layer::FileEntry first = files_.at(names.front()).entry;
    first.type = EntryType::regular;
    first.link.clear();
    first.size = size;
    SLIPWAY_TRY(tar_.add(first, content, stop));
    for (std::size_t i = 1; i < names.size(); ++i) {
      layer::FileEntry other = files_.at(names[i]).entry;
      other.type = EntryType::hardlink;
      other.link = first.path;
      SLIPWAY_TRY(tar_.add(other));
    }
    return {};
  }

  const FileList& files_;
  layer::TarStream tar_;
  std::vector<Names> names_;
};

}  // namespace

Status write_tree(store::ReadTarget& from, const Image& image, const FileList& files, io::Sink& out,
                  std::stop_token stop) {
  const std::size_t layers = image.manifest.layers.size();
  TreeWriter writer(files, out, layers);
  SLIPWAY_TRY(writer.write_others());
  for (std::size_t i = 0; i < layers; ++i) {
    if (writer.needs(i)) SLIPWAY_TRY(writer.write_layer(from, image, i, stop));
  }
  return writer.end();
}

}  // namespace slipway::image
