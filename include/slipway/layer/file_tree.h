#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "slipway/base/digest.h"
#include "slipway/base/result.h"
#include "slipway/layer/entry.h"

namespace slipway::layer {

struct TreeContents;  // src/layer/tree_contents.h

/// The facts about a tree's files that need no reading.
struct Listing {
  Digest digest;               ///< of every entry with its file's inode, size and times
  std::int64_t newest_ns = 0;  ///< the newest change of a file among them, nanoseconds since the epoch
};

/// Reads a tree's entries in their order. One thread at a time; the tree outlives it.
class EntryReader {
 public:
  virtual ~EntryReader() = default;
  /// Returns false at the end.
  virtual Result<bool> next(FileEntry& entry) = 0;
};

/// The files of one layer, in the order in which they stand in its tar: each path once, parents first. An immutable
/// value made by FileTreeBuilder; copies share the contents. Several threads may read it at a time, each with a reader
/// of its own.
class FileTree {
 public:
  /// For FileTreeBuilder: nobody else can name contents.
  explicit FileTree(std::shared_ptr<const TreeContents> contents) : contents_(std::move(contents)) {}

  /// Returns the number of entries.
  std::size_t size() const;
  const Listing& listing() const;
  /// Returns a reader that starts at the first entry. An error is the disk's, where the list spilled.
  Result<std::unique_ptr<EntryReader>> read() const;

 private:
  std::shared_ptr<const TreeContents> contents_;
};

}  // namespace slipway::layer
