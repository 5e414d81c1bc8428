#include "registry/reply_handler.h"

#include <algorithm>

#include "slipway/base/text.h"

namespace slipway::registry {
namespace {

constexpr int kPartial = 206;
constexpr std::size_t kMaxErrorBody = 64u << 10;
constexpr std::size_t kShownRange = 80;

}  // namespace

Status ReplyHandler::begin(const http::Response& response) {
  body_.clear();
  to_skip_ = 0;
  success_ = response.status >= 200 && response.status < 300;
  if (!success_ || call_.from == 0) return {};
  if (response.status != kPartial) {
    to_skip_ = call_.from;
    return {};
  }
  const std::string range = response.header("content-range").value_or("");
  if (range.starts_with(fmt::format("bytes {}-{}/", call_.from, call_.size - 1))) return {};
  return fail(Errc::verification_failed, "{} starts at another byte than requested (\"{}\")", call_.what,
              printable(range, kShownRange));
}

Status ReplyHandler::write(io::Bytes bytes) {
  if (success_ && call_.sink != nullptr) return stream(bytes);
  if (!success_) {
    const std::size_t room = kMaxErrorBody - std::min(body_.size(), kMaxErrorBody);
    body_.append(io::as_text(bytes).substr(0, room));
    return {};
  }
  if (body_.size() + bytes.size() > call_.limit) {
    return fail(Errc::too_large, "{} is more than the limit of {}", call_.what, human_bytes(call_.limit));
  }
  body_.append(io::as_text(bytes));
  return {};
}

Status ReplyHandler::stream(io::Bytes bytes) {
  const std::size_t skipped = std::min(bytes.size(), static_cast<std::size_t>(to_skip_));
  to_skip_ -= static_cast<std::int64_t>(skipped);
  bytes = bytes.subspan(skipped);
  if (bytes.empty()) return {};
  streamed_ = true;
  return call_.sink->write(bytes);
}

}  // namespace slipway::registry
