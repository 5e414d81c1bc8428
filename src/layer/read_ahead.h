#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "slipway/layer/file_tree.h"

namespace slipway::layer {

/// An entry on its way into a tar; small files come with their bytes.
struct LoadedEntry {
  Entry entry;
  bool loaded = false;  ///< `bytes` has the whole file, which did not change meanwhile
  std::vector<std::byte> bytes;
  Status status;
};

/// Reads small files of a tree on several threads before they are wanted, at most some megabytes of them.
/// next() from one thread.
class ReadAhead {
 public:
  /// All kept alive by the caller; one lane means no threads.
  ReadAhead(FileSystem& fs, EntryReader& entries, std::size_t lanes);
  ~ReadAhead();

  /// The next entry in order, valid until the next call; nullptr at the end.
  Result<LoadedEntry*> next();

 private:
  struct Slot {
    LoadedEntry item;
    bool ready = true;  // nothing to read, or read
  };

  Status refill();
  void load(LoadedEntry& item) const;
  void work();

  FileSystem& fs_;
  EntryReader& entries_;
  std::size_t lanes_;
  bool over_ = false;
  std::unique_ptr<Slot> given_;
  std::size_t bytes_ahead_ = 0;  // of small files in the window and given

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::unique_ptr<Slot>> window_;
  std::deque<Slot*> waiting_;
  bool stopping_ = false;
  std::vector<std::jthread> threads_;  // last: joined before the rest dies
};

/// The failure to read a file that was there when the tree was listed.
Error lost_while_packing(Error error);
/// The failure of a file that is no longer what was listed.
Error changed_while_packing(const Entry& entry);
Error grows_while_packing(const Entry& entry);
/// True while the file behind `now` is the one that was listed as `listed`.
bool is_unchanged(const FileStat& now, const FileStat& listed);

}  // namespace slipway::layer
