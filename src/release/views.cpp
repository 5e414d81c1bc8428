#include "slipway/release/views.h"

#include <algorithm>

#include "release/tags.h"

namespace slipway::release {
namespace {

Json text_or_null(const std::string& text) { return text.empty() ? Json() : Json(text); }

Result<StatusRow> read_row(const Project& project, const Environment& environment, const Parts& parts) {
  StatusRow row;
  row.environment = environment.name;
  row.location = environment.repository.with_tag(environment.tag);
  Ledger ledger(*parts.opener, project.ledger);
  SLIPWAY_ASSIGN(row.active, ledger.head(project.app, environment.name));
  SLIPWAY_ASSIGN(const auto now, tag_state(*parts.opener, environment.repository, environment.tag));
  if (!row.active) {
    if (now) row.drift = fmt::format("the tag points to {}, but nothing was released", now->str());
    return row;
  }
  if (now == row.active->entry.image.digest) return row;
  SLIPWAY_ASSIGN(const Chain chain, ledger.read(project.app, environment.name));
  const Recorded* before = chain.number(row.active->entry.number - 1);
  const std::optional<Digest> older = before ? std::optional<Digest>(before->entry.image.digest) : std::nullopt;
  row.pending = now == older;
  if (!row.pending) row.drift = fmt::format("the tag points to {}", now ? now->str() : "nothing");
  return row;
}

}  // namespace

Result<std::vector<StatusRow>> read_status(const Project& project, const Parts& parts) {
  std::vector<StatusRow> rows;
  for (const Environment& environment : project.environments) {
    SLIPWAY_ASSIGN(StatusRow row, read_row(project, environment, parts));
    rows.push_back(std::move(row));
  }
  return rows;
}

std::string_view guarantee_of(const Project& project) {
  return project.ledger.is_registry() ? "detected" : "exclusive";
}

Json history_row(const Recorded& recorded, bool active) {
  const Entry& entry = recorded.entry;
  Json from;
  if (entry.from) {
    from.set("environment", entry.from->environment).set("number", entry.from->number).set("entry", entry.from->entry.str());
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
    for (const char* key : {"number", "digest", "build", "config", "time"}) json.set(key, Json());
  }
  json.set("pending", row.pending).set("drift", !row.drift.empty());
  return json;
}

Result<ConfigValues> config_of(const Project& project, const Entry& entry, const Parts& parts) {
  Ledger ledger(*parts.opener, project.ledger);
  SLIPWAY_ASSIGN(const auto target, ledger.open_for_reading());
  return fetch_config(*target, entry.config);
}

}  // namespace slipway::release
