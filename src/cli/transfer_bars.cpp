#include "cli/transfer_bars.h"

#include <algorithm>

#include "cli/text_layout.h"
#include "slipway/base/text.h"

namespace slipway::cli {
namespace {

constexpr std::chrono::milliseconds kWindow{5000};  // of the rate
constexpr std::chrono::milliseconds kSample{250};
constexpr std::size_t kMostBars = 8;
constexpr int kWidestBar = 40;

std::uint64_t per_second(std::uint64_t bytes, std::chrono::milliseconds time) {
  const auto millis = static_cast<std::uint64_t>(std::max<std::int64_t>(time.count(), 1));
  return bytes * 1000 / millis;
}

std::string clock_text(std::uint64_t seconds) {
  if (seconds >= 3600) return fmt::format("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
  return fmt::format("{}:{:02}", seconds / 60, seconds % 60);
}

}  // namespace

TransferBars::Part& TransferBars::part(const oci::Descriptor& blob) {
  Part& part = parts_[blob.digest.str()];
  if (part.shown.empty()) {
    const auto named = names_.find(blob.digest);
    part.shown = fmt::format("{} {:<12}", direction_, named == names_.end() ? blob.digest.short_hex() : named->second);
  }
  part.size = static_cast<std::uint64_t>(std::max<std::int64_t>(blob.size, 0));
  return part;
}

void TransferBars::expect(const oci::Descriptor& blob) { part(blob); }

void TransferBars::start(const oci::Descriptor& blob, Time now) { start(part(blob), now); }

void TransferBars::start(Part& started, Time now) {
  started.active = true;
  started.done = false;
  started.at = 0;
  started.since = now;
  if (samples_.empty()) samples_.emplace_back(now, moved_);
}

void TransferBars::move(const oci::Descriptor& blob, std::uint64_t at, Time now) { move(part(blob), at, now); }

void TransferBars::move_work(const std::string& text, std::uint64_t at, std::uint64_t size, Time now) {
  Part& moving = parts_[text];
  if (!moving.active) {
    moving.shown = text;
    start(moving, now);
    if (const auto known = work_.find(text); known != work_.end()) work_.erase(known);
  }
  moving.size = size;
  // Several threads tell how far they are: the one furthest on counts.
  move(moving, std::max(at, moving.at), now);
}

void TransferBars::end_work(const std::string& text) {
  if (const auto known = work_.find(text); known != work_.end()) work_.erase(known);
  parts_.erase(text);
}

void TransferBars::move(Part& moving, std::uint64_t at, Time now) {
  if (at > moving.at) moved_ += at - moving.at;
  moving.at = std::min(at, moving.size);
  if (!samples_.empty() && now - samples_.back().first < kSample) return;
  samples_.emplace_back(now, moved_);
  // The oldest stays as long as the next one is not old enough.
  while (samples_.size() > 2 && now - samples_[1].first >= kWindow)
    samples_.pop_front();
}

void TransferBars::finish(const oci::Descriptor& blob) {
  Part& finished = part(blob);
  finished.active = false;
  finished.done = true;
  finished.at = finished.size;
}

std::uint64_t TransferBars::rate(Time now) const {
  if (samples_.empty()) return 0;
  return per_second(moved_ - samples_.front().second, now - samples_.front().first);
}

std::vector<std::string> TransferBars::lines(int columns, int rows, Time now) const {
  std::vector<std::string> lines;
  std::size_t active = 0;
  bool unfinished = false;
  // One line of the terminal is the cursor's, one the sum's.
  const std::size_t most = std::min(kMostBars, static_cast<std::size_t>(std::max(rows - 2, 0)));
  for (const std::string& text : work_) {
    if (lines.size() < most) lines.push_back(text);
  }
  for (const auto& [key, part] : parts_) {
    unfinished = unfinished || !part.done;
    if (!part.active) continue;
    ++active;
    if (lines.size() < most) lines.push_back(bar(part.shown, part, columns, now));
  }
  if (unfinished) lines.push_back(total(active, now));
  return lines;
}

std::string TransferBars::bar(const std::string& name, const Part& part, int columns, Time now) const {
  const std::string figures = fmt::format("{:>10} / {:<10} {:>10}/s", human_bytes(part.at), human_bytes(part.size),
                                          human_bytes(per_second(part.at, now - part.since)));
  const int room = columns - 1 - static_cast<int>(display_width(name) + figures.size()) - 6;
  const int width = std::min(room, kWidestBar);
  if (width < 5) return fmt::format("{}  {}", name, figures);
  const auto cells = static_cast<std::size_t>(width);
  const std::size_t full = part.size == 0 ? cells : static_cast<std::size_t>(part.at * cells / part.size);
  std::string drawn(full, '=');
  if (full < cells) drawn += '>';
  drawn.resize(cells, ' ');
  return fmt::format("{}  [{}]  {}", name, drawn, figures);
}

std::string TransferBars::total(std::size_t active, Time now) const {
  std::size_t done = 0;
  std::uint64_t at = 0, size = 0;
  for (const auto& entry : parts_) {
    done += entry.second.done ? 1 : 0;
    at += entry.second.at;
    size += entry.second.size;
  }
  std::string text = fmt::format("{} of {} done, {} under way, {} of {}", done, parts_.size(), active, human_bytes(at),
                                 human_bytes(size));
  const std::uint64_t speed = rate(now);
  if (speed == 0) return text;
  text += fmt::format(", {}/s", human_bytes(speed));
  return size > at ? text + fmt::format(", {} left", clock_text((size - at) / speed + 1)) : text;
}

}  // namespace slipway::cli
