#pragma once

#include <string>

#include "registry/authenticator.h"
#include "registry/call.h"
#include "registry/endpoint.h"
#include "registry/host_memory.h"
#include "registry/redirects.h"
#include "registry/warnings.h"
#include "slipway/http/retrying.h"
#include "slipway/registry/session.h"

/// One registry, as a chain of transports. Each layer wraps the next and deals with one concern; a request passes them
/// from the top, its response from the bottom:
///
///     http::RetryingTransport   repeats what may pass, pauses all lanes where the registry asks for it
///     AuthenticatedTransport    adds the Authorization header, answers a 401 once
///     EndpointTransport         makes URLs of paths: docker.io's real host, http or https
///     RedirectTransport         follows redirects, keeps credentials with their origin
///     WarningTransport          passes the registry's warnings on
///     http::HttpTransport       curl, or a test's script
///
/// Order matters: a retry gets a fresh token, a login survives a change of scheme, and redirects are followed within
/// one attempt. The state that layers share is in Endpoint (where the registry is), Authenticator (challenge, tokens)
/// and http::Embargo (pauses); the layers themselves have none but WarningTransport's texts.
namespace slipway::registry {

/// One registry host: every request to it goes through send(). Thread-safe; requests run in the caller's thread.
class Host {
 public:
  /// `name` is the host[:port] that the user wrote, e.g. "docker.io".
  Host(std::string name, SessionServices services, RegistryOptions options);
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  const std::string& name() const { return endpoint_.name(); }
  /// Makes one call. A response of 400 and more is an error unless `call.accepts` lists its status.
  Result<Reply> send(const Call& call, std::stop_token stop);
  /// Waits before the next try after `tries` of them, for callers that repeat more than one request; returns false when
  /// the tries are used up.
  Result<bool> wait_to_retry(int tries, int status, std::stop_token stop);

  /// Requested when the whole session is to end.
  std::stop_token session_stop() const { return services_.stop; }
  Clock& clock() const { return *services_.clock; }
  /// Habits of the host that were learned.
  HostMemory& memory() { return memory_; }
  /// Uploads under way; nullptr when nobody remembers them.
  UploadJournal* uploads() const { return services_.uploads; }
  /// The login that it asks for, in words, as far as it said.
  std::string login_wanted() { return authenticator_.login_wanted(); }

 private:
  const SessionServices services_;
  const RegistryOptions options_;
  Endpoint endpoint_;
  WarningTransport warnings_;
  RedirectTransport redirects_;
  EndpointTransport at_endpoint_;
  Authenticator authenticator_;
  http::Embargo embargo_;
  HostMemory memory_;
};

}  // namespace slipway::registry
