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

/// Name and value.
using Header = std::pair<std::string, std::string>;

/// One request. The body, if any, has a known length; bodies are never sent with chunked encoding.
struct Request {
  std::string method = "GET";
  std::string url;                        ///< absolute http or https
  std::vector<Header> headers;            ///< no control characters (checked)
  Secret authorization;                   ///< value of the Authorization header, empty for none
  io::RestartableSource* body = nullptr;  ///< not owned; read once from its start
  std::int64_t body_size = 0;             ///< bytes
  bool foreign = false;                   ///< to a host that the user did not name: gets no client certificate
  bool public_only = false;               ///< refused where the name leads to a private address (not through a proxy)
  bool repeatable = true;                 ///< false if sending it twice may do more; read by RetryingTransport
  std::vector<int> expected;              ///< statuses of 400 and more to be returned without a retry
};

/// One response; header names lower-case, in the order received.
struct Response {
  int status = 0;
  std::vector<Header> headers;
  std::string url;            ///< the URL that answered
  bool from_private = false;  ///< the address that answered is private

  /// The first header of that (lower-case) name.
  std::optional<std::string> header(std::string_view name) const;
  /// The values of every header of that name.
  std::vector<std::string> all(std::string_view name) const;
};

/// The reason why no complete response came, for layers that decide what to try next; the Error has the words for
/// people. `forbidden` means that slipway refused the connection, e.g. to a private address.
enum class Breakdown { none, resolve, connect, certificate, timeout, forbidden, other };

/// Receives a response; decides about the body when the status is known.
class ResponseHandler {
 public:
  virtual ~ResponseHandler() = default;
  /// Called before the body; an error aborts the transfer. Layers that repeat requests call it again for the next
  /// response, which replaces what came before, while can_begin_again().
  virtual Status begin(const Response& response) = 0;
  /// Called with each part of the body, of responses of every status; an error aborts the transfer.
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

/// Returns the certificates for a host; called once for each host, port and value of Request::foreign. Thread-safe.
using FindCertificates = std::function<Result<HostCertificates>(const std::string& host, int port, bool foreign)>;

/// Hints for errors, in the words of the program that knows the options by which they are changed.
struct TransportHints {
  std::string certificate = "check this machine's clock, and that it trusts the server's certificate authority";
  std::string authorities = "install this system's certificate authorities";  ///< where it has none
  std::string tls = "check that the server talks TLS on this port";
  std::string timeout = "check the network, or wait longer";
};

/// Options of the connections of one side of a transfer.
struct TransportOptions {
  std::string ca_file;  ///< PEM; empty: SSL_CERT_FILE or the system's
  std::string ca_path;  ///< a folder of hashed PEM files; empty: SSL_CERT_DIR or the system's
  FindCertificates certificates;
  bool verify_tls = true;
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds idle_timeout{60'000};  ///< no byte for so long: Errc::network
  std::string user_agent = "slipway";
  TransportHints hints;
};

/// Sends one request and streams its response into a handler. Thread-safe; perform() blocks and calls the handler in
/// the caller's thread. A response of any status is a success; Errc::network for any failure below HTTP, cancelled on
/// stop, or the handler's own error. curl_transport() does just that; layers (RetryingTransport, and those in
/// src/registry) wrap another transport, which outlives them.
class HttpTransport {
 public:
  virtual ~HttpTransport() = default;
  virtual Result<Response> perform(const Request& request, ResponseHandler& handler, std::stop_token stop) = 0;
};

/// Returns the transport of libcurl, which is loaded when the first request is made (Errc::failed when it is missing).
std::unique_ptr<HttpTransport> curl_transport(TransportOptions options);

/// A response with its body.
struct TextResponse {
  Response response;
  std::string body;
};
/// Performs a request and collects at most `limit` bytes of body; Errc::too_large beyond.
Result<TextResponse> perform_text(HttpTransport& transport, const Request& request, std::size_t limit,
                                  std::stop_token stop);

}  // namespace slipway::http
