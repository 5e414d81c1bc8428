#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <vector>

#include "slipway/base/worker.h"
#include "slipway/io/stream.h"
#include "slipway/layer/file_tree.h"

namespace slipway::layer {

/// An entry on its way into a tar; small files come with their bytes.
struct LoadedEntry {
  FileEntry entry;
  bool loaded = false;  ///< `bytes` has the whole file, which did not change in the meantime
  io::Bytes bytes;
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
  /// The files that one thread reads in one go: waking a thread for every small file costs more than reading it.
  struct Batch {
    std::vector<LoadedEntry> items;
    std::size_t count = 0;  // of items in use
    std::size_t taken = 0;  // by next()
    std::uint64_t bytes = 0;
    std::vector<std::byte> buffer;
    bool ready = true;
    Status status;           // of the first item that could not be read
    std::size_t failed = 0;  // which one that is
  };

  Status refill();
  Status fill(Batch& batch);
  void load(Batch& batch) const;
  Status load(LoadedEntry& item, std::span<std::byte> room) const;
  void work();

  FileSystem& fs_;
  EntryReader& entries_;
  std::size_t lanes_;
  bool over_ = false;
  std::unique_ptr<Batch> given_;
  std::vector<std::unique_ptr<Batch>> spare_;  // their buffers are used again

  std::mutex mutex_;
  std::condition_variable work_, done_;
  std::deque<std::unique_ptr<Batch>> window_;
  std::deque<Batch*> waiting_;
  bool stopping_ = false;
  std::vector<Worker> workers_;  // last: ended before the rest dies
};

/// The failure to read a file that was there when the tree was listed.
Error lost_while_packing(Error error);
/// The failure of a file that changed after it was listed.
Error changed_while_packing(const FileEntry& entry);
Error grows_while_packing(const FileEntry& entry);
/// True while the file behind `now` is the one that was listed as `listed`.
bool is_unchanged(const FileStat& now, const FileStat& listed);

}  // namespace slipway::layer
