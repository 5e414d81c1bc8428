#include "simulator/simulation.h"

#include <algorithm>
#include <map>

#include "simulator/invariants.h"
#include "simulator/machine.h"
#include "simulator/swarm.h"
#include "simulator/triples.h"
#include "slipway/io/filters.h"
#include "slipway/io/hash.h"
#include "slipway/oci/media_type.h"
#include "slipway/release/apply.h"
#include "slipway/release/checks.h"
#include "slipway/release/planning.h"
#include "slipway/release/retire.h"
#include "slipway/release/verify.h"

namespace slipway::sim {
namespace {

namespace rel = release;

/// All machines of a rush start a command at the same time, this many milliseconds apart.
constexpr std::int64_t kRound = 30'000;

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
        swarm_(swarm_of(stage_)),
        habits_(swarm_.habits),
        truth_(registry_, nullptr, habits_) {}

  Outcome run() {
    put_builds();
    stage_.note("", fmt::format("seed {}: {}", world_.seed, describe(swarm_)));
    for (int i = 0; i < swarm_.steps; ++i)
      rounds_.push_back({some_command(), some_environment()});
    for (int i = 0; i < swarm_.machines; ++i)
      stage_.add(fmt::format("m{}", i + 1), [this](Actor& actor) { work(actor); });
    stage_.run();
    if (!stage_.failure()) heal();
    Outcome outcome{.failure = stage_.failure(), .trace = stage_.trace(), .steps = stage_.steps()};
    outcome.acknowledged = static_cast<int>(acknowledged_.size());
    outcome.deaths = deaths_;
    outcome.triples = std::move(triples_);
    outcome.states = std::move(states_);
    return outcome;
  }

 private:
  struct Round {
    std::string command, environment;
  };

  void heal() {
    stage_.settle();
    list_everything();
    stage_.note("", "everything heals; a fresh machine takes over");
    registry_.down_until = 0;
    habits_ = {.list_delay = 0, .refuses_subjects = habits_.refuses_subjects};
    check("healing");
    Stage last(world_.seed + 1);
    last.add("new", [this](Actor& actor) { take_over(actor); });
    last.run();
    for (const std::string& line : last.trace())
      stage_.note("new", line);
    if (last.failure()) stage_.fail(*last.failure());
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
    for (std::uint64_t i = 0; i < swarm_.builds; ++i) {
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
    Machine machine(registry_, habits_, actor, {world_.contest, swarm_.edition});
    for (int i = 0; i < swarm_.steps && !stage_.failure(); ++i) {
      wait_for_turn(actor);
      arm(actor);
      const std::string name = run_command(actor, machine, next_command(i));
      if (actor.dead() && !stage_.failure()) {
        ++deaths_;
        add_triples(habits_, actor.died_before(), name, triples_);
        if (stage_.chance(50)) {
          stage_.note(actor.name(), "the machine loses power");
          machine.lose_power();
        }
      }
      actor.revive();
      if (stage_.failure()) return;
      check(actor.name() + " " + name);
      states_.insert(state_of(registry_));
      if (habits_.collects && stage_.chance(25)) collect();
    }
  }

  void wait_for_turn(Actor& actor) {
    const std::int64_t rest = swarm_.rush ? kRound - stage_.millis() % kRound : 0;
    actor.wait(std::chrono::milliseconds(rest) +
               std::chrono::milliseconds(stage_.pick(swarm_.rush ? 300 : swarm_.pause)));
  }

  /// Some processes die: before any effect, or right after a write.
  void arm(Actor& actor) {
    if (!stage_.chance(swarm_.deaths)) return;
    if (stage_.chance(50))
      actor.die_in(1 + static_cast<int>(stage_.pick(90)));
    else
      actor.die_after_write(1 + static_cast<int>(stage_.pick(16)));
  }

  /// The registry's housekeeping, which leaves alone what came in the last minutes.
  void collect() {
    stage_.note("", "the registry collects what no tag reaches");
    registry_.collect(stage_.millis() - 180'000);
    check("a collection");
  }

  const Round& round() const { return rounds_[static_cast<std::size_t>(stage_.millis() / kRound) % rounds_.size()]; }
  const std::string& next_command(int i) {
    if (swarm_.in_order) return swarm_.commands[static_cast<std::size_t>(i) % swarm_.commands.size()];
    return swarm_.rush ? round().command : some_command();
  }
  const std::string& some_command() { return swarm_.commands[stage_.pick(swarm_.commands.size())]; }

  std::string run_command(Actor& actor, Machine& machine, const std::string& name) {
    using Command = void (Simulation::*)(Actor&, Machine&);
    static const std::map<std::string, Command> kCommands{
        {"release", &Simulation::release}, {"promote", &Simulation::promote}, {"rollback", &Simulation::rollback},
        {"config", &Simulation::config},   {"hotfix", &Simulation::hotfix},   {"plan", &Simulation::plan},
        {"approve", &Simulation::approve}, {"apply", &Simulation::apply},     {"hold", &Simulation::hold},
        {"unhold", &Simulation::unhold},   {"retire", &Simulation::retire},   {"doctor", &Simulation::doctor}};
    stage_.note(actor.name(), fmt::format("$ {}", name));
    (this->*kCommands.at(name))(actor, machine);
    return name;
  }

  oci::Location some_build() {
    return oci::Location::parse(fmt::format("reg.example/team/hello:b{}", stage_.pick(swarm_.builds))).value();
  }
  std::string some_environment() {
    if (swarm_.rush && !rounds_.empty()) return round().environment;
    return stage_.chance(swarm_.staging) ? "staging" : "production";
  }

  void release(Actor& actor, Machine& machine) {
    rel::Ledger ledger = machine.ledger();
    auto planned =
        rel::plan_release({machine.project, machine.environment("staging")}, some_build(), ledger, machine.services);
    carry_out(actor, machine, "staging", std::move(planned), ledger);
  }
  /// Past the rules of the environment.
  void hotfix(Actor& actor, Machine& machine) {
    const std::string name = some_environment();
    rel::Ledger ledger = machine.ledger();
    auto planned = rel::plan_release({machine.project, machine.environment(name), {.bypass = "hot"}}, some_build(),
                                     ledger, machine.services);
    carry_out(actor, machine, name, std::move(planned), ledger);
  }
  void promote(Actor& actor, Machine& machine) {
    rel::Ledger ledger = machine.ledger();
    auto planned = rel::plan_promote({machine.project, machine.environment("production")},
                                     machine.environment("staging"), ledger, machine.services);
    carry_out(actor, machine, "production", std::move(planned), ledger);
  }
  void rollback(Actor& actor, Machine& machine) {
    const std::string name = some_environment();
    rel::Ledger ledger = machine.ledger();
    auto planned = rel::plan_rollback({machine.project, machine.environment(name), {.reason = "bad"}}, {}, ledger,
                                      machine.services);
    carry_out(actor, machine, name, std::move(planned), ledger);
  }
  void config(Actor& actor, Machine& machine) {
    const std::string name = some_environment();
    machine.write(name + ".env", 1 + stage_.pick(swarm_.configs));
    rel::Ledger ledger = machine.ledger();
    auto planned =
        rel::plan_release({machine.project, machine.environment(name)}, std::nullopt, ledger, machine.services);
    carry_out(actor, machine, name, std::move(planned), ledger);
  }
  /// Plan files go from machine to machine.
  void plan(Actor& actor, Machine& machine) {
    rel::Ledger ledger = machine.ledger();
    const auto planned =
        rel::plan_release({machine.project, machine.environment("guarded")}, some_build(), ledger, machine.services);
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
    rel::Ledger ledger = machine.ledger();
    carry_out(actor, machine, "guarded", rel::Planned{.plan = *std::move(plan), .stored = true}, ledger);
  }
  void hold(Actor& actor, Machine& machine) {
    record(actor, machine, some_environment(), rel::EventKind::hold, std::nullopt);
  }
  void unhold(Actor& actor, Machine& machine) {
    record(actor, machine, some_environment(), rel::EventKind::unhold, std::nullopt);
  }

  /// Records which releases are given up, then removes their keep tags.
  void retire(Actor& actor, Machine& machine) {
    const std::string name = some_environment();
    const Status done = retire_from(actor, machine, machine.environment(name));
    if (!done) judge(actor, "retire", done.error());
  }
  Status retire_from(Actor& actor, Machine& machine, const rel::Environment& environment) {
    rel::Ledger ledger = machine.ledger();
    SLIPWAY_ASSIGN(const auto head, ledger.head(machine.project.app, environment.name));
    SLIPWAY_ASSIGN(const auto retirement,
                   rel::plan_retirement(machine.project, environment, 2, ledger, machine.services));
    if (retirement.numbers.empty()) return {};
    rel::Event event{.app = machine.project.app, .environment = environment.name, .kind = rel::EventKind::retire};
    event.numbers = retirement.numbers;
    sign(actor, machine, event, head->id);
    SLIPWAY_TRY(rel::EventLog(ledger).append(std::move(event)));
    SLIPWAY_ASSIGN(const auto target,
                   machine.services.opener->open_for_writing(environment.repository, Side::destination));
    return rel::remove(retirement.removal, *target);
  }

  void doctor(Actor& actor, Machine& machine) {
    const auto found =
        rel::repair_environment(machine.project, machine.environment(some_environment()), machine.services);
    if (!found) judge(actor, "doctor", found.error());
  }

  static void sign(Actor& actor, Machine& machine, rel::Event& event, std::optional<Digest> head) {
    event.entry = std::move(head);
    event.actor = actor.name();
    event.reason = "because";
    event.time = machine.services.clock->now();
    event.tool = machine.services.tool;
  }

  void record(Actor& actor, Machine& machine, const std::string& environment, rel::EventKind kind,
              std::optional<Digest> plan) {
    rel::Ledger ledger = machine.ledger();
    const auto head = ledger.head(machine.project.app, environment);
    if (!head) return judge(actor, "event", head.error());
    rel::Event event{.app = machine.project.app, .environment = environment, .kind = kind, .plan = std::move(plan)};
    sign(actor, machine, event, *head ? std::optional<Digest>((*head)->id) : std::nullopt);
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
    acknowledged_.push_back({environment, *done, actor.name()});
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
    const auto broken = broken_invariant(registry_, truth_services(), project_in("/"), acknowledged_);
    if (broken) stage_.fail(fmt::format("after {}: {}", after, *broken));
  }

  /// The next command, by somebody without any state: it must succeed, whatever happened before.
  void take_over(Actor& actor) {
    Machine machine(registry_, habits_, actor, {world_.contest, swarm_.edition});
    for (const std::string name : {"staging", "production", "guarded"}) {
      rel::Ledger ledger = machine.ledger();
      const auto head = ledger.head(machine.project.app, name);
      if (!head) return actor.stage().fail("stuck: " + head.error().describe());
      if (!*head && name == "production") continue;
      machine.write(name + ".env", 100);
      const auto done = next_release(machine, name, head->has_value(), ledger);
      if (!done) return actor.stage().fail(fmt::format("stuck: {}: {}", name, done.error().describe()));
      const auto broken = wrong_with(machine, machine.environment(name), *done);
      if (broken) return actor.stage().fail(fmt::format("{}: {}", name, *broken));
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

  std::optional<std::string> wrong_with(Machine& machine, const rel::Environment& environment,
                                        const rel::Recorded& active) {
    const auto target = truth_.open_for_reading(environment.repository, Side::destination).value();
    const auto tag = target->resolve(environment.tag);
    if (!tag || tag->digest != active.entry.image.digest)
      return fmt::format("the tag is {} after v{}", tag ? tag->digest.short_hex() : "gone", active.entry.number);
    const auto proof = rel::verify_environment(machine.project, environment, std::nullopt, machine.services);
    if (!proof) return "verify: " + proof.error().describe();
    if (!proof->problems.empty()) return "verify: " + proof->problems.front().describe();
    if (const auto done = rel::repair_environment(machine.project, environment, machine.services); !done)
      return "doctor --repair: " + done.error().describe();
    const auto left = rel::check_environment(machine.project, environment, machine.services);
    if (!left) return "doctor: " + left.error().describe();
    for (const rel::Finding& finding : *left) {
      const bool impossible = finding.check == "missing-evidence" && habits_.refuses_subjects;
      if (!impossible && finding.remedy != rel::Finding::Remedy::none)
        return fmt::format("doctor still finds {}: {}", finding.check, finding.what);
    }
    return std::nullopt;
  }

  World world_;
  Stage stage_;
  Swarm swarm_;
  Habits habits_;              ///< those of the swarm, until everything heals
  std::vector<Round> rounds_;  ///< of a rush
  ModelRegistry registry_;
  ModelOpener truth_;
  std::vector<Acknowledged> acknowledged_;
  std::vector<std::string> plans_;
  std::set<std::string> triples_, states_;
  int deaths_ = 0;
};

}  // namespace

Outcome simulate(const World& world) { return Simulation(world).run(); }

}  // namespace slipway::sim
