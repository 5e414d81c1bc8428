#include "simulator/machine.h"

#include "slipway/config/yaml.h"

namespace slipway::sim {
namespace {

constexpr const char* kYaml = R"(
app: hello
image: {repository: reg.example/team/hello}
environments:
  staging:
    repository: reg.example/staging/hello
    tags: ["n{number}"]
    config: {env-file: staging.env}
  production:
    after: [staging]
    repository: reg.example/prod/hello
    config: {env-file: production.env}
  guarded:
    repository: reg.example/guarded/hello
    policy: {approvals: 1}
)";

}  // namespace

release::Project project_in(const std::filesystem::path& folder) {
  const auto documents = config::parse_yaml(kYaml, "slipway.yaml").value();
  Diagnostics diagnostics;
  return release::decode_project(documents.front(), folder, diagnostics);
}

Machine::Machine(ModelRegistry& registry, const Habits& habits, Actor& actor, const LedgerKeys& ledger)
    : cache_(dir_.path(), quick()), disk_(cache_, actor), clock_(actor), opener_(registry, &actor, habits) {
  write("staging.env", 0);
  write("production.env", 0);
  project = project_in(dir_.path());
  services.opener = &opener_;
  services.fs = &disk_;
  services.clock = &clock_;
  services.sequencer = &sequencer_;
  services.actor = {actor.name()};
  services.tool = "slipway simulator";
  services.lanes = 1;
  services.state_folder = dir_.path() / "state";
  services.seen_folder = dir_.path() / "seen";
  services.settle = std::chrono::seconds(ledger.contest ? project.settle : 0);
  services.edition = ledger.edition;
}

void Machine::write(const std::string& name, std::uint64_t value) {
  const std::string text = fmt::format("PORT={}\nPASSWORD=env://SLIPWAY_SIM_SECRET\n", 80 + value);
  (void)write_file_atomically(cache_, dir_.path() / name, text);
}

}  // namespace slipway::sim
