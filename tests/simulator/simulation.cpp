#include "simulator/simulation.h"

#include <algorithm>

#include "simulator/machine_fs.h"
#include "slipway/config/yaml.h"
#include "slipway/io/filters.h"
#include "slipway/io/hash.h"
#include "slipway/oci/media_type.h"
#include "slipway/release/apply.h"
#include "slipway/release/event.h"
#include "slipway/release/planning.h"
#include "slipway/release/verify.h"
#include "support/fault_fs.h"
#include "support/power_loss_fs.h"
#include "support/temp_dir.h"

namespace slipway::sim {
namespace {

namespace rel = release;

constexpr int kBuilds = 5;
constexpr const char* kSecret = "s3cr3t-that-must-not-leave";
constexpr const char* kYaml = R"(
app: hello
image: {repository: reg.example/team/hello}
environments:
  staging:
    repository: reg.example/staging/hello
    config: {env-file: staging.env}
  production:
    after: [staging]
    repository: reg.example/prod/hello
    config: {env-file: production.env}
  guarded:
    repository: reg.example/guarded/hello
    policy: {approvals: 1}
)";

/// The time that decides between writers, where the release path knows one.
template <class Services, class Project>
void bound_writers(Services& services, const Project& project) {
  if constexpr (requires { services.settle = std::chrono::seconds(project.settle); })
    services.settle = std::chrono::seconds(project.settle);
}

/// A sequencer of one machine that runs one command at a time.
class OpenSequencer final : public rel::Sequencer {
 public:
  Result<std::unique_ptr<rel::Turn>> take(const std::string&, const std::string&) override {
    return std::make_unique<rel::Turn>();
  }
};

/// The folder of a machine: slipway.yaml's files, its state, its cache; the disk forgets what was not synced.
class Machine {
 public:
  Machine(ModelRegistry& registry, const Habits& habits, Actor& actor)
      : cache_(dir_.path(), quick()), disk_(cache_, actor), clock_(actor), opener_(registry, &actor, habits) {
    write("staging.env", 0);
    write("production.env", 0);
    const auto documents = config::parse_yaml(kYaml, "slipway.yaml").value();
    Diagnostics diagnostics;
    project = rel::decode_project(documents.front(), dir_.path(), diagnostics);
    services.opener = &opener_;
    services.fs = &disk_;
    services.clock = &clock_;
    services.sequencer = &sequencer_;
    services.actor = {actor.name()};
    services.tool = "slipway simulator";
    services.lanes = 1;
    services.state_folder = dir_.path() / "state";
    services.seen_folder = dir_.path() / "seen";
    bound_writers(services, project);
  }

  /// Another config of today.
  void write(const std::string& name, std::uint64_t value) {
    const std::string text = fmt::format("PORT={}\nPASSWORD=env://SLIPWAY_SIM_SECRET\n", 80 + value);
    (void)write_file_atomically(cache_, dir_.path() / name, text);
  }
  void lose_power() { cache_.lose_power(); }
  const rel::Environment& environment(const std::string& name) const { return *project.find(name); }

  rel::Project project;
  rel::ReleaseServices services;

 private:
  FileSystem& quick() {
    unsynced_.skip_syncing();
    return unsynced_;
  }

  test::TempDir dir_;
  test::FaultFs unsynced_;
  test::PowerLossFs cache_;
  MachineFs disk_;
  StageClock clock_;
  ModelOpener opener_;
  OpenSequencer sequencer_;
};

oci::Descriptor put(store::Target& to, const std::string& type, const std::string& bytes) {
  const oci::Descriptor descriptor(type, io::digest_of(bytes), static_cast<std::int64_t>(bytes.size()));
  io::TextSource source(bytes);
  (void)to.push(descriptor, source);
  return descriptor;
}

class Simulation {
 public:
  explicit Simulation(const World& world)
      : world_(world),
        stage_(world.seed),
        habits_(world.random_habits ? habits_of(stage_) : world.habits),
        truth_(registry_, nullptr, habits_) {}

  Outcome run() {
    put_builds();
    describe_world();
    for (int i = 0; i < world_.machines; ++i)
      stage_.add(fmt::format("m{}", i + 1), [this](Actor& actor) { work(actor); });
    stage_.run();
    if (!stage_.failure()) {
      stage_.settle();
      list_everything();
      stage_.note("", "everything heals; a fresh machine takes over");
      habits_ = {.list_delay = 0, .refuses_subjects = habits_.refuses_subjects};
      check("healing");
      Stage last(world_.seed + 1);
      last.add("new", [this](Actor& actor) { take_over(actor); });
      last.run();
      for (const std::string& line : last.trace())
        stage_.note("new", line);
      if (last.failure()) stage_.fail(*last.failure());
    }
    return {stage_.failure(), stage_.trace(), stage_.steps(), static_cast<int>(acknowledged_.size()), deaths_, hands_};
  }

 private:
  struct Acknowledged {
    std::string environment;
    std::int64_t number;
    Digest id;
    std::string by;
  };

  static Habits habits_of(Stage& stage) {
    const auto some = [&stage](unsigned most) {
      return stage.chance(50) ? static_cast<unsigned>(stage.pick(most)) : 0u;
    };
    Habits habits;
    habits.unreachable = some(6);
    habits.lost_answers = some(12);
    habits.late_writes = some(8);
    habits.dangling_tags = some(12);
    habits.list_delay = stage.chance(40) ? static_cast<std::int64_t>(stage.pick(900)) : 0;
    habits.refuses_subjects = stage.chance(10);
    habits.collects = stage.chance(30);
    return habits;
  }

  void describe_world() {
    stage_.note(
        "", fmt::format("seed {}: {} machines; of 100 requests {} unreachable, {} answers lost, {} writes late, {} "
                        "tags dangle; lists {} ms late{}{}",
                        world_.seed, world_.machines, habits_.unreachable, habits_.lost_answers, habits_.late_writes,
                        habits_.dangling_tags, habits_.list_delay, habits_.refuses_subjects ? "; refuses subjects" : "",
                        habits_.collects ? "; collects what is not tagged" : ""));
  }

  /// Lists catch up.
  void list_everything() {
    for (auto& [place, repository] : registry_.repositories()) {
      for (auto& [name, tag] : repository.tags)
        tag.listed_at = 0;
    }
  }

  void put_builds() {
    const auto location = oci::Location::parse("reg.example/team/hello").value();
    const auto target = truth_.open_for_writing(location, Side::destination).value();
    for (int i = 0; i < kBuilds; ++i) {
      oci::Manifest manifest{
          .raw = {},
          .media_type = std::string(oci::kManifestType),
          .artifact_type = {},
          .config = put(*target, std::string(oci::kConfigType), fmt::format("{{\"author\":\"{}\"}}", i)),
          .layers = {put(*target, std::string(oci::kLayerType), fmt::format("layer {}", i))},
          .subject = {},
          .annotations = {}};
      const auto root = put(*target, std::string(oci::kManifestType), oci::write_manifest(manifest));
      (void)target->tag(root, fmt::format("b{}", i));
    }
  }

  /// A machine's commands, one after the other; a process that died is started again.
  void work(Actor& actor) {
    Machine machine(registry_, habits_, actor);
    for (int i = 0; i < world_.commands && !stage_.failure(); ++i) {
      actor.wait(std::chrono::milliseconds(stage_.pick(30'000)));
      if (stage_.chance(world_.deaths)) actor.die_in(1 + static_cast<int>(stage_.pick(60)));
      const std::string name = run_command(actor, machine);
      if (actor.dead() && !stage_.failure()) {
        ++deaths_;
        if (stage_.chance(50)) {
          stage_.note(actor.name(), "the machine loses power");
          machine.lose_power();
        }
      }
      actor.revive();
      if (!stage_.failure()) check(actor.name() + " " + name);
    }
  }

  std::string run_command(Actor& actor, Machine& machine) {
    struct Command {
      const char* name;
      void (Simulation::*run)(Actor&, Machine&);
    };
    static constexpr Command kCommands[] = {
        {"release", &Simulation::release}, {"release", &Simulation::release},   {"promote", &Simulation::promote},
        {"promote", &Simulation::promote}, {"rollback", &Simulation::rollback}, {"config", &Simulation::config},
        {"plan", &Simulation::plan},       {"approve", &Simulation::approve},   {"apply", &Simulation::apply},
        {"hold", &Simulation::hold},       {"unhold", &Simulation::unhold}};
    const Command& chosen = kCommands[stage_.pick(std::size(kCommands))];
    stage_.note(actor.name(), fmt::format("$ {}", chosen.name));
    (this->*chosen.run)(actor, machine);
    return chosen.name;
  }

  void release(Actor& actor, Machine& machine) {
    const auto build = oci::Location::parse(fmt::format("reg.example/team/hello:b{}", stage_.pick(kBuilds))).value();
    rel::Ledger ledger = machine.services.ledger(machine.project.ledger);
    auto planned =
        rel::plan_release({machine.project, machine.environment("staging")}, build, ledger, machine.services);
    carry_out(actor, machine, "staging", std::move(planned), ledger);
  }
  void promote(Actor& actor, Machine& machine) {
    rel::Ledger ledger = machine.services.ledger(machine.project.ledger);
    auto planned = rel::plan_promote({machine.project, machine.environment("production")},
                                     machine.environment("staging"), ledger, machine.services);
    carry_out(actor, machine, "production", std::move(planned), ledger);
  }
  void rollback(Actor& actor, Machine& machine) {
    const std::string name = stage_.chance(50) ? "staging" : "production";
    rel::Ledger ledger = machine.services.ledger(machine.project.ledger);
    auto planned = rel::plan_rollback({machine.project, machine.environment(name), {.reason = "bad"}}, {}, ledger,
                                      machine.services);
    carry_out(actor, machine, name, std::move(planned), ledger);
  }
  void config(Actor& actor, Machine& machine) {
    const std::string name = stage_.chance(50) ? "staging" : "production";
    machine.write(name + ".env", 1 + stage_.pick(3));
    rel::Ledger ledger = machine.services.ledger(machine.project.ledger);
    auto planned =
        rel::plan_release({machine.project, machine.environment(name)}, std::nullopt, ledger, machine.services);
    carry_out(actor, machine, name, std::move(planned), ledger);
  }
  /// Plan files go from machine to machine.
  void plan(Actor& actor, Machine& machine) {
    const auto build = oci::Location::parse(fmt::format("reg.example/team/hello:b{}", stage_.pick(kBuilds))).value();
    rel::Ledger ledger = machine.services.ledger(machine.project.ledger);
    const auto planned =
        rel::plan_release({machine.project, machine.environment("guarded")}, build, ledger, machine.services);
    if (!planned) return judge(actor, "plan", planned.error());
    const auto text = planned->plan.canonical();
    if (text) plans_.push_back(*text);
  }
  void approve(Actor& actor, Machine& machine) {
    if (plans_.empty()) return;
    const auto plan = rel::Plan::parse(plans_[stage_.pick(plans_.size())]);
    if (!plan) return stage_.fail("a plan cannot be read back: " + plan.error().describe());
    record(actor, machine, "guarded", rel::EventKind::approve, plan->digest().value());
  }
  void apply(Actor& actor, Machine& machine) {
    if (plans_.empty()) return;
    auto plan = rel::Plan::parse(plans_[stage_.pick(plans_.size())]);
    if (!plan) return stage_.fail("a plan cannot be read back: " + plan.error().describe());
    rel::Ledger ledger = machine.services.ledger(machine.project.ledger);
    carry_out(actor, machine, "guarded", rel::Planned{.plan = *std::move(plan), .stored = true}, ledger);
  }
  void hold(Actor& actor, Machine& machine) {
    record(actor, machine, stage_.chance(50) ? "staging" : "production", rel::EventKind::hold, std::nullopt);
  }
  void unhold(Actor& actor, Machine& machine) {
    record(actor, machine, stage_.chance(50) ? "staging" : "production", rel::EventKind::unhold, std::nullopt);
  }

  void record(Actor& actor, Machine& machine, const std::string& environment, rel::EventKind kind,
              std::optional<Digest> plan) {
    rel::Ledger ledger = machine.services.ledger(machine.project.ledger);
    const auto head = ledger.head(machine.project.app, environment);
    if (!head) return judge(actor, "event", head.error());
    rel::Event event{.app = machine.project.app, .environment = environment, .kind = kind, .plan = std::move(plan)};
    if (*head) event.entry = (*head)->id;
    event.actor = actor.name();
    event.reason = "because";
    event.time = machine.services.clock->now();
    event.tool = machine.services.tool;
    const auto put = rel::EventLog(ledger).append(std::move(event));
    if (!put) judge(actor, "event", put.error());
  }

  void carry_out(Actor& actor, Machine& machine, const std::string& environment, Result<rel::Planned> planned,
                 rel::Ledger& ledger) {
    if (!planned) return judge(actor, environment, planned.error());
    const auto done = rel::apply(*planned, ledger, machine.services);
    if (!done) return judge(actor, environment, done.error());
    if (actor.dead()) return;
    stage_.note(actor.name(),
                fmt::format("is now v{} of {} ({})", done->entry.number, environment, done->id.short_hex()));
    acknowledged_.push_back({environment, done->entry.number, done->id, actor.name()});
  }

  /// Faults that a command met, races, policies and holds are its lot; the rest is a fault of the program.
  void judge(Actor& actor, const std::string& doing, const Error& why) {
    stage_.note(actor.name(), fmt::format("{} ends with {}: {}", doing, exit_status(why.code), why.describe()));
    switch (why.code) {
      case Errc::network:
      case Errc::cancelled:
      case Errc::conflict:
      case Errc::policy_denied:
      case Errc::not_found:
      case Errc::already_exists:
        return;
      default:
        if (!actor.dead()) stage_.fail(fmt::format("{} {}: {}", actor.name(), doing, why.describe()));
    }
  }

  rel::ReleaseServices truth_services() {
    rel::ReleaseServices services;
    services.opener = &truth_;
    services.fs = &real_fs();
    services.lanes = 1;
    return services;
  }

  void check(const std::string& after) {
    const rel::Project project = plain_project();
    for (const rel::Environment& environment : project.environments) {
      rel::Ledger ledger = truth_services().ledger(project.ledger);
      const auto chain = ledger.read(project.app, environment.name);
      if (!chain)
        return stage_.fail(
            fmt::format("after {}: {} cannot be read: {}", after, environment.name, chain.error().describe()));
      for (const Acknowledged& made : acknowledged_) {
        if (made.environment != environment.name) continue;
        const rel::Recorded* const there = chain->number(made.number);
        if (there == nullptr || there->id != made.id)
          return stage_.fail(fmt::format("after {}: v{} of {}, which {} was told is made ({}), is {}", after,
                                         made.number, made.environment, made.by, made.id.short_hex(),
                                         there == nullptr ? "gone" : "another: " + there->id.short_hex()));
      }
    }
    check_secrets(after);
  }

  void check_secrets(const std::string& after) {
    for (const auto& [place, repository] : registry_.repositories()) {
      for (const auto& [digest, content] : repository.content) {
        if (content.bytes.find(kSecret) != std::string::npos)
          return stage_.fail(fmt::format("after {}: a secret is in {}@{}", after, place, digest.str()));
      }
    }
  }

  rel::Project plain_project() {
    const auto documents = config::parse_yaml(kYaml, "slipway.yaml").value();
    Diagnostics diagnostics;
    return rel::decode_project(documents.front(), "/", diagnostics);
  }

  /// The next command, by somebody without any state: it must succeed, whatever happened before.
  void take_over(Actor& actor) {
    Machine machine(registry_, habits_, actor);
    for (const std::string name : {"staging", "production"}) {
      rel::Ledger ledger = machine.services.ledger(machine.project.ledger);
      const auto head = ledger.head(machine.project.app, name);
      if (!head) return actor.stage().fail("stuck: " + head.error().describe());
      if (!*head && name == "production") continue;
      machine.write(name + ".env", 100);
      auto done = next_release(machine, name, head->has_value(), ledger);
      if (!done && !world_.strict && remove_uncommitted_keep_tags(machine.environment(name), *head)) {
        ledger.refresh();
        done = next_release(machine, name, head->has_value(), ledger);
      }
      if (!done) return actor.stage().fail(fmt::format("stuck: {}: {}", name, done.error().describe()));
      prove(actor, machine, machine.environment(name), *done);
    }
  }

  Result<rel::Recorded> next_release(Machine& machine, const std::string& name, bool again, rel::Ledger& ledger) {
    const auto first = oci::Location::parse("reg.example/team/hello:b0").value();
    SLIPWAY_ASSIGN(
        const auto planned,
        rel::plan_release({machine.project, machine.environment(name), {.reason = "heal", .bypass = "all is well"}},
                          again ? std::nullopt : std::optional(first), ledger, machine.services));
    return rel::apply(planned, ledger, machine.services);
  }

  /// Follows the hint of the refusal; true when there were any.
  bool remove_uncommitted_keep_tags(const rel::Environment& environment, const std::optional<rel::Recorded>& head) {
    const std::string next = fmt::format("hello.{}-v{}", environment.name, head ? head->entry.number + 1 : 1);
    auto& tags = registry_.repository(environment.repository.place()).tags;
    const auto removed =
        std::erase_if(tags, [&](const auto& tag) { return tag.first == next || tag.first.starts_with(next + "-"); });
    hands_ += static_cast<int>(removed);
    return removed > 0;
  }

  void prove(Actor& actor, Machine& machine, const rel::Environment& environment, const rel::Recorded& active) {
    const auto target = truth_.open_for_reading(environment.repository, Side::destination).value();
    const auto tag = target->resolve(environment.tag);
    if (!tag || tag->digest != active.entry.image.digest)
      return actor.stage().fail(fmt::format("the tag of {} is {} after v{}", environment.name,
                                            tag ? tag->digest.short_hex() : "gone", active.entry.number));
    const auto proof = rel::verify_environment(machine.project, environment, std::nullopt, machine.services);
    if (!proof) return actor.stage().fail(fmt::format("verify {}: {}", environment.name, proof.error().describe()));
    if (!proof->problems.empty() && !habits_.refuses_subjects)
      actor.stage().fail(fmt::format("verify {}: {}", environment.name, proof->problems.front().describe()));
  }

  World world_;
  Stage stage_;
  Habits habits_;
  ModelRegistry registry_;
  ModelOpener truth_;
  std::vector<Acknowledged> acknowledged_;
  std::vector<std::string> plans_;
  int deaths_ = 0, hands_ = 0;
};

}  // namespace

Outcome simulate(const World& world) { return Simulation(world).run(); }

}  // namespace slipway::sim
