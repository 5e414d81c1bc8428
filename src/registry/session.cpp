#include "slipway/registry/session.h"

#include <map>
#include <mutex>

#include "registry/catalog.h"
#include "registry/host.h"
#include "registry/probe.h"
#include "registry/registry_target.h"

namespace slipway::registry {
namespace {

Call ping_of(const std::string& host) {
  Call ping;
  ping.path = "/v2/";
  ping.what = host;
  return ping;
}

class SessionImpl final : public Session {
 public:
  SessionImpl(SessionServices services, RegistryOptions options) : services_(std::move(services)), options_(options) {}

  std::shared_ptr<store::Target> open(const oci::Location& location, Access access) override {
    const std::shared_ptr<Host> host = host_named(location.host());
    const std::scoped_lock lock(mutex_);
    // One target for each repository: what it remembers serves all who use it.
    std::shared_ptr<RegistryTarget>& target = targets_[location.place()];
    if (!target) target = std::make_shared<RegistryTarget>(host, location.repository());
    if (access == Access::write) target->request_write_scope();
    return target;
  }

  Status check_login(const std::string& host) override {
    auto answered = host_named(host)->send(ping_of(host), {});
    if (answered) return {};
    Error refused = std::move(answered).error();
    if (refused.code == Errc::unauthorized || refused.code == Errc::forbidden) {
      refused.message = "the registry refused this login";
      refused.hint = "check the user name and the password, or use an access token where the registry asks for one";
    }
    return fail(std::move(refused));
  }

  Result<std::vector<std::string>> catalog(const std::string& host) override {
    return list_repositories(*host_named(host));
  }

  Result<std::vector<ProbeFinding>> probe(const std::string& host, const std::string& repository,
                                          bool upload) override {
    const std::shared_ptr<Host> there = host_named(host);
    Call ping = ping_of(host);
    ping.accepts = {401, 403, 404};
    // Only silence ends a probe: every answer is a finding.
    const auto answered = there->send(ping, {});
    if (!answered && answered.error().code == Errc::network) return fail(answered.error());
    return probe_host(*there, repository, upload);
  }

 private:
  std::shared_ptr<Host> host_named(const std::string& name) {
    const std::scoped_lock lock(mutex_);
    std::shared_ptr<Host>& host = hosts_[name];
    if (!host) host = std::make_shared<Host>(name, services_, options_);
    return host;
  }

  const SessionServices services_;
  const RegistryOptions options_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Host>> hosts_;
  std::map<std::string, std::shared_ptr<RegistryTarget>> targets_;
};

}  // namespace

std::shared_ptr<Session> Session::create(SessionServices services, RegistryOptions options) {
  return std::make_shared<SessionImpl>(std::move(services), options);
}

}  // namespace slipway::registry
