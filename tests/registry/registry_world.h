#pragma once

#include <map>

#include "registry_support/registry_server.h"
#include "slipway/registry/session.h"
#include "support/fake_clock.h"

namespace slipway::test {

/// Credentials for one host, or nobody's.
class FixedCredentials final : public registry::CredentialStore {
 public:
  void set(std::string username, std::string password) {
    credential_.emplace();
    credential_->username = std::move(username);
    credential_->password = Secret(std::move(password));
    credential_->origin = "the test";
  }
  void set_identity(std::string token) {
    credential_.emplace();
    credential_->identity_token = Secret(std::move(token));
    credential_->origin = "the test";
  }
  Result<std::optional<registry::Credential>> find(const std::string&, const std::string&) override {
    return credential_;
  }

 private:
  std::optional<registry::Credential> credential_;
};

/// The observed behaviour of one host, kept in memory.
class FixedKnowledge final : public registry::KnowledgeStore {
 public:
  registry::Knowledge recall(const std::string&) override { return known; }
  void remember(const std::string&, const registry::Knowledge& knowledge) override { known = knowledge; }
  std::unique_ptr<FileLock> turn(const std::string&) override { return nullptr; }
  registry::Knowledge known;
};

/// Uploads that were left open, kept in memory.
class FixedUploads final : public registry::UploadJournal {
 public:
  std::optional<std::string> recall(const registry::UploadKey& key) override {
    const auto at = kept.find(name_of(key));
    return at == kept.end() ? std::nullopt : std::optional(at->second);
  }
  void keep(const registry::UploadKey& key, const std::string& url) override { kept[name_of(key)] = url; }
  void forget(const registry::UploadKey& key) override { kept.erase(name_of(key)); }
  static std::string name_of(const registry::UploadKey& key) {
    return key.host + "/" + key.repository + "@" + key.digest.str();
  }
  std::map<std::string, std::string> kept;
};

/// A client: transport, clock that never waits, credentials, session.
struct Client {
  Client() : transport(http::curl_transport({})) { make_session(); }
  void make_session(registry::RegistryOptions options = {}) {
    session =
        registry::Session::create({transport.get(), &credentials, &clock, &rng, nullptr, stop.get_token()}, options);
  }
  std::shared_ptr<store::Target> open(const std::string& place) {
    return session->open(oci::Location::parse(place).value());
  }

  std::stop_source stop;
  FakeClock clock;
  SeededRng rng;
  FixedCredentials credentials;
  std::unique_ptr<http::HttpTransport> transport;
  std::shared_ptr<registry::Session> session;
};

}  // namespace slipway::test
