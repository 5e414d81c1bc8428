#include "registry/call.h"

#include "slipway/base/json.h"
#include "slipway/base/text.h"

namespace slipway::registry {
namespace {

/// The first error of a distribution-spec error body; anything else as text.
HttpDetail detail_of(const Reply& reply) {
  constexpr std::size_t kShown = 1024;
  HttpDetail detail{.status = reply.status(), .code = {}, .detail = {}};
  const auto json = Json::parse(reply.body, "error");
  const Json body = json ? *json : Json();
  if (body.items("errors").empty()) {
    const std::string_view text = trim(reply.body);
    const bool page = text.find('<') != std::string_view::npos;  // a proxy's HTML says nothing to people
    if (!page) detail.detail = printable(text, kShown);
    return detail;
  }
  const Json& first = body.items("errors").front();
  detail.code = printable(first.text("code"), kShown);
  detail.detail = printable(first.text("message"), kShown);
  return detail;
}

Errc code_of(const HttpDetail& detail) {
  switch (detail.status) {
    case 401:
      return Errc::unauthorized;
    case 403:
      return Errc::forbidden;
    case 404:
      return Errc::not_found;
    case 409:
      return Errc::conflict;
    case 413:
      return Errc::too_large;
    case 429:
      return Errc::rate_limited;
    default:
      break;
  }
  if (detail.code == "DIGEST_INVALID" || detail.code == "SIZE_INVALID") return Errc::verification_failed;
  if (detail.code == "MANIFEST_BLOB_UNKNOWN" || detail.code == "BLOB_UNKNOWN") return Errc::not_found;
  if (detail.code == "TAG_INVALID") return Errc::conflict;
  if (detail.status >= 500 || detail.status == 408) return Errc::network;
  return Errc::failed;
}

}  // namespace

Status require_no_web_page(const Reply& reply, const Call& call) {
  const std::string type = to_lower(trim(split(reply.response.header("content-type").value_or(""), ';').front()));
  const bool page = type == "text/html" || type == "application/xhtml+xml" || trim(reply.body).starts_with('<');
  if (!page) return {};
  return fail(error(Errc::network, "the registry answered with a web page instead of {}", call.what)
                  .with_hint("check the address, and whether a proxy or a login page is in between"));
}

Error error_of(const Reply& reply, const Call& call, const std::string& host) {
  HttpDetail detail = detail_of(reply);
  const Errc code = code_of(detail);
  std::string message;
  switch (code) {
    case Errc::not_found:
      message = fmt::format("{} does not exist", call.what);
      break;
    case Errc::unauthorized:
      message = fmt::format("{} asks for credentials for {}", host, call.what);
      break;
    case Errc::forbidden:
      message = fmt::format("{} does not allow {} for {}", host, call.actions, call.what);
      break;
    case Errc::rate_limited:
      message = fmt::format("{} limits the rate of requests", host);
      break;
    default:
      message = fmt::format("{} refuses {} of {}", host, call.method, call.what);
      break;
  }
  Error error(code, std::move(message));
  if (code == Errc::unauthorized) {
    error.hint = fmt::format("log in with: slipway login {}; or name a credentials file with --authfile", host);
  }
  if (code == Errc::forbidden)
    error.hint = "check the permissions of the account: its login is valid, but does not allow this";
  if (code == Errc::rate_limited)
    error.hint = "wait and run the command again, or log in: many registries then allow more requests";
  error.http = std::move(detail);
  return error;
}

}  // namespace slipway::registry
