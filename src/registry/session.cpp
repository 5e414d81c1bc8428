#include "registry/host.h"
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
    std::shared_ptr<Host> there;
    {
      const std::scoped_lock lock(mutex_);
      there = host_named(host);
    }
    SLIPWAY_TRY(there->send(ping, {}));
    return {};
  }

 private:
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
