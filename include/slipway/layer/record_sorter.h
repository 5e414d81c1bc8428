#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "slipway/layer/record_spool.h"

namespace slipway::layer {

/// Sorts records by key, byte by byte; equal keys keep the order in which they were added. Runs that outgrow
/// memory are sorted apart and merged when read. One thread at a time.
class RecordSorter {
 public:
  explicit RecordSorter(SpillPlace place) : place_(place), runs_(std::move(place)) {}

  Status add(std::string key, std::string value);
  bool empty() const { return count_ == 0; }
  /// Call once, after the last add() and before the first Reader.
  Status sort();

  class Reader;

 private:
  struct Record {
    std::string key;
    std::string value;
  };
  struct Run {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
  };

  void sort_memory();
  Status store_run();

  SpillPlace place_;
  std::vector<Record> memory_;
  std::size_t memory_used_ = 0;
  std::uint64_t count_ = 0;
  RecordSpool runs_;
  std::vector<Run> run_list_;
  std::string last_key_;  // of the newest run
};

/// Reads a sorted RecordSorter, which outlives it; several may read at a time in one thread.
class RecordSorter::Reader {
 public:
  explicit Reader(const RecordSorter& sorter);
  /// False at the end. Both are valid until the next call.
  Result<bool> next(std::string_view& key, std::string_view& value);

 private:
  struct Stream {
    RecordReader reader;
    std::string_view key;
    std::string_view value;
  };

  Result<bool> advance(Stream& stream);
  static bool later(const Stream* a, const Stream* b);

  const RecordSorter& sorter_;
  std::size_t at_ = 0;  // in memory
  std::vector<Stream> streams_;
  std::vector<Stream*> heap_;
  Stream* given_ = nullptr;  // its record was returned last
  bool started_ = false;
};

}  // namespace slipway::layer
