#pragma once

#include <algorithm>
#include <array>
#include <optional>

#include "http/curl_api.h"
#include "slipway/http/transport.h"

namespace slipway::http {

/// One transfer: what libcurl calls back while it runs.
class CurlExchange {
 public:
  CurlExchange(const CurlApi& api, CURL* handle, const Request& request, ResponseHandler& handler, std::stop_token stop)
      : api_(api), handle_(handle), request_(request), handler_(handler), stop_(std::move(stop)) {}

  static std::size_t on_header(char* data, std::size_t, std::size_t size, void* self);
  static std::size_t on_body(char* data, std::size_t, std::size_t size, void* self);
  static std::size_t on_read(char* data, std::size_t, std::size_t size, void* self);
  static int on_seek(void* self, curl_off_t offset, int origin);
  static int on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t);
  /// Opens the connection's socket, or refuses to: names are resolved by then, and what counts is where they lead.
  static curl_socket_t on_socket(void* self, curlsocktype purpose, curl_sockaddr* address);

  /// Where libcurl writes what went wrong, of CURL_ERROR_SIZE bytes.
  char* detail() { return detail_.data(); }

  /// After the transfer: the response, or the first thing that went wrong.
  Result<Response> result(CURLcode code);

 private:
  bool keep(Status status);
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
