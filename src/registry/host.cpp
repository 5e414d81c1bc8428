#include "registry/host.h"

#include <algorithm>

#include "registry/reply_handler.h"

namespace slipway::registry {
namespace {

http::Request request_of(const Call& call) {
  http::Request request;
  request.method = call.method;
  request.url = call.path;
  request.headers = call.headers;
  request.body = call.body;
  request.body_size = call.body_size;
  request.repeatable = call.retry;
  request.expected = call.accepts;
  return request;
}

bool is_answer(const Call& call, int status) {
  constexpr int kFirstError = 400;
  return status < kFirstError || std::find(call.accepts.begin(), call.accepts.end(), status) != call.accepts.end();
}

}  // namespace

Host::Host(std::string name, SessionServices services, RegistryOptions options)
    : services_(std::move(services)),
      options_(options),
      endpoint_(std::move(name), options_),
      warnings_(endpoint_.name(), services_.warn, *services_.transport),
      redirects_(endpoint_, warnings_),
      at_endpoint_(endpoint_, redirects_),
      authenticator_(endpoint_, options_, *services_.credentials, *services_.transport, *services_.clock),
      embargo_(*services_.clock),
      memory_(endpoint_.name(), services_.knowledge) {}

Result<Reply> Host::send(const Call& call, std::stop_token stop) {
  if (!stop.stop_possible()) stop = services_.stop;
  const Scope scope{call.repository, call.actions, call.mount_from, call.what};
  AuthenticatedTransport authenticated(authenticator_, endpoint_, scope, at_endpoint_);
  http::RetryingTransport retrying(authenticated, options_.retry, embargo_, *services_.clock, *services_.rng);
  ReplyHandler handler(call);
  auto response = retrying.perform(request_of(call), handler, std::move(stop));
  if (!response) return fail(std::move(response).error().on(options_.side));
  Reply reply{*std::move(response), handler.take_body()};
  if (is_answer(call, reply.status())) return reply;
  return fail(error_of(reply, call, name()).on(options_.side));
}

Result<bool> Host::wait_to_retry(int tries, int status, std::stop_token stop) {
  const auto delay = http::retry_delay(options_.retry, tries, status, std::nullopt, *services_.rng);
  if (!delay) return false;
  SLIPWAY_TRY(services_.clock->sleep(*delay, stop.stop_possible() ? std::move(stop) : services_.stop));
  return true;
}

}  // namespace slipway::registry
