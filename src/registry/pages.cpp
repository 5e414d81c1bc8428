#include "registry/pages.h"

#include "registry/link_header.h"

namespace slipway::registry {
namespace {

constexpr std::size_t kMaxPages = 1'000;

}  // namespace

Result<std::optional<Reply>> Pages::next() {
  if (ended_) return std::optional<Reply>();
  if (asked_.size() == kMaxPages) return fail(Errc::too_large, "{} are on more than {} pages", what_, kMaxPages);
  if (!asked_.insert(call_.path).second)
    return fail(Errc::network, "{} are listed on pages that lead back to each other", what_);
  auto sent = host_.send(call_, {});
  // A later page that is not there is a list cut short, never a list that does not exist.
  if (!sent && asked_.size() > 1 && sent.error().code == Errc::not_found) {
    return fail(error(Errc::network, "page {} of {} does not exist", asked_.size(), what_).on(sent.error().side));
  }
  SLIPWAY_ASSIGN(Reply reply, std::move(sent));
  SLIPWAY_ASSIGN(auto path, path_after(reply));
  ended_ = !path;
  if (path) call_.path = *std::move(path);
  call_.accepts.clear();
  return std::optional(std::move(reply));
}

Result<std::optional<std::string>> Pages::path_after(const Reply& reply) const {
  auto link = next_link(reply.response.all("link"));
  if (!link) return fail(std::move(link).error().in("listing " + what_));
  if (!*link) return std::optional<std::string>();
  SLIPWAY_ASSIGN(const auto here, http::Url::parse(reply.response.url));
  SLIPWAY_ASSIGN(const auto there, http::resolve(here, **link));
  if (!there.same_origin(here)) {
    Error refused = error(Errc::network, "{} continue on another host ({}), which is refused", what_,
                          http::displayable(there.str()));
    if (there.host == here.host && here.scheme == "https") refused.hint = std::string(kForwardedHint);
    return fail(std::move(refused));
  }
  return std::optional(there.path + (there.query.empty() ? "" : "?" + there.query));
}

}  // namespace slipway::registry
