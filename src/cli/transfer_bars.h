#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "slipway/oci/descriptor.h"

namespace slipway::cli {

/// Renders transfers as lines of plain ASCII: a bar for each blob, and a line for all of them together. Times are of
/// one monotonic clock. Not thread-safe.
class TransferBars {
 public:
  using Time = std::chrono::milliseconds;

  /// "push", "pull" or "copy" stands before the name of each bar.
  void name_direction(std::string direction) { direction_ = std::move(direction); }

  /// Names the layer that a blob is; a blob without a name shows its digest.
  void name(const oci::Descriptor& blob, const std::string& name) { names_[blob.digest] = name; }
  void expect(const oci::Descriptor& blob);
  void start(const oci::Descriptor& blob, Time now);
  /// `at`: bytes so far; fewer than before when the transfer started again.
  void move(const oci::Descriptor& blob, std::uint64_t at, Time now);
  /// Sent, or not to be sent.
  void finish(const oci::Descriptor& blob);
  /// Work without a digest is a line of text until its size is known, and a bar from then on.
  void begin_work(const std::string& text) { work_.insert(text); }
  void move_work(const std::string& text, std::uint64_t at, std::uint64_t size, Time now);
  void end_work(const std::string& text);

  /// Nothing when there is nothing left to do.
  std::vector<std::string> lines(int columns, int rows, Time now) const;

 private:
  struct Part {
    std::string shown;
    std::uint64_t size = 0;
    std::uint64_t at = 0;
    Time since{0};
    bool active = false;
    bool done = false;
  };

  Part& part(const oci::Descriptor& blob);
  void start(Part& part, Time now);
  void move(Part& part, std::uint64_t at, Time now);
  std::string bar(const std::string& name, const Part& part, int columns, Time now) const;
  std::string total(std::size_t active, Time now) const;
  /// Bytes a second of late.
  std::uint64_t rate(Time now) const;

  std::string direction_ = "copy";
  std::map<Digest, std::string> names_;
  std::map<std::string, Part> parts_;  ///< by digest, or by the text of a piece of work
  std::multiset<std::string> work_;    ///< whose size is not known
  std::uint64_t moved_ = 0;
  std::deque<std::pair<Time, std::uint64_t>> samples_;
};

}  // namespace slipway::cli
