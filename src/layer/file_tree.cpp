#include "slipway/layer/file_tree.h"

#include <optional>

#include "layer/entry_codec.h"
#include "layer/tree_contents.h"

namespace slipway::layer {
namespace {

/// Reads the records and puts the hard links in.
class LinkedReader final : public EntryReader {
 public:
  explicit LinkedReader(const TreeContents& tree) : entries_(tree.entries, 0, tree.entries.end()), links_(tree.links) {}

  Status start() { return next_link(); }

  Result<bool> next(FileEntry& entry) override {
    std::string_view record;
    SLIPWAY_ASSIGN(const bool more, entries_.next(record));
    if (!more) return false;
    entry = decode_entry(record);
    if (link_ && *link_ == number_key(at_)) {
      entry.type = EntryType::hardlink;
      entry.link = target_;
      entry.size = 0;
      SLIPWAY_TRY(next_link());
    }
    ++at_;
    return true;
  }

 private:
  Status next_link() {
    std::string_view key, value;
    SLIPWAY_ASSIGN(const bool more, links_.next(key, value));
    link_ = more ? std::optional(std::string(key)) : std::nullopt;
    target_ = value;
    return {};
  }

  RecordReader entries_;
  RecordSorter::Reader links_;
  std::optional<std::string> link_;  // the number of the next entry that is a link
  std::string target_;
  std::uint64_t at_ = 0;
};

}  // namespace

std::size_t FileTree::size() const { return static_cast<std::size_t>(contents_->count); }

const Listing& FileTree::listing() const { return contents_->listing; }

Result<std::unique_ptr<EntryReader>> FileTree::read() const {
  auto reader = std::make_unique<LinkedReader>(*contents_);
  SLIPWAY_TRY(reader->start());
  return reader;
}

}  // namespace slipway::layer
