#include "registry/warnings.h"

#include <optional>

#include "slipway/base/text.h"

namespace slipway::registry {
namespace {

constexpr std::size_t kMaxWarnings = 20;
constexpr std::size_t kMaxText = 1024;

/// Returns the text of `299 - "text"`; nothing for other forms and for text with control characters.
std::optional<std::string> warning_of(std::string_view header) {
  constexpr std::string_view kHead = "299 - \"";
  if (!header.starts_with(kHead) || header.size() > kMaxText || header.back() != '"') return std::nullopt;
  header.remove_prefix(kHead.size());
  std::string text;
  for (std::size_t i = 0; i + 1 < header.size(); ++i) {
    if (header[i] == '\\' && i + 2 < header.size()) ++i;
    text += header[i];
  }
  if (text.empty() || has_control_characters(text)) return std::nullopt;
  return printable(text, kMaxText);
}

}  // namespace

Result<http::Response> WarningTransport::perform(const http::Request& request, http::ResponseHandler& handler,
                                                 std::stop_token stop) {
  auto response = next_.perform(request, handler, std::move(stop));
  if (response && !request.foreign && warn_) pass_on(*response);
  return response;
}

void WarningTransport::pass_on(const http::Response& response) {
  for (const std::string& header : response.all("warning")) {
    const auto text = warning_of(header);
    if (!text) continue;
    const std::scoped_lock lock(mutex_);
    if (told_.size() < kMaxWarnings && told_.insert(*text).second) warn_(fmt::format("{} says: {}", registry_, *text));
  }
}

}  // namespace slipway::registry
