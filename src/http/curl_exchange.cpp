#include "http/curl_exchange.h"

#include <sys/socket.h>

#include "http/socket_address.h"
#include "slipway/base/text.h"
#include "slipway/http/address.h"
#include "slipway/http/url.h"

// The checked macros call the functions by name; these calls go through a table.
#undef curl_easy_setopt
#undef curl_easy_getinfo

namespace slipway::http {
namespace {

constexpr std::size_t kMaxHeaders = 256u << 10;

Breakdown breakdown_of(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST:
      return Breakdown::resolve;
    case CURLE_COULDNT_CONNECT:
      return Breakdown::connect;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
      return Breakdown::certificate;
    case CURLE_OPERATION_TIMEDOUT:
      return Breakdown::timeout;
    default:
      return Breakdown::other;
  }
}

}  // namespace

std::size_t CurlExchange::on_header(char* data, std::size_t, std::size_t size, void* self) {
  return static_cast<CurlExchange*>(self)->header({data, size}) ? size : 0;
}

std::size_t CurlExchange::on_body(char* data, std::size_t, std::size_t size, void* self) {
  auto* exchange = static_cast<CurlExchange*>(self);
  const io::Bytes bytes = io::as_bytes({data, size});
  return exchange->succeeded(exchange->begin()) && exchange->succeeded(exchange->handler_.write(bytes)) ? size : 0;
}

std::size_t CurlExchange::on_read(char* data, std::size_t, std::size_t size, void* self) {
  return static_cast<CurlExchange*>(self)->upload(data, size);
}

int CurlExchange::on_seek(void* self, curl_off_t offset, int origin) {
  auto* exchange = static_cast<CurlExchange*>(self);
  if (origin != SEEK_SET || offset != 0 || exchange->request_.body == nullptr) return CURL_SEEKFUNC_CANTSEEK;
  return exchange->succeeded(exchange->request_.body->restart()) ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL;
}

int CurlExchange::on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<CurlExchange*>(self)->stop_.stop_requested() ? 1 : 0;
}

curl_socket_t CurlExchange::on_socket(void* self, curlsocktype, curl_sockaddr* address) {
  auto* exchange = static_cast<CurlExchange*>(self);
  const std::string where = exchange->request_.public_only ? literal_of(address->addr, address->addrlen) : "";
  if (exchange->request_.public_only && (where.empty() || is_private(where))) {
    exchange->private_address_ = where;
    return CURL_SOCKET_BAD;
  }
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

Result<Response> CurlExchange::result(CURLcode code) {
  if (stop_.stop_requested()) return fail(Errc::cancelled, "interrupted");
  long status = 0;
  api_.easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &status);
  // A refusal may come, and the connection end, while the body is still under way: the answer counts.
  const bool refused = code == CURLE_SEND_ERROR && status >= 400;
  if (code == CURLE_OK && !headers_ended_) code = CURLE_GOT_NOTHING;  // to libcurl an end among the headers is none
  if (code != CURLE_OK && !refused) {
    if (error_) return fail(*std::move(error_));
    const bool kept_out = private_address_ && code == CURLE_COULDNT_CONNECT;
    handler_.broke(kept_out ? Breakdown::forbidden : breakdown_of(code));
    return fail(kept_out ? private_error() : network_error(code));
  }
  SLIPWAY_TRY(begin());
  return std::move(response_);
}

bool CurlExchange::succeeded(Status status) {
  if (status) return true;
  if (!error_) error_ = std::move(status).error();
  return false;
}

bool CurlExchange::header(std::string_view line) {
  header_bytes_ += line.size();
  if (header_bytes_ > kMaxHeaders) {
    return succeeded(fail(Errc::too_large, "the response's headers are more than {}", human_bytes(kMaxHeaders)));
  }
  line = trim(line);
  headers_ended_ = headers_ended_ || line.empty();
  if (line.rfind("HTTP/", 0) == 0) {
    response_.headers.clear();  // a 1xx came before
    headers_ended_ = false;
    return true;
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return true;
  response_.headers.emplace_back(to_lower(trim(line.substr(0, colon))), std::string(trim(line.substr(colon + 1))));
  return true;
}

Status CurlExchange::begin() {
  if (begun_) return {};
  begun_ = true;
  long status = 0;
  api_.easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &status);
  const char* peer = nullptr;
  api_.easy_getinfo(handle_, CURLINFO_PRIMARY_IP, &peer);
  const std::string_view address = peer == nullptr ? "" : peer;
  response_.status = static_cast<int>(status);
  response_.url = request_.url;
  response_.from_private =
      is_private(address.find(':') == std::string_view::npos ? std::string(address) : fmt::format("[{}]", address));
  return handler_.begin(response_);
}

std::size_t CurlExchange::upload(char* data, std::size_t size) {
  const auto n = request_.body->read(std::as_writable_bytes(std::span(data, size)));
  if (n) return *n;
  error_ = n.error();
  return CURL_READFUNC_ABORT;
}

Error CurlExchange::private_error() const {
  const auto url = Url::parse(request_.url);
  return Error(Errc::network, fmt::format("{} leads to the private address {}, which is refused",
                                          url ? url->host : "the server", *private_address_))
      .with_hint(
          "a public registry must not point at a private address; if that address is yours, use the registry from "
          "inside");
}

Error CurlExchange::network_error(CURLcode code) const {
  const auto url = Url::parse(request_.url);
  const std::string host = url ? url->host + ":" + std::to_string(url->port) : "the server";
  // Only that text names the check that a certificate failed.
  const bool detailed = breakdown_of(code) == Breakdown::certificate && detail_.front() != '\0';
  const std::string_view why = detailed ? std::string_view(detail_.data()) : api_.easy_strerror(code);
  Error error(Errc::network, fmt::format("cannot talk to {}: {}", host, printable(why, 300)));
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      error.hint = "check the host name and this machine's DNS";
      break;
    case CURLE_COULDNT_CONNECT:
      error.hint = "check that the registry runs there and that no firewall is between";
      break;
    case CURLE_PEER_FAILED_VERIFICATION:
      error.hint = hints_.certificate;
      break;
    case CURLE_SSL_CACERT_BADFILE:
      error.hint = hints_.authorities;
      break;
    case CURLE_SSL_CONNECT_ERROR:
      error.hint = hints_.tls;
      break;
    case CURLE_OPERATION_TIMEDOUT:
      error.hint = hints_.timeout;
      break;
    default:
      break;
  }
  return error;
}

}  // namespace slipway::http
