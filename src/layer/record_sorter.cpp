#include "slipway/layer/record_sorter.h"

#include <algorithm>
#include <cstring>

namespace slipway::layer {
namespace {

constexpr std::size_t kOverhead = 96;  // of a record in memory, beside its bytes
constexpr std::size_t kLength = sizeof(std::uint32_t);

}  // namespace

Status RecordSorter::add(std::string key, std::string value) {
  memory_used_ += key.size() + value.size() + kOverhead;
  memory_.push_back({std::move(key), std::move(value)});
  ++count_;
  return place_.fs != nullptr && memory_used_ >= place_.memory ? store_run() : Status();
}

Status RecordSorter::sort() {
  if (!run_list_.empty()) return store_run();
  sort_memory();
  return {};
}

void RecordSorter::sort_memory() {
  const auto less = [](const Record& a, const Record& b) { return a.key < b.key; };
  // The result of a walk is in order already.
  if (!std::is_sorted(memory_.begin(), memory_.end(), less)) std::stable_sort(memory_.begin(), memory_.end(), less);
}

Status RecordSorter::store_run() {
  if (memory_.empty()) return {};
  sort_memory();
  const bool goes_on = !run_list_.empty() && last_key_ <= memory_.front().key;
  if (!goes_on) run_list_.push_back({runs_.end(), 0});
  std::string bytes;
  for (const Record& record : memory_) {
    const auto length = static_cast<std::uint32_t>(record.key.size());
    bytes.assign(kLength, '\0');
    std::memcpy(bytes.data(), &length, kLength);
    bytes += record.key;
    bytes += record.value;
    SLIPWAY_TRY(runs_.append(bytes));
  }
  run_list_.back().end = runs_.end();
  last_key_ = std::move(memory_.back().key);
  memory_ = {};
  memory_used_ = 0;
  return {};
}

RecordSorter::Reader::Reader(const RecordSorter& sorter) : sorter_(sorter) {
  streams_.reserve(sorter.run_list_.size());  // the heap points at them
  for (const Run& run : sorter.run_list_)
    streams_.push_back({RecordReader(sorter.runs_, run.begin, run.end), {}, {}});
}

/// Orders the heap so that its front is the least key, of equal ones the oldest run's.
bool RecordSorter::Reader::later(const Stream* a, const Stream* b) {
  const int order = a->key.compare(b->key);
  return order != 0 ? order > 0 : a > b;
}

Result<bool> RecordSorter::Reader::advance(Stream& stream) {
  std::string_view record;
  SLIPWAY_ASSIGN(const bool more, stream.reader.next(record));
  if (!more) return false;
  std::uint32_t length = 0;
  std::memcpy(&length, record.data(), kLength);
  stream.key = record.substr(kLength, length);
  stream.value = record.substr(kLength + length);
  return true;
}

Result<bool> RecordSorter::Reader::next(std::string_view& key, std::string_view& value) {
  if (streams_.empty()) {
    if (at_ == sorter_.memory_.size()) return false;
    const Record& record = sorter_.memory_[at_++];
    key = record.key;
    value = record.value;
    return true;
  }
  if (!started_) {
    started_ = true;
    for (Stream& stream : streams_) {
      SLIPWAY_ASSIGN(const bool more, advance(stream));
      if (more) heap_.push_back(&stream);
    }
    std::make_heap(heap_.begin(), heap_.end(), later);
  } else if (given_ != nullptr) {
    SLIPWAY_ASSIGN(const bool more, advance(*given_));
    if (more) {
      heap_.push_back(given_);
      std::push_heap(heap_.begin(), heap_.end(), later);
    }
  }
  if (heap_.empty()) return false;
  std::pop_heap(heap_.begin(), heap_.end(), later);
  given_ = heap_.back();
  heap_.pop_back();
  key = given_->key;
  value = given_->value;
  return true;
}

}  // namespace slipway::layer
