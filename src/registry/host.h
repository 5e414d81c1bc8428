#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "registry/call.h"
#include "registry/host_memory.h"
#include "slipway/http/url.h"
#include "slipway/registry/challenge.h"
#include "slipway/registry/registry_target.h"

namespace slipway::registry {

/// One registry host: its scheme, how it wants to be authenticated, its back-off.
/// Every request to it goes through send(). Thread-safe.
class Host {
 public:
  Host(std::string name, RegistryParts parts, RegistryOptions options);

  /// As the user wrote it, e.g. "docker.io".
  const std::string& name() const { return name_; }
  /// One call with everything around it: scheme, token, redirects, retries. A response of 400 and
  /// more is an error unless `call.accepts` lists its status.
  Result<Reply> send(const Call& call, std::stop_token stop);
  /// Requested when the whole session is to end.
  std::stop_token session_stop() const { return parts_.stop; }

  /// Waits before the next try after `tries` of them; false when there is none.
  Result<bool> wait_to_retry(int tries, int status, std::stop_token stop);

  /// What was learned of the host.
  HostMemory& memory() { return memory_; }
  /// May be missing.
  UploadJournal* uploads() const { return parts_.uploads; }
  /// How it wants to be logged in to, in words, as far as it said.
  std::string login_wanted();

 private:
  struct Token {
    Secret value;
    std::chrono::milliseconds expires{0};
  };

  /// How an attempt failed, beside the error that says it to people.
  struct Trouble {
    http::Breakdown breakdown = http::Breakdown::none;
    bool lasting = false;  // the same again would fail the same way
  };

  Result<Reply> attempt(const Call& call, std::stop_token stop, Trouble& trouble);
  Result<Reply> exchange(const Call& call, const std::string& scheme, const Secret& authorization, std::stop_token stop,
                         Trouble& trouble);
  Result<Reply> follow(http::Request request, const Call& call, std::stop_token stop, Trouble& trouble);
  void pass_warnings_on(const http::Response& response);
  /// Says whether a request goes elsewhere than to the registry, and what that place may be.
  void mark_foreign(http::Request& request);
  std::string scheme();
  /// Learns from an exchange over `used` whether http or https is spoken; true when the other is worth a try.
  bool learn_scheme(const Call& call, const Result<Reply>& reply, const std::string& used, http::Breakdown breakdown);
  Status wait_for_embargo(std::stop_token stop);
  void impose_embargo(std::chrono::milliseconds duration);

  Result<Secret> authorization_for(const Call& call, std::stop_token stop);
  /// Learns from a 401; false when nothing new can be tried. `sent`: the request had credentials.
  Result<bool> answer_challenge(const Reply& reply, const Call& call, bool sent);
  Result<Token> request_token(const Challenge& challenge, const Call& call, std::stop_token stop);
  Result<http::Url> realm_of(const Challenge& challenge);
  Result<http::TextResponse> token_by_get(const http::Url& realm, const Challenge& challenge, const Call& call,
                                          const std::optional<Credential>& login, std::stop_token stop);
  Result<http::TextResponse> token_by_post(const http::Url& realm, const Challenge& challenge, const Call& call,
                                           const Credential& login, std::stop_token stop);
  Error token_refused(int status, const http::Url& realm, const Call& call,
                      const std::optional<Credential>& login) const;
  static Result<Token> read_token(const std::string& body, const http::Url& realm, std::chrono::milliseconds now);
  Result<std::optional<Credential>> credential(const Call& call);
  Status check_realm(const http::Url& realm);
  static std::string scopes_of(const Call& call);

  std::string name_;
  std::string authority_;  // where it really is: docker.io is registry-1.docker.io
  RegistryParts parts_;
  RegistryOptions options_;
  bool loopback_;

  std::mutex mutex_;
  std::string scheme_;
  bool scheme_decided_ = false;
  std::optional<Challenge> challenge_;
  std::map<std::string, Token> tokens_;
  std::chrono::milliseconds embargo_{0};
  std::optional<bool> inside_;  // the registry's own address is private
  HostMemory memory_;
  std::set<std::string> warned_;
  std::mutex token_mutex_;  // one token request at a time
};

}  // namespace slipway::registry
