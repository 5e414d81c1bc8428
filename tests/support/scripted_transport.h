#pragma once

#include <array>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "slipway/http/transport.h"
#include "slipway/io/filters.h"

namespace slipway::test {

/// The answer of the far end to one request: a response, or nothing at all.
struct Answer {
  int status = 200;
  std::vector<http::Header> headers;  // names lower-case
  std::string body;
  http::Breakdown breakdown = http::Breakdown::none;
  std::size_t cut_after = std::string::npos;  // the connection breaks after so many bytes of the body
  bool from_private = false;
  std::size_t takes = std::string::npos;  // so many bytes of the request's body are read
};

/// A transport whose other end is a function; it keeps what was asked. Thread-safe if the function is.
class ScriptedTransport final : public http::HttpTransport {
 public:
  struct Asked {
    std::string line;  // "METHOD url"
    std::string authorization;
    std::string body;
    std::vector<http::Header> headers;
    bool foreign = false;
    bool public_only = false;
  };
  using Script = std::function<Answer(const http::Request&)>;

  /// Called with the line and the body of each request that has one.
  std::function<void(const std::string&, const std::string&)> on_body;

  explicit ScriptedTransport(Script script) : script_(std::move(script)) {}

  Result<http::Response> perform(const http::Request& request, http::ResponseHandler& handler,
                                 std::stop_token) override {
    Asked asked{request.method + " " + request.url,
                std::string(request.authorization.reveal()),
                {},
                request.headers,
                request.foreign,
                request.public_only};
    const Answer answer = script_(request);
    if (request.body != nullptr) {
      SLIPWAY_ASSIGN(asked.body, taken(*request.body, answer.takes));
    }
    {
      const std::scoped_lock lock(mutex_);
      if (on_body && request.body != nullptr) on_body(asked.line, asked.body);
      asked_.push_back(std::move(asked));
    }
    if (answer.breakdown != http::Breakdown::none) return broken(handler, answer.breakdown);
    const http::Response response{answer.status, answer.headers, request.url, answer.from_private};
    SLIPWAY_TRY(handler.begin(response));
    if (request.method != "HEAD") {
      SLIPWAY_TRY(handler.write(io::as_bytes(std::string_view(answer.body).substr(0, answer.cut_after))));
    }
    if (answer.cut_after < answer.body.size()) return broken(handler, http::Breakdown::other);
    return response;
  }

  std::vector<std::string> lines() const {
    const std::scoped_lock lock(mutex_);
    std::vector<std::string> lines;
    for (const Asked& asked : asked_)
      lines.push_back(asked.line);
    return lines;
  }
  std::vector<Asked> asked() const {
    const std::scoped_lock lock(mutex_);
    return asked_;
  }

 private:
  static Result<std::string> taken(io::RestartableSource& body, std::size_t limit) {
    std::string text;
    std::array<std::byte, 4096> block;
    while (text.size() < limit) {
      SLIPWAY_ASSIGN(const std::size_t n,
                     body.read(std::span(block).first(std::min(block.size(), limit - text.size()))));
      if (n == 0) break;
      text.append(io::as_text(std::span<const std::byte>(block).first(n)));
    }
    return text;
  }
  static Result<http::Response> broken(http::ResponseHandler& handler, http::Breakdown breakdown) {
    handler.broke(breakdown);
    return fail(Errc::network, "the script breaks the connection");
  }

  Script script_;
  mutable std::mutex mutex_;
  std::vector<Asked> asked_;
};

}  // namespace slipway::test
