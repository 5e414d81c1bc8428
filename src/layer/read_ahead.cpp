#include "layer/read_ahead.h"

#include <algorithm>

#include "slipway/base/lanes.h"
#include "slipway/base/text.h"

namespace slipway::layer {
namespace {

constexpr std::size_t kSmall = 128u << 10;       // bytes; larger files are streamed
constexpr std::size_t kBatchBytes = 256u << 10;  // a batch ends with the file that exceeds them
constexpr std::size_t kBatchEntries = 64;
constexpr std::size_t kMaxThreads = 8;

bool is_small_file(const FileEntry& entry) {
  return entry.type == EntryType::regular && !entry.source.empty() && entry.size <= kSmall;
}

}  // namespace

Error lost_while_packing(Error error) {
  // It was there when the tree was listed, so its loss is a failure of this run and not a wrong recipe.
  error.code = Errc::failed;
  return error;
}

Error changed_while_packing(const FileEntry& entry) {
  return Error(Errc::failed, fmt::format("{} changed while it was being packed", printable(entry.source, 4096)))
      .with_hint("wait for the program that writes it to end, then build again");
}

Error grows_while_packing(const FileEntry& entry) {
  return Error(Errc::failed, fmt::format("{} has more than the {} bytes of its size: it changes while it is read",
                                         printable(entry.source, 4096), entry.size))
      .with_hint("copy it first, then pack the copy");
}

bool is_unchanged(const FileStat& now, const FileStat& listed) {
  return now.device == listed.device && now.inode == listed.inode && now.size == listed.size &&
         now.mtime_ns == listed.mtime_ns && now.ctime_ns == listed.ctime_ns;
}

ReadAhead::ReadAhead(FileSystem& fs, EntryReader& entries, std::size_t lanes)
    : fs_(fs), entries_(entries), lanes_(std::min(allowed_lanes(lanes), kMaxThreads)) {}

ReadAhead::~ReadAhead() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
    work_.notify_all();
  }
  workers_.clear();
}

Result<LoadedEntry*> ReadAhead::next() {
  if (given_ && given_->taken == given_->count) spare_.push_back(std::move(given_));
  if (!given_) {
    SLIPWAY_TRY(refill());
    std::unique_lock lock(mutex_);
    if (window_.empty()) return nullptr;
    Batch* batch = window_.front().get();
    done_.wait(lock, [batch] { return batch->ready; });
    given_ = std::move(window_.front());
    window_.pop_front();
  }
  const std::size_t at = given_->taken++;
  if (!given_->status && at == given_->failed) return fail(std::move(given_->status).error());
  return &given_->items[at];
}

/// Keeps every thread busy, and as many batches read before they are wanted.
Status ReadAhead::refill() {
  const std::size_t most = lanes_ == 1 ? 1 : 2 * lanes_;
  while (!over_ && window_.size() < most) {
    if (spare_.empty()) spare_.push_back(std::make_unique<Batch>());
    std::unique_ptr<Batch> batch = std::move(spare_.back());
    spare_.pop_back();
    SLIPWAY_TRY(fill(*batch));
    if (batch->count == 0) break;
    if (lanes_ == 1) load(*batch);
    const std::scoped_lock lock(mutex_);
    if (lanes_ > 1 && batch->bytes > 0) {
      batch->ready = false;
      waiting_.push_back(batch.get());
      if (workers_.size() < lanes_ && waiting_.size() > workers_.size())
        workers_.emplace_back([this](const std::stop_token&) { work(); });
      work_.notify_one();
    }
    window_.push_back(std::move(batch));
  }
  return {};
}

Status ReadAhead::fill(Batch& batch) {
  batch.items.resize(kBatchEntries);
  batch.count = batch.taken = 0;
  batch.bytes = 0;
  batch.ready = true;
  batch.status = {};
  while (batch.count < kBatchEntries && batch.bytes < kBatchBytes) {
    LoadedEntry& item = batch.items[batch.count];
    item.loaded = false;
    SLIPWAY_ASSIGN(const bool more, entries_.next(item.entry));
    over_ = !more;
    if (over_) break;
    ++batch.count;
    if (is_small_file(item.entry)) batch.bytes += item.entry.size + 1;
  }
  return {};
}

void ReadAhead::load(Batch& batch) const {
  // One byte more than each should have: the files of /proc are said to be empty.
  batch.buffer.resize(std::max<std::size_t>(batch.buffer.size(), batch.bytes));
  std::span<std::byte> room(batch.buffer);
  for (std::size_t i = 0; i < batch.count; ++i) {
    LoadedEntry& item = batch.items[i];
    if (!is_small_file(item.entry)) continue;
    const std::size_t size = item.entry.size + 1;
    batch.status = load(item, room.first(size));
    batch.failed = i;
    if (!batch.status) return;
    room = room.subspan(size);
  }
}

Status ReadAhead::load(LoadedEntry& item, std::span<std::byte> room) const {
  auto opened = fs_.open(item.entry.source);
  if (!opened) return fail(lost_while_packing(std::move(opened).error()));
  File& file = **opened;
  const std::size_t size = room.size() - 1;
  std::size_t got = 0;
  while (got < size || got == 0) {
    SLIPWAY_ASSIGN(const std::size_t n, file.read(room.subspan(got)));
    if (n == 0) break;
    got += n;
  }
  // Unchanged now means unchanged all the while: every write moves one of these.
  SLIPWAY_ASSIGN(const FileStat now, file.stat());
  if (got < size || !is_unchanged(now, item.entry.seen)) return fail(changed_while_packing(item.entry));
  if (got > size) return fail(grows_while_packing(item.entry));
  item.bytes = room.first(size);
  item.loaded = true;
  return {};
}

void ReadAhead::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    work_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (stopping_) return;
    Batch* batch = waiting_.front();
    waiting_.pop_front();
    lock.unlock();
    load(*batch);
    lock.lock();
    batch->ready = true;
    done_.notify_one();
  }
}

}  // namespace slipway::layer
