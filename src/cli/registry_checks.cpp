#include "cli/registry_checks.h"

#include <algorithm>

#include "cli/opener.h"
#include "slipway/base/text.h"

namespace slipway::cli {
namespace {

using release::Finding;

std::string answer_of(const std::map<std::string, std::string>& answers, const std::string& name) {
  const auto at = answers.find(name);
  return at == answers.end() ? std::string() : at->second;
}

bool is_no(const std::string& answer) { return answer.starts_with("no"); }

Finding unreachable(const oci::Location& repository, const std::string& why) {
  return {.check = "registry",
          .what = fmt::format("{} does not answer: {}", repository.host(), why),
          .meaning = "nothing can be released to it or read from it",
          .remedy = Finding::Remedy::person,
          .action = "slipway probe " + repository.host()};
}

void check_access(const oci::Location& repository, const std::string& tags, std::vector<Finding>& found) {
  const bool refused = tags.find("HTTP 401") != std::string::npos || tags.find("HTTP 403") != std::string::npos;
  const bool absent = tags.find("HTTP 404") != std::string::npos;
  if (!is_no(tags) || absent) return;  // a repository begins with its first push
  found.push_back({.check = refused ? "login" : "registry",
                   .what = fmt::format("{} cannot be read: {}", repository.place(), tags),
                   .meaning = refused ? "this machine's login is not good for it" : "releases there stop with an error",
                   .remedy = Finding::Remedy::person,
                   .action = (refused ? "slipway login " : "slipway probe ") + repository.host()});
}

void check_clock(const oci::Location& repository, const std::string& clock, std::vector<Finding>& found) {
  if (!is_no(clock)) return;
  found.push_back({.check = "clock",
                   .what = fmt::format("the clocks of this machine and {} differ: {}", repository.host(), clock),
                   .meaning = "tokens, soak times and plans expire early or late",
                   .remedy = Finding::Remedy::person,
                   .action = "set the clock, with NTP for instance"});
}

void note_limits(const oci::Location& repository, const std::map<std::string, std::string>& answers,
                 std::vector<Finding>& found) {
  const std::string place = repository.place();
  if (is_no(answer_of(answers, "deletes")))
    found.push_back({.check = "deletes",
                     .what = fmt::format("{} deletes nothing: {}", place, answer_of(answers, "deletes")),
                     .meaning = "slipway retire, delete and doctor --repair cannot free anything there",
                     .action = "allow deleting in the registry, or leave its housekeeping to it"});
  if (is_no(answer_of(answers, "referrers API")))
    found.push_back({.check = "collection",
                     .what = place + " has no referrers API",
                     .meaning = "a collection there may take manifests that no tag names; slipway tags what it keeps, "
                                "other tools' copies of multi-platform images lose their platforms",
                     .action = "copy such images with a tag for each platform, or do not collect untagged manifests"});
}

void add_place(std::vector<oci::Location>& places, const std::optional<oci::Location>& place) {
  if (!place || !place->is_registry()) return;
  const auto same = [&](const oci::Location& other) { return other.same_place(*place); };
  if (std::none_of(places.begin(), places.end(), same)) places.push_back(*place);
}

std::vector<oci::Location> places_of(const std::vector<Loaded>& apps) {
  std::vector<oci::Location> places;
  for (const Loaded& loaded : apps) {
    add_place(places, loaded.project.image_repository);
    for (const release::Environment& environment : loaded.project.environments)
      add_place(places, environment.repository);
    add_place(places, loaded.project.ledger);
  }
  return places;
}

}  // namespace

std::vector<Finding> findings_of(const oci::Location& repository, const std::map<std::string, std::string>& answers) {
  std::vector<Finding> found;
  const std::string api = answer_of(answers, "API");
  if (is_no(api)) return {unreachable(repository, api)};
  check_access(repository, answer_of(answers, "tags"), found);
  check_clock(repository, answer_of(answers, "clock"), found);
  note_limits(repository, answers, found);
  return found;
}

std::vector<RegistryReport> check_registries(const Context& context, const std::vector<Loaded>& apps) {
  std::vector<RegistryReport> reports;
  for (const oci::Location& place : places_of(apps)) {
    const auto answers = probe(context.globals(), context.surroundings(), place.host(), place.repository(), false);
    if (!answers) {
      reports.push_back({place, {unreachable(place, answers.error().message)}});
      continue;
    }
    std::map<std::string, std::string> table;
    for (const registry::ProbeFinding& finding : *answers)
      table[finding.name] = finding.answer;
    reports.push_back({place, findings_of(place, table)});
  }
  return reports;
}

}  // namespace slipway::cli
