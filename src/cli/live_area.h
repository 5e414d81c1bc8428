#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "slipway/cli/run.h"

namespace slipway::cli {

/// The last lines of a terminal, drawn over again and again; what else is written goes above them. Thread-safe; leaves
/// nothing behind.
class LiveArea {
 public:
  explicit LiveArea(const Surroundings& surroundings) : outside_(surroundings) {}
  ~LiveArea() { erase(); }
  LiveArea(const LiveArea&) = delete;
  LiveArea& operator=(const LiveArea&) = delete;

  /// The surroundings of those who write beside it; valid while it lives.
  Surroundings surroundings();
  /// Shows these lines instead of those before, each cut to the terminal's width.
  void draw(const std::vector<std::string>& lines);
  void erase();

 private:
  void write_above(std::string_view text);
  /// Returns the escapes that move the cursor to the area's first line.
  std::string to_its_start();

  const Surroundings& outside_;
  std::mutex mutex_;
  std::vector<std::size_t> widths_;  // of the lines that are shown
  bool within_line_ = false;         // somebody wrote half a line
};

}  // namespace slipway::cli
