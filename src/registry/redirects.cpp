#include "registry/redirects.h"

#include "slipway/base/text.h"
#include "slipway/http/address.h"
#include "slipway/http/holding.h"

namespace slipway::registry {
namespace {

constexpr int kMaxRedirects = 10;
constexpr std::size_t kShownUrl = 200;

bool keeps_method(int status) { return status == 307 || status == 308; }

bool is_redirect(const http::Response& response) {
  const int status = response.status;
  return (status == 301 || status == 302 || status == 303 || keeps_method(status)) && response.header("location");
}

}  // namespace

Status check_handover(std::string_view who, const http::Url& from, const http::Url& to) {
  if (from.scheme == "https" && to.scheme == "http") {
    return fail(error(Errc::network, "{} from https to http ({}), which is refused", who,
                      printable(http::displayable(to.str()), kShownUrl))
                    .with_hint(std::string(kForwardedHint)));
  }
  if (!to.same_origin(from) && http::is_private(to.host) && !http::is_private(from.host)) {
    return fail(Errc::network, "{} to the private address {}, which is refused", who, to.host);
  }
  return {};
}

Result<http::Response> RedirectTransport::perform(const http::Request& request, http::ResponseHandler& handler,
                                                  std::stop_token stop) {
  http::Request hop = request;
  for (int redirects = 0;; ++redirects) {
    endpoint_.mark(hop);
    http::HoldingHandler attempt(handler, is_redirect);
    auto response = next_.perform(hop, attempt, stop);
    if (response && !hop.foreign) endpoint_.learn_address(*response);
    if (!response || attempt.held() == nullptr) return attempt.result(std::move(response));
    Status allowed = redirects < kMaxRedirects ? redirect(hop, *response)
                                               : fail(Errc::network, "{} redirects too many times", endpoint_.name());
    if (!allowed) {
      handler.broke(http::Breakdown::forbidden);
      return fail(std::move(allowed).error());
    }
    if (hop.body != nullptr) SLIPWAY_TRY(hop.body->restart());
  }
}

Status RedirectTransport::redirect(http::Request& request, const http::Response& response) const {
  const bool reading = request.method == "GET" || request.method == "HEAD";
  if (!reading && !keeps_method(response.status)) {
    return fail(Errc::network, "{} redirects a {} with status {}, which would drop its body", endpoint_.name(),
                request.method, response.status);
  }
  SLIPWAY_ASSIGN(const auto from, http::Url::parse(request.url));
  SLIPWAY_ASSIGN(const auto to, http::resolve(from, *response.header("location")));
  SLIPWAY_TRY(check_handover(endpoint_.name() + " redirects", from, to));
  if (!to.same_origin(from)) request.authorization = Secret();
  request.url = to.str();
  return {};
}

}  // namespace slipway::registry
