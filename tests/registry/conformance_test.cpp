#include "registry/registry_world.h"
#include "support/target_conformance.h"

namespace slipway::test {
namespace {

/// A registry and its client for the whole binary, a repository for each test.
TargetKind registry_kind(std::string name, RegistryBehaviour behaviour, bool login = false) {
  struct World {
    explicit World(RegistryBehaviour b, bool login) : registry(std::move(b)) {
      if (login) client.credentials.set("user", "pass");
    }
    TestRegistry registry;
    Client client;
    int count = 0;
  };
  auto world = std::make_shared<std::shared_ptr<World>>();
  const auto get = [world, behaviour, login] {
    if (!*world) *world = std::make_shared<World>(behaviour, login);
    return *world;
  };
  return {std::move(name),
          [get] {
            const auto w = get();
            return w->client.open(fmt::format("{}/team/repo{}", w->registry.host(), ++w->count));
          },
          [get](const std::shared_ptr<store::Target>& target) {
            const auto w = get();
            w->client.make_session();  // nothing remembered
            return w->client.open(target->name());
          }};
}

INSTANTIATE_TEST_SUITE_P(Kinds, TargetConformance,
                         testing::Values(registry_kind("Plain", {}),
                                         registry_kind("ReferrersApi", {.referrers_api = true}),
                                         registry_kind("SaysNoDigest", {.says_digest = false}),
                                         registry_kind("Basic", {.login = Login::basic}, true),
                                         registry_kind("Bearer", {.login = Login::bearer}, true)),
                         kind_name);

}  // namespace
}  // namespace slipway::test
