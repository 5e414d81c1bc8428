#include "slipway/release/views.h"

#include <algorithm>
#include <set>

#include "release/entry_artifact.h"
#include "release/other_rules.h"
#include "release/standing.h"
#include "release/tags.h"
#include "release/todays_config.h"
#include "release/tombstone.h"

namespace slipway::release {
namespace {

Json text_or_null(const std::string& text) { return text.empty() ? Json() : Json(text); }

/// The tags of forks that no later release settled.
Result<std::vector<std::string>> open_forks(const std::string& app, const std::string& environment, Ledger& ledger) {
  SLIPWAY_ASSIGN(std::vector<std::string> tags, ledger.forked(app, environment));
  if (tags.empty()) return tags;
  SLIPWAY_ASSIGN(const Chain chain, ledger.read(app, environment));
  std::set<std::int64_t> settled;
  for (const Recorded& fork : chain.forks) {
    if (is_abandoned(chain, entry_tag(fork.entry, fork.id))) settled.insert(fork.entry.number);
  }
  std::erase_if(tags, [&](const std::string& tag) {
    return std::any_of(settled.begin(), settled.end(), [&](std::int64_t number) {
      return tag.starts_with(fmt::format("{}.{}.v{}.", app, environment, number));
    });
  });
  return tags;
}

Result<StatusRow> read_row(const Project& project, const Environment& environment, Ledger& ledger,
                           const ReleaseServices& services) {
  StatusRow row;
  row.environment = environment.name;
  row.location = environment.repository.with_tag(environment.tag);
  auto head = ledger.head(project.app, environment.name);
  if (!head && (head.error().code == Errc::conflict || head.error().code == Errc::verification_failed)) {
    row.drift = head.error().message;
    return row;
  }
  SLIPWAY_TRY(head);
  row.active = *std::move(head);
  SLIPWAY_ASSIGN(const auto events, EventLog(ledger).read(project.app, environment.name));
  SLIPWAY_ASSIGN(row.forks, open_forks(project.app, environment.name, ledger));
  row.hold = hold_of(events, row.active ? &*row.active : nullptr);
  SLIPWAY_ASSIGN(const auto now, moving_tag_state(*services.opener, environment.repository, environment.tag));
  Chain chain;
  const Recorded* const active = row.active ? &*row.active : nullptr;
  if (active != nullptr && now == active->entry.image.digest) {
    chain.entries.push_back(*active);
  } else {
    SLIPWAY_ASSIGN(chain, ledger.read(project.app, environment.name));
  }
  const Standing standing = judge_tag(now, chain, environment.repository_text);
  row.pending = standing == Standing::pending;
  if (row.pending) row.lag = lag_of(now, chain);
  if (standing == Standing::drift) row.drift = drift_error(row.location, now, chain).message;
  if (standing == Standing::elsewhere) {
    row.drift = fmt::format("v{} was released to {}; bring it here with slipway release {} --relocate",
                            active->entry.number, active->entry.image.repository, environment.name);
  }
  if (active != nullptr) {
    SLIPWAY_ASSIGN(row.other_rules, other_rules(project, environment, *active, ledger));
  }
  return row;
}

/// Returns true where a release now would have another config. Files that cannot be read say nothing.
bool is_config_changed(const Environment& environment, const Entry& active, const ReleaseServices& services) {
  if (services.fs == nullptr) return false;
  std::vector<Error> warnings;
  const auto values = read_todays_config(environment, *services.fs, warnings);
  if (!values) return false;
  const auto artifact = make_config_artifact(*values);
  return artifact && artifact->manifest.digest != active.config;
}

/// How far each environment is behind those that its builds come from; heads are known by now.
void measure_distance(const Project& project, std::vector<StatusRow>& rows) {
  const auto head_of = [&](const std::string& name) -> const Recorded* {
    const auto at =
        std::find_if(rows.begin(), rows.end(), [&](const StatusRow& row) { return row.environment == name; });
    return at == rows.end() || !at->active ? nullptr : &*at->active;
  };
  for (StatusRow& row : rows) {
    if (!row.active) continue;
    for (const std::string& name : project.find(row.environment)->after) {
      const Recorded* const upstream = head_of(name);
      if (upstream == nullptr) continue;
      const auto& from = row.active->entry.from;
      std::optional<std::int64_t>& behind = row.behind[name];
      if (upstream->entry.build.digest == row.active->entry.build.digest) {
        behind = 0;
      } else if (from && from->environment == name) {
        behind = upstream->entry.number - from->number;
      }
    }
  }
}

}  // namespace

Result<std::vector<StatusRow>> read_status(const Project& project, const ReleaseServices& services) {
  std::vector<StatusRow> rows;
  Ledger ledger = services.ledger(project.ledger);
  for (const Environment& environment : project.environments) {
    SLIPWAY_ASSIGN(StatusRow row, read_row(project, environment, ledger, services));
    if (row.active) row.config_changed = is_config_changed(environment, row.active->entry, services);
    rows.push_back(std::move(row));
  }
  measure_distance(project, rows);
  return rows;
}

std::string_view guarantee_of(const Project& project) {
  if (!project.ledger.is_registry() || project.immutable_tags) return "exclusive";
  return project.edition >= kEdition && project.settle > 0 ? "bounded" : "detected";
}

Json history_row(const Recorded& recorded, bool active) {
  const Entry& entry = recorded.entry;
  Json from;
  if (entry.from) {
    from.set("environment", entry.from->environment).set("number", entry.from->number);
    from.set("entry", entry.from->entry.str());
  }
  Json row;
  row.set("number", entry.number).set("kind", name_of(entry.kind)).set("digest", entry.image.digest.str());
  row.set("build", entry.build.digest.str()).set("config", entry.config.str()).set("entry", recorded.id.str());
  row.set("from", std::move(from)).set("actor", entry.actor).set("reason", text_or_null(entry.reason));
  row.set("bypass", text_or_null(entry.bypass)).set("time", format_time(entry.time)).set("active", active);
  return row;
}

Json status_row(const StatusRow& row) {
  Json json;
  json.set("environment", row.environment).set("location", row.location.str());
  if (row.active) {
    const Entry& entry = row.active->entry;
    json.set("number", entry.number).set("digest", entry.image.digest.str()).set("build", entry.build.digest.str());
    json.set("config", entry.config.str()).set("time", format_time(entry.time));
  } else {
    for (const char* key : {"number", "digest", "build", "config", "time"})
      json.set(key, Json());
  }
  json.set("pending", row.pending).set("drift", !row.drift.empty());
  Json hold;
  if (row.hold) {
    hold.set("actor", row.hold->actor).set("reason", text_or_null(row.hold->reason));
    hold.set("time", format_time(row.hold->time));
  }
  Json behind;
  for (const auto& [name, releases] : row.behind)
    behind.set(name, releases ? Json(*releases) : Json());
  json.set("behind", std::move(behind))
      .set("hold", std::move(hold))
      .set("forks", Json::Array(row.forks.begin(), row.forks.end()))
      .set("configChanged", row.config_changed)
      .set("rulesChanged", !row.other_rules.empty());
  return json;
}

}  // namespace slipway::release
