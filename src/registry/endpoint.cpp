#include "registry/endpoint.h"

#include "registry/redirects.h"
#include "slipway/http/address.h"
#include "slipway/http/holding.h"

namespace slipway::registry {

using http::Breakdown;

Endpoint::Endpoint(std::string name, const RegistryOptions& options)
    : name_(std::move(name)),
      authority_(name_ == "docker.io" ? "registry-1.docker.io" : name_),
      loopback_(http::is_loopback(http::host_of(name_))),
      plain_http_(options.plain_http),
      insecure_(options.insecure) {
  const bool tls_port = authority_.ends_with(":443");
  const bool http_first = plain_http_ || (loopback_ && !options.require_tls && !insecure_ && !tls_port);
  scheme_ = http_first ? "http" : "https";
  scheme_decided_ = plain_http_ || (!loopback_ && !insecure_) || options.require_tls || tls_port;
}

std::string Endpoint::scheme() {
  const std::scoped_lock lock(mutex_);
  return scheme_;
}

Result<http::Url> Endpoint::origin() { return http::Url::parse(scheme() + "://" + authority_); }

void Endpoint::mark(http::Request& request) {
  const auto url = http::Url::parse(request.url);
  const auto home = origin();
  request.foreign = !url || !home || !url->same_origin(*home);
  const std::scoped_lock lock(mutex_);
  request.public_only = request.foreign && home && !http::is_private(home->host) && !private_.value_or(false);
}

void Endpoint::learn_address(const http::Response& response) {
  const std::scoped_lock lock(mutex_);
  private_ = response.from_private;
}

bool Endpoint::may_be_tls_port(const std::string& used, int status) const {
  constexpr int kBadRequest = 400;
  return status == kBadRequest && used == "http" && loopback_ && !plain_http_;
}

bool Endpoint::learn_scheme(const Attempt& attempt) {
  const std::scoped_lock lock(mutex_);
  const bool plain_400 = may_be_tls_port(attempt.used, attempt.status);
  const auto says = [&](const char* text) { return attempt.body.find(text) != std::string::npos; };
  if (plain_400 && (says("HTTPS") || says("SSL-enabled"))) {
    scheme_ = "https";
    scheme_decided_ = true;
    return true;
  }
  // The 400 of a TLS port to a HEAD has no words: like a connection that breaks, it is worth a guess.
  const bool mute = plain_400 && attempt.method == "HEAD" && !scheme_decided_;
  const bool judged = attempt.breakdown == Breakdown::certificate || attempt.breakdown == Breakdown::forbidden;
  if ((attempt.status != 0 && !mute) || judged) {
    scheme_decided_ = scheme_decided_ || attempt.used == scheme_;
    return false;
  }
  if (scheme_ != attempt.used) return true;  // another lane found out while this request was under way
  if (scheme_decided_) return false;
  const std::string preferred = insecure_ ? "https" : "http";
  if (attempt.used != preferred) {  // the guess was wrong
    scheme_ = preferred;
    return false;
  }
  const bool other =
      mute || attempt.breakdown == Breakdown::other || (insecure_ && attempt.breakdown == Breakdown::connect);
  if (other) scheme_ = attempt.used == "http" ? "https" : "http";
  return other;
}

namespace {

/// One attempt over one scheme.
class SchemeAttempt {
 public:
  SchemeAttempt(Endpoint& endpoint, const http::Request& request, http::ResponseHandler& handler)
      : used_(endpoint.scheme()),
        method_(request.method),
        request_(request),
        handler_(handler, [this, &endpoint](const http::Response& response) {
          status_ = response.status;
          return endpoint.may_be_tls_port(used_, response.status);
        }) {
    request_.url = used_ + "://" + endpoint.authority() + request.url;
  }

  void run(http::HttpTransport& next, std::stop_token stop) {
    response_ = next.perform(request_, handler_, std::move(stop));
  }

  Endpoint::Attempt outcome() const { return {used_, method_, status_, handler_.body(), handler_.breakdown()}; }
  bool broke() const {
    return !response_ && handler_.breakdown() != Breakdown::none && handler_.breakdown() != Breakdown::certificate;
  }
  Result<http::Response> finish() {
    if (response_ && handler_.held() != nullptr) return handler_.release();
    return handler_.result(std::move(response_));
  }

 private:
  const std::string used_;
  const std::string method_;
  http::Request request_;
  int status_ = 0;
  http::HoldingHandler handler_;
  Result<http::Response> response_;
};

}  // namespace

Result<http::Response> EndpointTransport::perform(const http::Request& request, http::ResponseHandler& handler,
                                                  std::stop_token stop) {
  if (!request.url.starts_with('/')) return perform_handed_over(request, handler, std::move(stop));
  SchemeAttempt first(endpoint_, request, handler);
  first.run(next_, stop);
  if (!endpoint_.learn_scheme(first.outcome())) return first.finish();
  if (request.body != nullptr) SLIPWAY_TRY(request.body->restart());
  SchemeAttempt second(endpoint_, request, handler);
  second.run(next_, std::move(stop));
  endpoint_.learn_scheme(second.outcome());
  return second.broke() ? first.finish() : second.finish();
}

Result<http::Response> EndpointTransport::perform_handed_over(http::Request request, http::ResponseHandler& handler,
                                                              std::stop_token stop) {
  SLIPWAY_ASSIGN(const auto url, http::Url::parse(request.url));
  SLIPWAY_ASSIGN(const auto home, endpoint_.origin());
  if (!url.same_origin(home)) {
    request.authorization = Secret();
    if (Status allowed = check_handover(endpoint_.name() + " sends the transfer", home, url); !allowed) {
      handler.broke(Breakdown::forbidden);
      return fail(std::move(allowed).error());
    }
  }
  return next_.perform(request, handler, std::move(stop));
}

}  // namespace slipway::registry
