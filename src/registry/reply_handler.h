#pragma once

#include "registry/call.h"

namespace slipway::registry {

/// Receives the response to a call: collects its body, or streams a successful one into the call's sink.
class ReplyHandler final : public http::ResponseHandler {
 public:
  /// `call` outlives this.
  explicit ReplyHandler(const Call& call) : call_(call) {}

  /// Errc::verification_failed when a resumed body (Call::from) begins at another byte than was asked for. A server
  /// that ignores the range is read over again from the front.
  Status begin(const http::Response& response) override;
  /// Errc::too_large beyond Call::limit; of an error's body the front is kept.
  Status write(io::Bytes bytes) override;
  bool can_begin_again() const override { return !streamed_; }

  /// The collected body.
  std::string take_body() { return std::move(body_); }

 private:
  Status stream(io::Bytes bytes);

  const Call& call_;
  bool success_ = false;
  bool streamed_ = false;
  std::int64_t to_skip_ = 0;  // bytes of the front that the sink has
  std::string body_;
};

}  // namespace slipway::registry
