#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "slipway/base/clock.h"
#include "slipway/base/rng.h"
#include "slipway/http/retry.h"
#include "slipway/http/transport.h"
#include "slipway/registry/credentials.h"
#include "slipway/registry/knowledge.h"
#include "slipway/registry/upload_journal.h"
#include "slipway/store/target.h"

/// The registry client (OCI distribution-spec 1.1, and the registries that came before it).
///
/// One Session serves all repositories on all hosts for one side of a transfer. It makes one Host for each registry
/// and one Target for each repository, on first use, and keeps them, so that tokens, the choice of http or https,
/// pauses and learned habits are shared.
///
/// Order of calls: create() once, open() for each repository, then the functions of store::Target. Nothing is sent
/// before the first of those. Destroying the Session while its Targets are in use is allowed: they keep their Host.
///
/// Threads: everything may be called from several threads at once. Requests run in the caller's thread; only the
/// Source of a blob has a thread of its own, until it is destroyed.
///
/// Cost: each question is one request, plus one for a token each time scopes change or a token expires. A manifest that
/// was fetched or pushed is remembered (8 MiB for each repository), so that tagging it is one request.
///
/// Errors: Errc::unauthorized and forbidden for 401 and 403, not_found for 404, rate_limited for 429, network for
/// everything below HTTP and for 5xx, each after the retries of RegistryOptions::retry, and with the side in it.
///
/// Example: the digest of a tag.
///
///     Result<Digest> digest_of_tag(registry::SessionServices services, const oci::Location& image) {
///       const auto session = registry::Session::create(std::move(services), {.side = Side::source});
///       const auto repository = session->open(image);
///       SLIPWAY_ASSIGN(const oci::Descriptor manifest, repository->resolve(*image.tag()));
///       return manifest.digest;
///     }
namespace slipway::registry {

/// How one side of a transfer connects to registries.
struct RegistryOptions {
  bool plain_http = false;   ///< --plain-http
  bool require_tls = false;  ///< --ca-file, --cert-dir: https at once, also on loopback
  bool insecure = false;     ///< --insecure: https first, http where the host lacks TLS
  http::RetryPolicy retry;
  Side side = Side::local;  ///< the side in errors
};

/// The services of a session; all outlive it, all are thread-safe.
struct SessionServices {
  http::HttpTransport* transport = nullptr;
  CredentialStore* credentials = nullptr;
  Clock* clock = nullptr;
  Rng* rng = nullptr;
  KnowledgeStore* knowledge = nullptr;  ///< the behaviour that earlier runs observed; optional
  std::stop_token stop;                 ///< ends every request, also of calls that take no token of their own
  /// Receives warnings of registries (Warning: 299), printable, each text once; optional.
  std::function<void(const std::string&)> warn{};
  UploadJournal* uploads = nullptr;  ///< uploads that can be resumed; optional
};

/// One feature of a host that probe() tried.
struct ProbeFinding {
  std::string name;    ///< e.g. "referrers API"
  std::string answer;  ///< for people; begins with "yes", "no" or "not tried" where the feature is one of these
};

/// The purpose that a repository is opened for: decides the scopes of its tokens.
enum class Access { read, write };

/// The state that all repositories on all hosts share; see the head of this file.
class Session {
 public:
  /// Makes a session; sends nothing.
  static std::shared_ptr<Session> create(SessionServices services, RegistryOptions options);
  virtual ~Session() = default;
  /// Returns a repository as a Target with the powers Mounter, TagLister, ReferrerLister (API, else the fallback tag)
  /// and Deleter. Makes no request. With Access::write one token serves reading and writing, from now on and for all
  /// who opened the repository.
  virtual std::shared_ptr<store::Target> open(const oci::Location& location, Access access = Access::read) = 0;
  /// Returns the names of all repositories of a host, byte-sorted (`GET /v2/_catalog`, which registries need not have).
  /// Errc::unsupported where the host has no such list, or lists nothing to this login.
  virtual Result<std::vector<std::string>> catalog(const std::string& host) = 0;
  /// Asks a host whether it accepts the stored login (`GET /v2/`). Errc::unauthorized or forbidden when it does not.
  virtual Status check_login(const std::string& host) = 0;
  /// Tries the features of a host and returns the findings in a fixed order; an empty repository leaves out those that
  /// need one. With `upload` uploads are opened and cancelled, and a blob of two bytes may stay. Errc::network when the
  /// host does not answer; every other answer is a finding.
  virtual Result<std::vector<ProbeFinding>> probe(const std::string& host, const std::string& repository,
                                                  bool upload) = 0;
};

}  // namespace slipway::registry
