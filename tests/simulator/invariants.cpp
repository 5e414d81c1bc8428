#include "simulator/invariants.h"

#include <algorithm>

namespace slipway::sim {
namespace {

namespace rel = release;
using Broken = std::optional<std::string>;

std::string name_of(const Acknowledged& made) {
  return fmt::format("v{} of {}, which {} was told is made ({}),", made.recorded.entry.number, made.environment,
                     made.by, made.recorded.id.short_hex());
}

Broken is_lost(const Acknowledged& made, const rel::Chain& chain) {
  const rel::Recorded* const there = chain.number(made.recorded.entry.number);
  if (there != nullptr && there->id == made.recorded.id) return std::nullopt;
  return fmt::format("{} is {}", name_of(made),
                     there == nullptr ? "gone" : "another: " + there->id.short_hex() + " by " + there->entry.actor);
}

/// The config document and its blob are in the ledger's repository.
Broken lacks_config(const Acknowledged& made, ModelRegistry::Repository& ledger) {
  const auto at = ledger.content.find(made.recorded.entry.config);
  if (at == ledger.content.end()) return name_of(made) + " has no config in the ledger";
  const auto document = oci::parse_document(at->second.bytes, at->second.media_type);
  if (!document) return name_of(made) + " has a config that cannot be read";
  for (const oci::Descriptor& child : oci::children(*document)) {
    if (!ledger.content.contains(child.digest)) return name_of(made) + " has a config without its content";
  }
  return std::nullopt;
}

bool lifted(const std::vector<rel::Event>& events, const Digest& entry) {
  return std::any_of(events.begin(), events.end(), [&](const rel::Event& event) {
    return event.kind == rel::EventKind::unhold && event.entry == entry;
  });
}

/// A rollback holds its environment, also through bypassed releases, until somebody lifts that.
Broken ignores_hold(const Acknowledged& made, const rel::Recorded& before, const std::vector<rel::Event>& events) {
  const rel::Entry& entry = made.recorded.entry;
  const bool held = before.entry.kind == rel::Kind::rollback || before.entry.held.has_value();
  if (!held || entry.kind == rel::Kind::rollback || !entry.bypass.empty() || lifted(events, before.id))
    return std::nullopt;
  return fmt::format("{} was released while v{} holds the environment", name_of(made), before.entry.number);
}

/// A build that somebody went back from comes back only by name, or once the hold was lifted.
Broken brings_back(const Acknowledged& made, const rel::Chain& chain, const std::vector<rel::Event>& events) {
  const rel::Entry& entry = made.recorded.entry;
  if (entry.kind != rel::Kind::promote) return std::nullopt;
  bool excused = false;
  for (auto i = static_cast<std::size_t>(entry.number) - 1; i-- > 1 && !excused;) {
    const rel::Recorded& older = chain.entries[i];
    const bool by_name = older.entry.kind == rel::Kind::release && older.entry.build.digest == entry.build.digest;
    excused = by_name || lifted(events, older.id);
    const bool is_rollback = older.entry.kind == rel::Kind::rollback;
    if (excused || !is_rollback || chain.entries[i - 1].entry.build.digest != entry.build.digest) continue;
    return fmt::format("{} brings back the build that v{} went back from", name_of(made), older.entry.number);
  }
  return std::nullopt;
}

Broken loses_hotfix(const Acknowledged& made, const rel::Recorded& before) {
  const rel::Entry& entry = made.recorded.entry;
  if (entry.kind != rel::Kind::promote || before.entry.bypass.empty()) return std::nullopt;
  if (before.entry.build.digest == entry.build.digest) return std::nullopt;
  return fmt::format("{} loses v{}, which was released with a bypass", name_of(made), before.entry.number);
}

Broken judge(const Acknowledged& made, const rel::Chain& chain, const std::vector<rel::Event>& events,
             ModelRegistry::Repository& ledger) {
  if (auto why = is_lost(made, chain)) return why;
  if (auto why = lacks_config(made, ledger)) return why;
  if (made.recorded.entry.number < 2) return std::nullopt;
  const rel::Recorded& before = *chain.number(made.recorded.entry.number - 1);
  if (auto why = ignores_hold(made, before, events)) return why;
  if (auto why = brings_back(made, chain, events)) return why;
  return loses_hotfix(made, before);
}

Broken leaks(ModelRegistry& registry) {
  for (const auto& [place, repository] : registry.repositories()) {
    for (const auto& [digest, content] : repository.content) {
      if (content.bytes.find(kSecret) != std::string::npos)
        return fmt::format("a secret is in {}@{}", place, digest.str());
    }
  }
  return std::nullopt;
}

}  // namespace

Broken broken_invariant(ModelRegistry& registry, const rel::ReleaseServices& truth, const rel::Project& project,
                        const std::vector<Acknowledged>& made) {
  for (const rel::Environment& environment : project.environments) {
    rel::Ledger ledger = truth.ledger(project.ledger);
    const auto chain = ledger.read(project.app, environment.name);
    if (!chain) return fmt::format("{} cannot be read: {}", environment.name, chain.error().describe());
    const auto events = rel::EventLog(ledger).read(project.app, environment.name);
    if (!events) return fmt::format("events of {} cannot be read: {}", environment.name, events.error().describe());
    for (const Acknowledged& one : made) {
      if (one.environment != environment.name) continue;
      if (auto why = judge(one, *chain, *events, registry.repository(project.ledger.place()))) return why;
    }
  }
  return leaks(registry);
}

}  // namespace slipway::sim
