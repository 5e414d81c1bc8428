#pragma once

#include <string>
#include <vector>

#include "slipway/http/transport.h"

namespace slipway::registry {

/// One request of the distribution API.
struct Call {
  std::string method = "GET";
  std::string path;  ///< "/v2/..." with its query, or an absolute URL (an upload's Location)
  std::vector<http::Header> headers;
  io::RestartableSource* body = nullptr;
  std::int64_t body_size = 0;
  std::string repository;        ///< scope of the token; empty for none
  std::string actions = "pull";  ///< "pull", "pull,push", "delete"
  std::string mount_from;        ///< another repository to be read
  std::vector<int> accepts;      ///< statuses of 400 and more that are answers, not errors
  bool retry = true;             ///< false where a repetition means something else
  io::Sink* sink = nullptr;      ///< receives a successful body; without one it is collected
  std::int64_t from = 0;         ///< what the sink has already: the body goes on there (a Range header)
  std::int64_t size = 0;         ///< of the whole body, where `from` is used
  std::size_t limit = 4u << 20;  ///< of a collected body
  std::string what;              ///< "manifest v1 of host/repo", for messages
};

/// The answer to a call.
struct Reply {
  http::Response response;
  std::string body;  ///< empty when it went to a sink
  int status() const { return response.status; }
};

/// Refuses a successful answer that is a web page, as a proxy's login page: Errc::network.
Status require_no_web_page(const Reply& reply, const Call& call);

/// Returns the error that a status means, with the registry's own words and a next step.
Error error_of(const Reply& reply, const Call& call, const std::string& host);

}  // namespace slipway::registry
