#include "config/document_cuts.h"

#include <algorithm>

#include "slipway/base/lanes.h"
#include "slipway/base/worker.h"

namespace slipway::config {

namespace {

constexpr std::size_t kMinPiece = 128u << 10;
constexpr std::size_t kMaxPieces = 8;
constexpr std::string_view kMarker = "---";

/// Returns where the first document behind `at` begins; npos without one.
std::size_t next_document(std::string_view text, std::size_t at) {
  for (at = text.find("\n---", at); at != std::string_view::npos; at = text.find("\n---", at + 1)) {
    if (begins_document(text, at + 1)) return at + 1;
  }
  return at;
}

}  // namespace

bool begins_document(std::string_view text, std::size_t at) {
  if (at > text.size() || (at > 0 && text[at - 1] != '\n')) return false;
  const std::string_view line = text.substr(at);
  if (!line.starts_with(kMarker)) return false;
  return line.size() == kMarker.size() ||
         std::string_view(" \t\r\n").find(line[kMarker.size()]) != std::string_view::npos;
}

bool may_have_directives(std::string_view text) {
  return text.starts_with('%') || text.find("\n%") != std::string_view::npos ||
         text.find("\r%") != std::string_view::npos || text.starts_with("\xEF\xBB\xBF%");
}

std::vector<std::size_t> document_cuts(std::string_view text) {
  const std::size_t wanted = std::min({allowed_lanes(processor_count()), text.size() / kMinPiece, kMaxPieces});
  std::vector<std::size_t> cuts;
  if (wanted < 2 || may_have_directives(text)) return cuts;
  for (std::size_t i = 1; i < wanted; ++i) {
    const std::size_t at = next_document(text, std::max(text.size() / wanted * i, cuts.empty() ? 0 : cuts.back()));
    if (at == std::string_view::npos) return cuts;
    cuts.push_back(at);
  }
  return cuts;
}

}  // namespace slipway::config
