#include "registry/host.h"

#include <algorithm>

#include "slipway/base/text.h"

namespace slipway::registry {
namespace {

constexpr int kMaxRedirects = 10;
constexpr std::size_t kMaxErrorBody = 64u << 10;

/// Collects a body, or streams a successful one into the call's sink.
class ReplyHandler final : public http::ResponseHandler {
 public:
  explicit ReplyHandler(const Call& call) : call_(call) {}

  Status begin(const http::Response& response) override {
    success_ = response.status >= 200 && response.status < 300;
    return {};
  }

  Status write(io::Bytes bytes) override {
    if (success_ && call_.sink != nullptr) {
      streamed_ = true;
      return call_.sink->write(bytes);
    }
    if (!success_) {
      const std::size_t room = kMaxErrorBody - std::min(body_.size(), kMaxErrorBody);
      body_.append(io::as_text(bytes).substr(0, room));
      return {};
    }
    if (body_.size() + bytes.size() > call_.limit) {
      return fail(Errc::too_large, "{} is more than the limit of {}", call_.what, human_bytes(call_.limit));
    }
    body_.append(io::as_text(bytes));
    return {};
  }

  bool streamed() const { return streamed_; }
  std::string take() { return std::move(body_); }

 private:
  const Call& call_;
  bool success_ = false;
  bool streamed_ = false;
  std::string body_;
};

std::string host_of(std::string_view authority) {
  if (!authority.empty() && authority[0] == '[') return std::string(authority.substr(0, authority.find(']') + 1));
  return std::string(authority.substr(0, authority.find(':')));
}

/// Canonical forms only: "127.1" or "0x7f.1" are not local to anybody who reads them.
bool is_loopback(std::string_view host) {
  if (host == "localhost" || host == "[::1]") return true;
  if (host.size() > 10 && host.substr(host.size() - 10) == ".localhost") return true;
  const std::vector<std::string> parts = split(host, '.');
  return parts.size() == 4 && parts[0] == "127" && std::all_of(parts.begin(), parts.end(), [](const std::string& part) {
           return !part.empty() && part.size() <= 3 && part.find_first_not_of("0123456789") == std::string::npos;
         });
}

/// Literal addresses that a public server has no business pointing at.
bool is_private(std::string_view host) {
  if (is_loopback(host) || host.rfind("[f", 0) == 0) return true;
  const std::vector<std::string> parts = split(host, '.');
  if (parts.size() != 4 || parts[0].find_first_not_of("0123456789") != std::string::npos) return false;
  const int second = parts[1].empty() || parts[1].size() > 3 ? 0 : std::atoi(parts[1].c_str());
  return parts[0] == "10" || parts[0] == "0" || (parts[0] == "192" && second == 168) ||
         (parts[0] == "172" && second >= 16 && second < 32) || (parts[0] == "169" && second == 254);
}

}  // namespace

Host::Host(std::string name, RegistryParts parts, RegistryOptions options)
    : name_(std::move(name)),
      authority_(name_ == "docker.io" ? "registry-1.docker.io" : name_),
      parts_(parts),
      options_(options),
      loopback_(is_loopback(host_of(name_))) {
  const bool port_443 = authority_.size() > 4 && authority_.substr(authority_.size() - 4) == ":443";
  const bool http_first =
      options_.plain_http || (loopback_ && !options_.require_tls && !options_.insecure && !port_443);
  scheme_ = http_first ? "http" : "https";
  scheme_decided_ = options_.plain_http || (!loopback_ && !options_.insecure) || options_.require_tls || port_443;
}

std::optional<bool> Host::has_referrers_api() {
  const std::scoped_lock lock(mutex_);
  return referrers_api_;
}

void Host::learn_referrers_api(bool has) {
  const std::scoped_lock lock(mutex_);
  referrers_api_ = has;
}

Result<Reply> Host::send(const Call& call, std::stop_token stop) {
  for (int attempt_number = 1;; ++attempt_number) {
    SLIPWAY_TRY(wait_for_embargo(stop));
    if (attempt_number > 1 && call.body != nullptr) SLIPWAY_TRY(call.body->restart());
    Result<Reply> reply = attempt(call, stop);
    const bool answered = reply.has_value();
    const int status = answered ? reply->status() : 0;
    if (answered &&
        (status < 400 || std::find(call.accepts.begin(), call.accepts.end(), status) != call.accepts.end())) {
      return reply;
    }
    const bool worth = answered ? http::is_retryable(status) : reply.error().code == Errc::network;
    std::optional<std::chrono::milliseconds> asked;
    if (answered) {
      if (const auto header = reply->response.header("retry-after")) {
        asked = http::parse_retry_after(*header, parts_.clock->now());
      }
    }
    const auto delay = worth && call.retry
                           ? http::retry_delay(options_.retry, attempt_number, status, asked, *parts_.rng)
                           : std::nullopt;
    if (!delay) {
      if (answered) return fail(error_of(*reply, call, name_).on(options_.side));
      return fail(std::move(reply).error().on(options_.side));
    }
    // Other lanes must not go on hammering a host that asked for peace.
    if (status == 429 || status == 503) {
      impose_embargo(*delay);
    } else {
      SLIPWAY_TRY(parts_.clock->sleep(*delay, stop));
    }
  }
}

Result<Reply> Host::attempt(const Call& call, std::stop_token stop) {
  bool challenged = false;
  while (true) {
    SLIPWAY_ASSIGN(const Secret authorization, authorization_for(call, stop));
    Result<Reply> reply = exchange(call, authorization, stop);
    if (switch_to_https(reply, call)) {
      if (call.body != nullptr) SLIPWAY_TRY(call.body->restart());
      continue;
    }
    if (!reply || reply->status() != 401 || challenged) return reply;
    SLIPWAY_ASSIGN(const bool again, answer_challenge(*reply, call, !authorization.empty()));
    if (!again) return reply;
    challenged = true;
    if (call.body != nullptr) SLIPWAY_TRY(call.body->restart());
  }
}

Result<Reply> Host::exchange(const Call& call, const Secret& authorization, std::stop_token stop) {
  http::Request request;
  request.method = call.method;
  request.url = call.path[0] == '/' ? scheme() + "://" + authority_ + call.path : call.path;
  request.headers = call.headers;
  request.body = call.body;
  request.body_size = call.body_size;
  SLIPWAY_ASSIGN(const auto url, http::Url::parse(request.url));
  SLIPWAY_ASSIGN(const auto home, http::Url::parse(scheme() + "://" + authority_));
  // An upload may live elsewhere: credentials go to the registry alone.
  if (url.same_origin(home)) {
    request.authorization = authorization;
  } else if (url.scheme == "http" && home.scheme == "https") {
    return fail(Errc::network, "{} sends the transfer from https to http ({}), which is refused", name_,
                printable(http::displayable(request.url), 200));
  }
  return follow(std::move(request), call, std::move(stop));
}

Result<Reply> Host::follow(http::Request request, const Call& call, std::stop_token stop) {
  for (int redirects = 0;; ++redirects) {
    ReplyHandler handler(call);
    auto response = parts_.transport->perform(request, handler, stop);
    if (!response) {
      Error error = std::move(response).error();
      // Bytes that were passed on cannot be taken back: this is no case for a silent retry.
      if (handler.streamed() && error.code == Errc::network) error.code = Errc::failed;
      return fail(std::move(error));
    }
    const int status = response->status;
    const bool redirect = status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
    const auto location = response->header("location");
    if (!redirect || !location) return Reply{*std::move(response), handler.take()};
    if (redirects == kMaxRedirects) return fail(Errc::network, "{} redirects without end", name_);
    const bool reading = request.method == "GET" || request.method == "HEAD";
    if (!reading && status != 307 && status != 308) {
      return fail(Errc::network, "{} redirects a {} with {}, which would lose its body", name_, request.method, status);
    }
    SLIPWAY_ASSIGN(const auto from, http::Url::parse(request.url));
    SLIPWAY_ASSIGN(const auto to, http::resolve(from, *location));
    if (from.scheme == "https" && to.scheme == "http") {
      return fail(Errc::network, "{} redirects from https to http, which is refused", name_);
    }
    if (!to.same_origin(from)) {
      if (is_private(to.host) && !is_private(from.host)) {
        return fail(Errc::network, "{} redirects to the private address {}, which is refused", name_, to.host);
      }
      request.authorization = Secret();
    }
    if (request.body != nullptr) SLIPWAY_TRY(request.body->restart());
    request.url = to.str();
  }
}

std::string Host::scheme() {
  const std::scoped_lock lock(mutex_);
  return scheme_;
}

bool Host::switch_to_https(const Result<Reply>& reply, const Call& call) {
  if (call.path[0] != '/') return false;
  const std::scoped_lock lock(mutex_);
  if (scheme_decided_) return false;
  const bool answered = reply.has_value();
  if (scheme_ == "https") {  // --insecure: no TLS there, so without
    scheme_decided_ = true;
    if (answered || reply.error().code != Errc::network) return false;
    scheme_ = "http";
    return true;
  }
  const bool wants_tls = answered && reply->status() == 400 && reply->body.find("HTTPS") != std::string::npos;
  const bool garbage = !answered && reply.error().code == Errc::network &&
                       reply.error().message.find("resolve") == std::string::npos &&
                       reply.error().message.find("connect") == std::string::npos;
  if (!wants_tls && !garbage) {
    scheme_decided_ = answered;
    return false;
  }
  scheme_ = "https";
  scheme_decided_ = true;
  return true;
}

Status Host::wait_for_embargo(std::stop_token stop) {
  std::chrono::milliseconds left{0};
  {
    const std::scoped_lock lock(mutex_);
    left = embargo_ - parts_.clock->monotonic();
  }
  if (left.count() <= 0) return {};
  return parts_.clock->sleep(left, std::move(stop));
}

void Host::impose_embargo(std::chrono::milliseconds duration) {
  const std::scoped_lock lock(mutex_);
  embargo_ = std::max(embargo_, parts_.clock->monotonic() + duration);
}

Status Host::check_realm(const http::Url& realm) {
  const bool plain = scheme() == "http";
  if (realm.scheme != "https" && !plain) {
    return fail(Errc::unauthorized, "{} sends logins to {} without TLS, which is refused", name_, realm.host);
  }
  if (is_private(realm.host) && !is_private(host_of(authority_)) && realm.host != host_of(authority_)) {
    return fail(Errc::unauthorized, "{} sends logins to the private address {}, which is refused", name_, realm.host);
  }
  return {};
}

}  // namespace slipway::registry
