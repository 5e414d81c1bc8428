#include "slipway/base/json.h"
#include "slipway/base/text.h"
#include "slipway/run/pin.h"

namespace slipway::run {

namespace {

struct Rule {
  std::string_view id;
  std::string_view text;
  std::string_view level;
};

constexpr Rule kUnpinned{"unpinned", "An image reference without a digest", "warning"};
constexpr Rule kLeftAlone{"left-alone", "An image reference that slipway does not pin", "note"};
constexpr Rule kUnresolved{"unresolved", "An image reference or file that cannot be resolved or read", "error"};

Json message(std::string_view text) {
  Json out;
  out.set("text", text);
  return out;
}

Json location(const std::string& file, const Where& where) {
  Json artifact, place, physical;
  artifact.set("uri", file);
  physical.set("artifactLocation", std::move(artifact));
  if (where.row > 0) {
    Json region;
    region.set("startLine", where.row).set("startColumn", std::max(where.col, 1));
    physical.set("region", std::move(region));
  }
  place.set("physicalLocation", std::move(physical));
  return place;
}

Json result(const Rule& rule, const std::string& text, const std::string& file, const Where& where) {
  Json out;
  out.set("ruleId", rule.id).set("level", rule.level).set("message", message(text));
  out.set("locations", Json::Array{location(file, where)});
  return out;
}

Json tool() {
  Json::Array rules;
  for (const Rule& rule : {kUnpinned, kLeftAlone, kUnresolved}) {
    Json row;
    row.set("id", rule.id).set("shortDescription", message(rule.text));
    rules.push_back(std::move(row));
  }
  Json driver, out;
  driver.set("name", "slipway").set("rules", std::move(rules));
  out.set("driver", std::move(driver));
  return out;
}

}  // namespace

Json sarif_of(const std::vector<PinReport>& reports) {
  Json::Array results;
  for (const PinReport& report : reports) {
    for (const PinChange& change : report.changes)
      results.push_back(result(kUnpinned,
                               fmt::format("{}: {} would become {}", change.role, change.before, change.after),
                               report.file, change.where));
    for (const PinNote& note : report.unresolved)
      results.push_back(result(kUnpinned, note.message(), report.file, note.where));
    for (const PinNote& note : report.notes) {
      if (note.unpinned > 0) results.push_back(result(kLeftAlone, note.message(), report.file, note.where));
    }
    for (const Error& failure : report.errors)
      results.push_back(result(kUnresolved, failure.message, report.file, failure.where.value_or(Where{})));
  }
  Json run, out;
  run.set("tool", tool()).set("results", std::move(results));
  out.set("$schema", "https://json.schemastore.org/sarif-2.1.0.json").set("version", "2.1.0");
  out.set("runs", Json::Array{std::move(run)});
  return out;
}

}  // namespace slipway::run
