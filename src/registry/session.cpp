#include "registry/host.h"
#include "registry/probe.h"
#include "registry/registry_target.h"

namespace slipway::registry {
namespace {

class SessionImpl final : public Session {
 public:
  SessionImpl(RegistryParts parts, RegistryOptions options) : parts_(parts), options_(options) {}

  std::shared_ptr<store::Target> open(const oci::Location& location, bool writing) override {
    const std::scoped_lock lock(mutex_);
    const std::shared_ptr<Host> host = host_named(location.host());
    // One target a repository: what it remembers serves every user of it.
    std::shared_ptr<RegistryTarget>& target = targets_[location.place()];
    if (!target) {
      target = std::make_shared<RegistryTarget>(host, location.repository());
    }
    if (writing) target->will_be_written();
    return target;
  }

  Status check_login(const std::string& host) override {
    Call ping;
    ping.path = "/v2/";
    ping.what = host;
    SLIPWAY_TRY(host_called(host)->send(ping, {}));
    return {};
  }

  Result<std::vector<Finding>> probe(const std::string& host, const std::string& repository, bool upload) override {
    const std::shared_ptr<Host> there = host_called(host);
    Call ping;
    ping.path = "/v2/";
    ping.what = host;
    ping.accepts = {401, 403, 404};
    const auto answered = there->send(ping, {});
    // Whoever answers at all is worth a table.
    if (!answered && answered.error().code == Errc::network) return fail(answered.error());
    return probe_host(*there, repository, upload);
  }

 private:
  std::shared_ptr<Host> host_called(const std::string& name) {
    const std::scoped_lock lock(mutex_);
    return host_named(name);
  }

  std::shared_ptr<Host> host_named(const std::string& name) {
    std::shared_ptr<Host>& host = hosts_[name];
    if (!host) host = std::make_shared<Host>(name, parts_, options_);
    return host;
  }

  RegistryParts parts_;
  RegistryOptions options_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Host>> hosts_;
  std::map<std::string, std::shared_ptr<RegistryTarget>> targets_;
};

}  // namespace

std::shared_ptr<Session> Session::create(RegistryParts parts, RegistryOptions options) {
  return std::make_shared<SessionImpl>(parts, options);
}

}  // namespace slipway::registry
