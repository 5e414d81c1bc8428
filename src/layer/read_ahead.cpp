#include "layer/read_ahead.h"

#include <algorithm>

#include "slipway/base/text.h"

namespace slipway::layer {
namespace {

constexpr std::size_t kSmall = 128u << 10;   // larger files are streamed
constexpr std::size_t kMaxAhead = 4u << 20;  // bytes
constexpr std::size_t kMaxEntries = 512;
constexpr std::size_t kMaxThreads = 8;

bool is_small_file(const Entry& entry) {
  return entry.type == EntryType::regular && !entry.source.empty() && entry.size <= kSmall;
}

}  // namespace

Error lost_while_packing(Error error) {
  // It was there when the tree was listed, so its loss is a failure of this run and not a wrong recipe.
  error.code = Errc::failed;
  return error;
}

Error changed_while_packing(const Entry& entry) {
  return Error(Errc::failed,
               fmt::format("{} changed while it was being packed", printable(entry.source.native(), 4096)))
      .with_hint("let the compiler or copy that writes it end first, then build again");
}

Error grows_while_packing(const Entry& entry) {
  return Error(Errc::failed, fmt::format("{} has more than the {} bytes of its size: it changes while it is read",
                                         printable(entry.source.native(), 4096), entry.size))
      .with_hint("copy it first, then pack the copy");
}

bool is_unchanged(const FileStat& now, const FileStat& listed) {
  return now.device == listed.device && now.inode == listed.inode && now.size == listed.size &&
         now.mtime_ns == listed.mtime_ns && now.ctime_ns == listed.ctime_ns;
}

ReadAhead::ReadAhead(FileSystem& fs, EntryReader& entries, std::size_t lanes)
    : fs_(fs), entries_(entries), lanes_(std::clamp<std::size_t>(lanes, 1, kMaxThreads)) {}

ReadAhead::~ReadAhead() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  threads_.clear();
}

Result<LoadedEntry*> ReadAhead::next() {
  if (given_ && is_small_file(given_->item.entry)) bytes_ahead_ -= given_->item.entry.size;
  given_.reset();
  SLIPWAY_TRY(refill());
  std::unique_lock lock(mutex_);
  if (window_.empty()) return nullptr;
  Slot* slot = window_.front().get();
  changed_.wait(lock, [slot] { return slot->ready; });
  given_ = std::move(window_.front());
  window_.pop_front();
  lock.unlock();
  SLIPWAY_TRY(std::move(given_->item.status));
  return &given_->item;
}

Status ReadAhead::refill() {
  const std::size_t most = lanes_ == 1 ? 1 : kMaxEntries;
  while (!over_ && window_.size() < most && (window_.empty() || bytes_ahead_ < kMaxAhead)) {
    auto slot = std::make_unique<Slot>();
    SLIPWAY_ASSIGN(const bool more, entries_.next(slot->item.entry));
    over_ = !more;
    if (over_) break;
    const bool small = is_small_file(slot->item.entry);
    if (small) bytes_ahead_ += slot->item.entry.size;
    if (small && lanes_ == 1) load(slot->item);
    const std::scoped_lock lock(mutex_);
    if (small && lanes_ > 1) {
      slot->ready = false;
      waiting_.push_back(slot.get());
      if (threads_.size() < lanes_ && waiting_.size() > threads_.size()) threads_.emplace_back([this] { work(); });
      changed_.notify_all();
    }
    window_.push_back(std::move(slot));
  }
  return {};
}

void ReadAhead::load(LoadedEntry& item) const {
  const auto read = [&]() -> Status {
    auto opened = fs_.open(item.entry.source);
    if (!opened) return fail(lost_while_packing(std::move(opened).error()));
    File& file = **opened;
    const auto size = static_cast<std::size_t>(item.entry.size);
    item.bytes.resize(size + 1);  // one more than there should be: /proc's files are said to be empty
    std::size_t got = 0;
    while (got < size || got == 0) {
      SLIPWAY_ASSIGN(const std::size_t n, file.read(std::span(item.bytes).subspan(got)));
      if (n == 0) break;
      got += n;
    }
    // Unchanged now means unchanged all the while: every write moves one of these.
    SLIPWAY_ASSIGN(const FileStat now, file.stat());
    if (got < size || !is_unchanged(now, item.entry.seen)) return fail(changed_while_packing(item.entry));
    if (got > size) return fail(grows_while_packing(item.entry));
    item.bytes.resize(size);
    item.loaded = true;
    return {};
  };
  item.status = read();
}

void ReadAhead::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (stopping_) return;
    Slot* slot = waiting_.front();
    waiting_.pop_front();
    lock.unlock();
    load(slot->item);
    lock.lock();
    slot->ready = true;
    changed_.notify_all();
  }
}

}  // namespace slipway::layer
