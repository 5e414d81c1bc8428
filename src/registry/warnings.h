#pragma once

#include <functional>
#include <mutex>
#include <set>
#include <string>

#include "slipway/http/transport.h"

namespace slipway::registry {

/// Passes the warnings of a registry on (distribution-spec "Warnings": the header `Warning: 299 - "text"`), printable,
/// each text once, at most 20. Other places that a request is handed over to are not listened to. Thread-safe.
class WarningTransport final : public http::HttpTransport {
 public:
  using Warn = std::function<void(const std::string&)>;
  /// `warn` may be empty; `next` outlives this.
  WarningTransport(std::string registry, Warn warn, http::HttpTransport& next)
      : registry_(std::move(registry)), warn_(std::move(warn)), next_(next) {}
  Result<http::Response> perform(const http::Request& request, http::ResponseHandler& handler,
                                 std::stop_token stop) override;

 private:
  void pass_on(const http::Response& response);

  const std::string registry_;
  const Warn warn_;
  http::HttpTransport& next_;
  std::mutex mutex_;
  std::set<std::string> told_;
};

}  // namespace slipway::registry
