#pragma once

#include <mutex>
#include <optional>
#include <string>

#include "slipway/http/url.h"
#include "slipway/registry/session.h"

namespace slipway::registry {

/// The place of one registry: its authority, the scheme it speaks as far as that is known, and whether its address is a
/// private one. Shared by the layers of a Host. Thread-safe.
///
/// Schemes: https everywhere but on loopback, where http comes first because registries for tests and development are
/// there. A loopback port that answers http like a TLS port is asked over https, once, and the answer is remembered.
/// With `insecure` it is the other way round, for any host. An untrusted certificate never leads to http.
class Endpoint {
 public:
  Endpoint(std::string name, const RegistryOptions& options);

  /// As the user wrote it, e.g. "docker.io".
  const std::string& name() const { return name_; }
  /// host[:port] of the requests: docker.io is registry-1.docker.io.
  const std::string& authority() const { return authority_; }
  bool is_loopback() const { return loopback_; }
  std::string scheme();
  /// The registry's origin, with the scheme as it is known now.
  Result<http::Url> origin();

  /// Marks a request that does not go to the registry itself as foreign, and says whether it must stay out of private
  /// networks: a registry inside may hand over to storage inside, one outside may not.
  void mark(http::Request& request);
  /// Learns from an answer of the registry itself.
  void learn_address(const http::Response& response);

  /// How an attempt over one scheme ended.
  struct Attempt {
    std::string used;  ///< the scheme
    std::string method;
    int status = 0;  ///< 0 when no response began
    std::string body;
    http::Breakdown breakdown = http::Breakdown::none;
  };
  /// Returns true if a response may come from a TLS port that was spoken http to.
  bool may_be_tls_port(const std::string& used, int status) const;
  /// Learns the scheme; returns true if the other one is worth a try now.
  bool learn_scheme(const Attempt& attempt);

 private:
  const std::string name_;
  const std::string authority_;
  const bool loopback_;
  const bool plain_http_;
  const bool insecure_;

  std::mutex mutex_;
  std::string scheme_;
  bool scheme_decided_ = false;
  std::optional<bool> private_;  // the registry's own address
};

/// Turns paths on the registry ("/v2/...") into URLs, trying the other scheme where Endpoint says so, and checks
/// absolute URLs, which registries give for uploads: credentials go to the registry alone.
class EndpointTransport final : public http::HttpTransport {
 public:
  EndpointTransport(Endpoint& endpoint, http::HttpTransport& next) : endpoint_(endpoint), next_(next) {}
  Result<http::Response> perform(const http::Request& request, http::ResponseHandler& handler,
                                 std::stop_token stop) override;

 private:
  Result<http::Response> perform_handed_over(http::Request request, http::ResponseHandler& handler,
                                             std::stop_token stop);

  Endpoint& endpoint_;
  http::HttpTransport& next_;
};

}  // namespace slipway::registry
