#include "registry/host.h"
#include "registry/registry_target.h"

namespace slipway::registry {
namespace {

class SessionImpl final : public Session {
 public:
  SessionImpl(RegistryParts parts, RegistryOptions options) : parts_(parts), options_(options) {}

  std::shared_ptr<store::Target> open(const oci::Location& location) override {
    const std::scoped_lock lock(mutex_);
    std::shared_ptr<Host>& host = hosts_[location.host()];
    if (!host) host = std::make_shared<Host>(location.host(), parts_, options_);
    // One target a repository: what it remembers serves every user of it.
    std::shared_ptr<RegistryTarget>& target = targets_[location.place()];
    if (!target) {
      target =
          std::make_shared<RegistryTarget>(host, location.repository(), *parts_.clock, *parts_.rng, options_.retry);
    }
    return target;
  }

 private:
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
