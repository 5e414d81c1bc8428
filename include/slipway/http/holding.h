#pragma once

#include <functional>
#include <optional>
#include <string>

#include "slipway/http/transport.h"

namespace slipway::http {

/// Passes one attempt of a request on to the caller's handler, unless it is a response that a layer wants to act on:
/// such a response is held back, with at most 64 KiB of its body, and released later or dropped. For transports that
/// wrap other transports (retries, redirects, authentication); used by one thread.
///
/// Example: a layer that answers 401 and passes everything else on.
///
///     HoldingHandler attempt(handler, [](const Response& response) { return response.status == 401; });
///     auto response = next.perform(request, attempt, stop);
///     if (!attempt.held()) return attempt.result(std::move(response));
///     if (!log_in(*attempt.held())) return attempt.release();
///     return next.perform(with_login(request), handler, stop);
class HoldingHandler final : public ResponseHandler {
 public:
  /// Returns true for a response that the layer acts on.
  using Picks = std::function<bool(const Response&)>;
  HoldingHandler(ResponseHandler& next, Picks holds) : next_(next), holds_(std::move(holds)) {}

  Status begin(const Response& response) override;
  Status write(io::Bytes bytes) override;
  void broke(Breakdown breakdown) override { breakdown_ = breakdown; }
  bool can_begin_again() const override { return next_.can_begin_again(); }

  /// The response that was held back; nullptr when there is none.
  const Response* held() const { return held_ ? &*held_ : nullptr; }
  /// The beginning of its body, at most 64 KiB.
  const std::string& body() const { return body_; }
  /// True if a response began, held back or not.
  bool began() const { return began_; }
  Breakdown breakdown() const { return breakdown_; }

  /// Hands the held response to the caller's handler and returns it.
  Result<Response> release();
  /// Returns `response`, telling the caller's handler of a breakdown first.
  Result<Response> result(Result<Response> response);

 private:
  ResponseHandler& next_;
  const Picks holds_;
  std::optional<Response> held_;
  std::string body_;
  bool began_ = false;
  Breakdown breakdown_ = Breakdown::none;
};

}  // namespace slipway::http
