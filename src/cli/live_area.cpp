#include "cli/live_area.h"

#include <algorithm>

#include "cli/text_layout.h"

namespace slipway::cli {
namespace {

constexpr std::string_view kEraseLine = "\x1b[K";
constexpr std::string_view kEraseBelow = "\x1b[J";

Terminal size_of(const Surroundings& surroundings) {
  const Terminal size = surroundings.terminal ? surroundings.terminal() : Terminal();
  return size.columns > 0 ? size : Terminal{80, 24};
}

}  // namespace

Surroundings LiveArea::surroundings() {
  Surroundings inside = outside_;
  inside.write_err = [this](std::string_view text) { write_above(text); };
  // Standard output that is not the terminal leaves the drawn lines alone.
  if (outside_.out_is_terminal) {
    inside.write_out = [this](std::string_view text) {
      erase();
      return outside_.write_out(text);
    };
  }
  return inside;
}

std::string LiveArea::to_its_start() {
  // A terminal that was made narrower has wrapped the lines since.
  const auto columns = static_cast<std::size_t>(size_of(outside_).columns);
  std::size_t rows = 0;
  for (const std::size_t width : widths_)
    rows += std::max<std::size_t>(1, (width + columns - 1) / columns);
  widths_.clear();
  return rows == 0 ? std::string() : fmt::format("\x1b[{}A\r", rows);
}

void LiveArea::draw(const std::vector<std::string>& lines) {
  const std::scoped_lock lock(mutex_);
  if (within_line_ || (lines.empty() && widths_.empty())) return;
  const auto room = static_cast<std::size_t>(std::max(size_of(outside_).columns - 1, 1));
  // One write: a terminal never shows half of it.
  std::string frame = to_its_start();
  for (const std::string& line : lines) {
    const std::string_view cut = first_columns(line, room);
    frame.append(cut).append(kEraseLine).append("\n");
    widths_.push_back(display_width(cut));
  }
  outside_.write_err(frame.append(kEraseBelow));
}

void LiveArea::erase() {
  const std::scoped_lock lock(mutex_);
  if (!widths_.empty()) outside_.write_err(to_its_start().append(kEraseBelow));
}

void LiveArea::write_above(std::string_view text) {
  const std::scoped_lock lock(mutex_);
  std::string whole = to_its_start();
  if (!whole.empty()) whole.append(kEraseBelow);
  outside_.write_err(whole.append(text));
  if (!text.empty()) within_line_ = text.back() != '\n';
}

}  // namespace slipway::cli
