#include "slipway/http/holding.h"

namespace slipway::http {

constexpr std::size_t kMaxHeldBody = 64u << 10;

Status HoldingHandler::begin(const Response& response) {
  began_ = true;
  if (!holds_(response)) return next_.begin(response);
  held_ = response;
  return {};
}

Status HoldingHandler::write(io::Bytes bytes) {
  if (!held_) return next_.write(bytes);
  body_.append(io::as_text(bytes).substr(0, kMaxHeldBody - body_.size()));
  return {};
}

Result<Response> HoldingHandler::release() {
  SLIPWAY_TRY(next_.begin(*held_));
  SLIPWAY_TRY(next_.write(io::as_bytes(body_)));
  return *std::move(held_);
}

Result<Response> HoldingHandler::result(Result<Response> response) {
  if (!response && breakdown_ != Breakdown::none) next_.broke(breakdown_);
  return response;
}

}  // namespace slipway::http
