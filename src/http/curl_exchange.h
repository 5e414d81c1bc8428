#pragma once

#include <algorithm>
#include <array>
#include <optional>

#include "http/curl_api.h"
#include "slipway/http/transport.h"

namespace slipway::http {

/// One transfer: the callbacks of libcurl while it runs, and its result.
class CurlExchange {
 public:
  CurlExchange(const CurlApi& api, CURL* handle, const Request& request, ResponseHandler& handler,
               const TransportHints& hints, std::stop_token stop)
      : api_(api), handle_(handle), request_(request), handler_(handler), hints_(hints), stop_(std::move(stop)) {}

  static std::size_t on_header(char* data, std::size_t, std::size_t size, void* self);
  static std::size_t on_body(char* data, std::size_t, std::size_t size, void* self);
  static std::size_t on_read(char* data, std::size_t, std::size_t size, void* self);
  static int on_seek(void* self, curl_off_t offset, int origin);
  static int on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t);
  /// Opens the connection's socket, or refuses to: names are resolved by then, so the address decides.
  static curl_socket_t on_socket(void* self, curlsocktype purpose, curl_sockaddr* address);

  /// Buffer for libcurl's error text, of CURL_ERROR_SIZE bytes.
  char* detail() { return detail_.data(); }

  /// Returns the response after the transfer, or its first failure.
  Result<Response> result(CURLcode code);

 private:
  /// Remembers the first failure; true for success.
  bool succeeded(Status status);
  bool header(std::string_view line);
  /// Tells the handler the status, once.
  Status begin();
  std::size_t upload(char* data, std::size_t size);
  Error private_error() const;
  Error network_error(CURLcode code) const;

  const CurlApi& api_;
  CURL* handle_;
  const Request& request_;
  ResponseHandler& handler_;
  const TransportHints& hints_;
  std::stop_token stop_;
  Response response_;
  std::optional<Error> error_;
  std::optional<std::string> private_address_;  // one that was refused
  std::size_t header_bytes_ = 0;
  std::array<char, CURL_ERROR_SIZE> detail_{};
  bool headers_ended_ = false;
  bool begun_ = false;
};

}  // namespace slipway::http
