#include "registry/host.h"

#include <algorithm>

#include "slipway/base/text.h"
#include "slipway/http/address.h"

namespace slipway::registry {

using http::host_of;
using http::is_loopback;
using http::is_private;

namespace {

constexpr int kMaxRedirects = 10;
constexpr std::size_t kMaxWarnings = 20;
constexpr int kPartial = 206;
constexpr std::size_t kMaxErrorBody = 64u << 10;

/// The text of `299 - "text"` (distribution-spec "Warnings"); other forms, and text for terminals, are nobody's.
std::optional<std::string> warning_of(std::string_view header) {
  constexpr std::string_view kHead = "299 - \"";
  constexpr std::size_t kMaxText = 1024;
  if (header.substr(0, kHead.size()) != kHead || header.size() > kMaxText || header.back() != '"') return std::nullopt;
  header.remove_prefix(kHead.size());
  std::string text;
  for (std::size_t i = 0; i + 1 < header.size(); ++i) {
    if (header[i] == '\\' && i + 2 < header.size()) ++i;
    text += header[i];
  }
  const bool plain =
      std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7F; });
  return plain && !text.empty() ? std::optional(printable(text, kMaxText)) : std::nullopt;
}

/// Collects a body, or streams a successful one into the call's sink.
class ReplyHandler final : public http::ResponseHandler {
 public:
  explicit ReplyHandler(const Call& call) : call_(call) {}

  Status begin(const http::Response& response) override {
    success_ = response.status >= 200 && response.status < 300;
    if (!success_ || call_.from == 0) return {};
    if (response.status != kPartial) {
      passed_over_ = call_.from;  // a server that ignores Range begins anew
      return {};
    }
    const std::string range = response.header("content-range").value_or("");
    const std::string wanted = fmt::format("bytes {}-{}/", call_.from, call_.size - 1);
    if (range.rfind(wanted, 0) == 0) return {};
    return fail(Errc::verification_failed, "{} comes from another byte than was asked for ('{}')", call_.what,
                printable(range, 80));
  }

  Status write(io::Bytes bytes) override {
    if (success_ && call_.sink != nullptr) {
      const std::size_t skipped = std::min(bytes.size(), static_cast<std::size_t>(passed_over_));
      passed_over_ -= static_cast<std::int64_t>(skipped);
      bytes = bytes.subspan(skipped);
      if (bytes.empty()) return {};
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

  void broke(http::Breakdown breakdown) override { breakdown_ = breakdown; }

  http::Breakdown breakdown() const { return breakdown_; }
  bool streamed() const { return streamed_; }
  std::string take() { return std::move(body_); }

 private:
  const Call& call_;
  bool success_ = false;
  bool streamed_ = false;
  std::int64_t passed_over_ = 0;  // still to be dropped from the front
  http::Breakdown breakdown_ = http::Breakdown::none;
  std::string body_;
};

}  // namespace

Host::Host(std::string name, RegistryParts parts, RegistryOptions options)
    : name_(std::move(name)),
      authority_(name_ == "docker.io" ? "registry-1.docker.io" : name_),
      parts_(parts),
      options_(options),
      loopback_(is_loopback(host_of(name_))),
      memory_(name_, parts.knowledge) {
  const bool port_443 = authority_.size() > 4 && authority_.substr(authority_.size() - 4) == ":443";
  const bool http_first =
      options_.plain_http || (loopback_ && !options_.require_tls && !options_.insecure && !port_443);
  scheme_ = http_first ? "http" : "https";
  scheme_decided_ = options_.plain_http || (!loopback_ && !options_.insecure) || options_.require_tls || port_443;
}

Result<bool> Host::wait_to_retry(int tries, int status, std::stop_token stop) {
  const auto delay = http::retry_delay(options_.retry, tries, status, std::nullopt, *parts_.rng);
  if (!delay) return false;
  SLIPWAY_TRY(parts_.clock->sleep(*delay, stop.stop_possible() ? std::move(stop) : parts_.stop));
  return true;
}

Result<Reply> Host::send(const Call& call, std::stop_token stop) {
  if (!stop.stop_possible()) stop = parts_.stop;
  for (int attempt_number = 1;; ++attempt_number) {
    SLIPWAY_TRY(wait_for_embargo(stop));
    if (attempt_number > 1 && call.body != nullptr) SLIPWAY_TRY(call.body->restart());
    Trouble trouble;
    Result<Reply> reply = attempt(call, stop, trouble);
    const bool answered = reply.has_value();
    const int status = answered ? reply->status() : 0;
    if (answered &&
        (status < 400 || std::find(call.accepts.begin(), call.accepts.end(), status) != call.accepts.end())) {
      return reply;
    }
    // A name that is unknown twice is misspelt.
    const bool unresolved = trouble.breakdown == http::Breakdown::resolve && attempt_number > 1;
    const bool worth =
        answered ? http::is_retryable(status) : reply.error().code == Errc::network && !trouble.lasting && !unresolved;
    std::optional<std::chrono::milliseconds> asked;
    if (answered) {
      if (const auto header = reply->response.header("retry-after")) {
        asked = http::parse_retry_after(*header, parts_.clock->now());
      }
    }
    // A 429 was not looked at: also what must not be repeated otherwise is sent again.
    const auto delay = worth && (call.retry || status == 429)
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

Result<Reply> Host::attempt(const Call& call, std::stop_token stop, Trouble& trouble) {
  bool challenged = false;
  std::optional<Result<Reply>> before_switch;
  while (true) {
    SLIPWAY_ASSIGN(const Secret authorization, authorization_for(call, stop));
    const std::string used = scheme();
    trouble = {};
    Result<Reply> reply = exchange(call, used, authorization, stop, trouble);
    const bool other = call.path[0] == '/' && learn_scheme(call, reply, used, trouble.breakdown);
    const bool broken = !reply && trouble.breakdown != http::Breakdown::none;
    if (broken && before_switch && trouble.breakdown != http::Breakdown::certificate) return *std::move(before_switch);
    if (other && !before_switch) {
      before_switch = std::move(reply);
      if (call.body != nullptr) SLIPWAY_TRY(call.body->restart());
      continue;
    }
    if (!reply || reply->status() != 401 || challenged) return reply;
    // Only the registry may say where its password goes, never a place that it hands a transfer to.
    SLIPWAY_ASSIGN(const auto answered, http::Url::parse(reply->response.url));
    SLIPWAY_ASSIGN(const auto home, http::Url::parse(used + "://" + authority_));
    if (!answered.same_origin(home)) {
      return fail(Errc::unauthorized, "{} hands {} over to {}, which wants credentials of its own: none are sent there",
                  name_, call.what, answered.host);
    }
    SLIPWAY_ASSIGN(const bool again, answer_challenge(*reply, call, !authorization.empty()));
    if (!again) return reply;
    challenged = true;
    if (call.body != nullptr) SLIPWAY_TRY(call.body->restart());
  }
}

Result<Reply> Host::exchange(const Call& call, const std::string& scheme, const Secret& authorization,
                             std::stop_token stop, Trouble& trouble) {
  http::Request request;
  request.method = call.method;
  request.url = call.path[0] == '/' ? scheme + "://" + authority_ + call.path : call.path;
  request.headers = call.headers;
  request.body = call.body;
  request.body_size = call.body_size;
  SLIPWAY_ASSIGN(const auto url, http::Url::parse(request.url));
  SLIPWAY_ASSIGN(const auto home, http::Url::parse(scheme + "://" + authority_));
  // An upload may live elsewhere: credentials go to the registry alone.
  if (url.same_origin(home)) {
    request.authorization = authorization;
  } else if (url.scheme == "http" && home.scheme == "https") {
    trouble.lasting = true;
    return fail(Errc::network, "{} sends the transfer from https to http ({}), which is refused", name_,
                printable(http::displayable(request.url), 200));
  } else if (is_private(url.host) && !is_private(home.host)) {
    trouble.lasting = true;
    return fail(Errc::network, "{} sends the transfer to the private address {}, which is refused", name_, url.host);
  }
  mark_foreign(request);
  return follow(std::move(request), call, std::move(stop), trouble);
}

void Host::mark_foreign(http::Request& request) {
  const auto url = http::Url::parse(request.url);
  const auto home = http::Url::parse(scheme() + "://" + authority_);
  request.foreign = !url || !home || !url->same_origin(*home);
  const std::scoped_lock lock(mutex_);
  // A registry inside may hand over to storage inside; one outside has no business pointing there.
  request.public_only = request.foreign && home && !is_private(home->host) && !inside_.value_or(false);
}

Result<Reply> Host::follow(http::Request request, const Call& call, std::stop_token stop, Trouble& trouble) {
  for (int redirects = 0;; ++redirects) {
    ReplyHandler handler(call);
    auto response = parts_.transport->perform(request, handler, stop);
    if (!response) {
      trouble.breakdown = handler.breakdown();
      // Bytes that were passed on cannot be taken back; a certificate will not be better in a second.
      trouble.lasting = handler.streamed() || trouble.breakdown == http::Breakdown::certificate ||
                        trouble.breakdown == http::Breakdown::forbidden;
      return fail(std::move(response).error());
    }
    if (!request.foreign) pass_warnings_on(*response);
    const int status = response->status;
    const bool redirect = status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
    const auto location = response->header("location");
    if (!redirect || !location) return Reply{*std::move(response), handler.take()};
    trouble.lasting = true;  // what follows are refusals: the same again would not help
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
    mark_foreign(request);
    trouble.lasting = false;
  }
}

void Host::pass_warnings_on(const http::Response& response) {
  const std::scoped_lock lock(mutex_);
  inside_ = response.from_private;
  for (const std::string& header : response.all("warning")) {
    const auto text = warning_of(header);
    if (text && parts_.warn && warned_.size() < kMaxWarnings && warned_.insert(*text).second) {
      parts_.warn(fmt::format("{} says: {}", name_, *text));
    }
  }
}

std::string Host::scheme() {
  const std::scoped_lock lock(mutex_);
  return scheme_;
}

bool Host::learn_scheme(const Call& call, const Result<Reply>& reply, const std::string& used,
                        http::Breakdown breakdown) {
  const std::scoped_lock lock(mutex_);
  const bool plain_400 = reply && used == "http" && reply->status() == 400 && loopback_ && !options_.plain_http;
  const auto says = [&](const char* text) { return reply->body.find(text) != std::string::npos; };
  if (plain_400 && (says("HTTPS") || says("SSL-enabled"))) {
    scheme_ = "https";
    scheme_decided_ = true;
    return true;
  }
  // The 400 of a TLS port to a HEAD says nothing: like a connection that breaks, it is worth a guess.
  const bool mute = plain_400 && call.method == "HEAD" && !scheme_decided_;
  if ((reply && !mute) || breakdown == http::Breakdown::certificate) {
    scheme_decided_ = scheme_decided_ || used == scheme_;
    return false;
  }
  if (scheme_ != used) return true;  // another lane found out while this request was under way
  if (scheme_decided_) return false;
  const std::string preferred = options_.insecure ? "https" : "http";
  if (used != preferred) {  // the guess was wrong
    scheme_ = preferred;
    return false;
  }
  const bool other =
      mute || breakdown == http::Breakdown::other || (options_.insecure && breakdown == http::Breakdown::connect);
  if (other) scheme_ = used == "http" ? "https" : "http";
  return other;
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
  const bool near = realm.host == host_of(authority_) || (loopback_ && is_loopback(realm.host));
  if (realm.scheme != "https" && !(plain && (near || options_.plain_http || options_.insecure))) {
    return fail(Errc::unauthorized, "{} sends logins to {} without TLS, which is refused", name_, realm.host);
  }
  if (is_private(realm.host) && !is_private(host_of(authority_))) {
    return fail(Errc::unauthorized, "{} sends logins to the private address {}, which is refused", name_, realm.host);
  }
  return {};
}

}  // namespace slipway::registry
