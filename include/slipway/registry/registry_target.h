#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "slipway/base/clock.h"
#include "slipway/base/rng.h"
#include "slipway/http/retry.h"
#include "slipway/http/transport.h"
#include "slipway/registry/credentials.h"
#include "slipway/registry/knowledge.h"
#include "slipway/registry/upload_journal.h"
#include "slipway/store/target.h"

namespace slipway::registry {

/// How one side of the program talks to registries.
struct RegistryOptions {
  bool plain_http = false;   ///< --plain-http
  bool require_tls = false;  ///< --ca-file, --cert-dir: https at once, also on loopback
  bool insecure = false;     ///< --insecure: https first, http where there is no TLS
  http::RetryPolicy retry;
  Side side = Side::local;  ///< whom errors blame
};

/// Everything a session needs from outside; all kept alive by the caller, all thread-safe.
struct RegistryParts {
  http::HttpTransport* transport = nullptr;
  CredentialStore* credentials = nullptr;
  Clock* clock = nullptr;
  Rng* rng = nullptr;
  KnowledgeStore* knowledge = nullptr;  ///< what earlier runs learned; may be missing
  std::stop_token stop;                 ///< ends every request, also of calls that take no token of their own
  /// Told what a registry warns of (Warning: 299), printable, each text once; may be missing.
  std::function<void(const std::string&)> warn{};
  UploadJournal* uploads = nullptr;  ///< where large uploads are remembered; may be missing
};

/// One thing that was tried on a host, and how it went.
struct Finding {
  std::string name;
  std::string answer;
};

/// Shared state of all repositories on all hosts: tokens, the http or https
/// decision, back-off of a host that said 429, knowledge of what a host supports. Thread-safe.
class Session {
 public:
  static std::shared_ptr<Session> create(RegistryParts parts, RegistryOptions options);
  virtual ~Session() = default;
  /// A repository on a registry as a Target that also implements Mounter, TagLister,
  /// ReferrerLister (API, else the fallback tag) and Deleter. No request is made. One that is to be written is asked
  /// for with one token for reading and writing.
  virtual std::shared_ptr<store::Target> open(const oci::Location& location, bool writing = false) = 0;
  /// Asks a host whether it takes the login that the credentials have for it (`GET /v2/`). Errc::unauthorized.
  virtual Status check_login(const std::string& host) = 0;
  /// What a host does, found out by trying; an empty repository leaves out what needs one. With `upload` uploads are
  /// opened and cancelled, and a blob of two bytes may stay. Errc::network where nobody answers.
  virtual Result<std::vector<Finding>> probe(const std::string& host, const std::string& repository, bool upload) = 0;
};

}  // namespace slipway::registry
