#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "slipway/base/secret.h"
#include "slipway/io/stream.h"

namespace slipway::http {

using Header = std::pair<std::string, std::string>;

/// One request. The body, if any, has a known length; uploads are never chunked.
struct Request {
  std::string method = "GET";
  std::string url;                        ///< absolute http or https
  std::vector<Header> headers;            ///< no control characters (checked)
  Secret authorization;                   ///< value of the Authorization header, empty for none
  io::RestartableSource* body = nullptr;  ///< not owned; read once from its start
  std::int64_t body_size = 0;             ///< bytes
  bool foreign = false;                   ///< not to the place that the user named: gets no client certificate
  bool public_only = false;               ///< refused where the name leads to a private address (not through a proxy)
  bool repeatable = true;                 ///< false where a repetition means something else; for retrying layers
  std::vector<int> expected;              ///< statuses of 400 and more that are answers; for retrying layers
};

/// One response; header names lower-case, in the order received.
struct Response {
  int status = 0;
  std::vector<Header> headers;
  std::string url;            ///< the URL that answered
  bool from_private = false;  ///< the address that answered is private

  /// The first header of that (lower-case) name.
  std::optional<std::string> header(std::string_view name) const;
  std::vector<std::string> all(std::string_view name) const;
};

/// The reason that no whole response came, to decide what to try next. People read the error's message.
/// `forbidden` is our own refusal to go on, e.g. to a private address.
enum class Breakdown { none, resolve, connect, certificate, timeout, forbidden, other };

/// Receives a response; decides about the body when the status is known.
class ResponseHandler {
 public:
  virtual ~ResponseHandler() = default;
  /// Called before the body; an error aborts the transfer. Layers that repeat requests call it again for the next
  /// response, which replaces what came before, while can_begin_again().
  virtual Status begin(const Response& response) = 0;
  virtual Status write(io::Bytes bytes) = 0;
  /// Called once, last, when perform() is about to fail with Errc::network.
  virtual void broke(Breakdown) {}
  /// Returns true unless bytes were passed on that cannot be taken back.
  virtual bool can_begin_again() const { return false; }
};

/// Certificates for one host, beside the ones that are trusted everywhere.
struct HostCertificates {
  std::string authorities;  ///< PEM text
  std::string certificate;  ///< a client's, PEM file; empty for none
  std::string key;          ///< its key, PEM file
};

/// Finds them; asked once for each host, port and kind. Thread-safe.
using FindCertificates = std::function<Result<HostCertificates>(const std::string& host, int port, bool foreign)>;

/// The next step to name in an error, in the words of the program above: this room does not know its options.
struct TransportHints {
  std::string certificate = "check this machine's clock, and that it trusts the server's certificate authority";
  std::string tls = "check that the server talks TLS on this port";
  std::string timeout = "check the network, or wait longer";
};

/// Options of the connections for one side of a transfer.
struct TransportOptions {
  std::string ca_file;  ///< PEM; empty: SSL_CERT_FILE or the system's
  std::string ca_path;
  FindCertificates certificates;
  bool verify_tls = true;
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds idle_timeout{60'000};  ///< no byte for so long: Errc::network
  std::string user_agent = "slipway";
  TransportHints hints;
};

/// One request, one response streamed into a handler. Thread-safe; blocking. curl_transport() does nothing else; layers
/// (RetryingTransport, and those of the room registry) wrap a transport and are one. Errc::network for anything below
/// HTTP, Errc::cancelled on stop.
class HttpTransport {
 public:
  virtual ~HttpTransport() = default;
  virtual Result<Response> perform(const Request& request, ResponseHandler& handler, std::stop_token stop) = 0;
};

/// libcurl, loaded when the first request is made.
std::unique_ptr<HttpTransport> curl_transport(TransportOptions options);

/// Performs a request and collects at most `limit` bytes of body (Errc::too_large beyond).
struct TextResponse {
  Response response;
  std::string body;
};
Result<TextResponse> perform_text(HttpTransport& transport, const Request& request, std::size_t limit,
                                  std::stop_token stop);

}  // namespace slipway::http
